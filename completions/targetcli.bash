#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of targetcli for bash; bash-completion loads it, or source it in ~/.bashrc.

_targetcli() {
    local program=${1/#\~/$HOME} line=${COMP_LINE:0:COMP_POINT}
    # Each answer replaces $2, which in bash starts after a ":", "=" or quote.
    mapfile -t COMPREPLY < <("$program" --complete bash "$line" "$2" 2>/dev/null)
    # A trailing blank marks a complete word: bash adds its own, after closing an open quote.
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *" " ]]; then
        compopt +o nospace
    fi
    COMPREPLY=("${COMPREPLY[@]% }")
}

complete -o nospace -F _targetcli targetcli
