#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernel accepts a portal with port 0 and listens on a free port of its own choice, which no
# file shows. Discovery reports the portal as port 0, so that initiators cannot use it. A portal
# that is made again listens on another port.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-ls of libiscsi 1.19.0 as the initiator.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a port first
    local tpg=iscsi/$iqn/tpgt_1
    # The ports that listen, in decimal.
    ports() {
        sed -n 's/^ *[0-9]*: 0100007F:\(....\) .* 0A .*/\1/p' /proc/net/tcp |
            while read -r port; do echo $((16#$port)); done | sort -n | xargs
    }
    mkdir -p $tpg/np/127.0.0.1:3260
    echo 1 >$tpg/enable
    echo "before: $(ports)"
    mkdir $tpg/np/127.0.0.1:0
    first=$(ports)
    echo "port 0: $( ((${first##* } > 3260)) && echo "listens on a port above 3260")"
    echo "in the tree: $(cd $tpg/np && echo *)"
    echo "discovery: $(iscsi-ls iscsi://127.0.0.1 | sed -n 's/.*Portal://p' | sort | xargs)"
    rmdir $tpg/np/127.0.0.1:0
    mkdir $tpg/np/127.0.0.1:0
    echo "made again: $([[ $(ports) != "$first" ]] && echo "another port")"
}

boot iscsi_target_mod
expect before 3260
expect "port 0" "listens on a port above 3260"
expect "in the tree" "127.0.0.1:0 127.0.0.1:3260"
expect discovery "127.0.0.1:0,1 127.0.0.1:3260,1"
expect "made again" "another port"
finish
