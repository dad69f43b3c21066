#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# iscsiadm accepts any text as a number and keeps the digits at its start: a timeout of "2m" is two
# seconds, a length of "1M" is one byte, "none" is 0, and each time the status is 0. Words are
# checked elsewhere: "chap" is refused as a method of authentication, where it must be CHAP. But an
# unknown algorithm in chap_algs is only a remark: the setting becomes MD5, with status 0.
#
# Seen with open-iscsi 2.1.8 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel open-iscsi=2.1.8-1 libopeniscsiusr=2.1.8-1 libisns0 libkmod2

guest() {
    local node="--mode node --targetname iqn.2003-01.org.example:a --portal 127.0.0.1"
    PATH=$folder/root/sbin:$PATH
    # open-iscsi writes below /etc; it is created above the host's, in memory.
    mkdir -p /run/upper /run/work /run/lock
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mkdir -p /etc/iscsi
    cp "$folder/root/etc/iscsi/iscsid.conf" /etc/iscsi
    echo InitiatorName=iqn.2003-01.org.example:client >/etc/iscsi/initiatorname.iscsi
    # shellcheck disable=SC2086
    iscsiadm $node --op new >/run/errors
    # "VALUE: STATUS, THE STORED VALUE"
    # shellcheck disable=SC2086
    set_to() {
        iscsiadm $node --op update --name "$1" --value "$2" >/run/errors 2>&1
        echo "$2: status $?, $(iscsiadm $node | sed -n "s/^$1 = //p")"
    }
    set_to node.session.timeo.replacement_timeout 2m
    set_to node.session.timeo.replacement_timeout none
    set_to node.session.iscsi.MaxBurstLength 1M
    set_to node.session.auth.authmethod chap
    set_to node.session.auth.chap_algs SHA256
    set_to node.session.auth.chap_algs sha256
}

boot overlay target_core_mod
expect 2m "status 0, 2"
expect none "status 0, 0"
expect 1M "status 0, 1"
expect chap "status 7, None"
expect SHA256 "status 0, SHA256"
expect sha256 "status 0, MD5"
finish
