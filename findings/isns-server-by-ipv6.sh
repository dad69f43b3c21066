#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# open-iscsi cannot ask an iSNS server by its IPv6 address: it removes the brackets of the address
# and passes ADDRESS:PORT on, which is not an address any more. By an IPv4 address the same server
# answers. The error names memory.
#
# Seen with open-iscsi 2.1.8 and open-isns 0.101 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel open-iscsi=2.1.8-1 libopeniscsiusr=2.1.8-1 libisns0 libkmod2 open-isns-server \
    open-isns-utils

guest() {
    PATH=$folder/root/sbin:$folder/root/usr/sbin:$PATH
    mkdir -p /run/upper /run/work /run/lock /run/isns
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mkdir -p /etc/iscsi
    cp "$folder/root/etc/iscsi/iscsid.conf" /etc/iscsi
    echo InitiatorName=iqn.2003-01.org.example:client >/etc/iscsi/initiatorname.iscsi
    printf '%s\n' SourceName=iqn.2003-01.org.example:isnsd Database=/run/isns Security=0 \
        SLPRegister=0 DefaultDiscoveryDomain=1 PIDFile=/run/isns.pid \
        ControlSocket=/run/isns.socket >/run/isnsd.conf
    isnsd -c /run/isnsd.conf 2>/run/errors
    iscsid
    sleep 1
    ask() {
        local status=0
        iscsiadm --mode discoverydb --type isns --portal "$1" --discover >/run/text 2>&1 || status=$?
        echo "$2: $(grep --only-matching 'Cannot resolve address.*:3205"' /run/text)"
        echo "$2 status: $status"
    }
    ask "[::1]" IPv6
    ask 127.0.0.1 IPv4
}

boot overlay iscsi_target_mod iscsi_tcp sd_mod
expect IPv6 'Cannot resolve address "::1:3205"'
expect "IPv6 status" 3
expect "IPv4 status" 21
finish
