#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of targetcli for bash: bash-completion loads it, or ~/.bashrc does so by itself.

_targetcli() {
    local program=${1/#\~/$HOME} line=${COMP_LINE:0:COMP_POINT}
    # Each answer is what takes the place of $2, which bash begins behind a ":", "=" or quote.
    mapfile -t COMPREPLY < <("$program" --complete bash "$line" "$2" 2>/dev/null)
    # A blank says that a word is whole: bash adds its own, behind a quote that is still open.
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *" " ]]; then
        compopt +o nospace
    fi
    COMPREPLY=("${COMPREPLY[@]% }")
}

complete -o nospace -F _targetcli targetcli
