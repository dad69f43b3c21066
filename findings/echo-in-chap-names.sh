#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernel keeps the line break of "echo" in CHAP names and secrets, so that no initiator can log
# in with them, and no message names the reason. Other texts in the same directory, such as an
# ACL's tag, lose it. The file shows it when read: two line breaks at its end. Scripts need
# "echo -n" or "printf".
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-inq of libiscsi 1.19.0 as the initiator.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1
    log_in() {
        local url=iscsi://user%secret-of-16-bytes@127.0.0.1/$iqn/0
        echo "$1: $(iscsi-inq --initiator=$initiator "$url" 2>&1 | head -1)"
    }
    ramdisk disk
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator/lun_0
    export_to $tpg lun_0 disk
    ln -s "$target/$tpg/lun/lun_0" $tpg/acls/$initiator/lun_0/lun
    echo 1 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    echo user >$tpg/acls/$initiator/auth/userid
    echo -n secret-of-16-bytes >$tpg/acls/$initiator/auth/password
    echo text >$tpg/acls/$initiator/tag
    echo "name: $(wc --lines <$tpg/acls/$initiator/auth/userid) line breaks"
    echo "tag: $(wc --lines <$tpg/acls/$initiator/tag) line breaks"
    log_in "with line break"
    echo -n user >$tpg/acls/$initiator/auth/userid
    log_in without
}

boot iscsi_target_mod
expect name "2 line breaks"
expect tag "1 line breaks"
expect "with line break" \
    "Login Failed. Failed to log in to target. Status: Authentication failure(513)"
expect without "Peripheral Qualifier:CONNECTED"
finish
