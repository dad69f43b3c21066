#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A CHAP name or secret that begins with NULL counts as none: the kernel compares only the first
# four characters with the word that removes it. The file shows the secret, but the initiator
# that has the same secret is refused, and the kernel's message says that the secret is not set.
# In the same way an ACL's tag that begins with NULL is empty.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-inq of libiscsi 1.19.0 as the initiator.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local initiator=iqn.2003-01.org.example:client iqn=iqn.2003-01.org.example:a
    local tpg=iscsi/$iqn/tpgt_1
    local acl=$tpg/acls/$initiator
    ramdisk disk serial-1
    mkdir -p $tpg/np/127.0.0.1:3260 $acl/lun_0
    export_to $tpg lun_0 disk
    ln -s "$target/$tpg/lun/lun_0" $acl/lun_0/lun
    echo 1 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    export LIBISCSI_CHAP_USERNAME LIBISCSI_CHAP_PASSWORD
    # log_in USER SECRET: with what the ACL has.
    log_in() {
        LIBISCSI_CHAP_USERNAME=$1 LIBISCSI_CHAP_PASSWORD=$2
        printf %s "$1" >$acl/auth/userid
        printf %s "$2" >$acl/auth/password
        dmesg --clear
        iscsi-inq --initiator=$initiator iscsi://127.0.0.1/$iqn/0 >/run/errors 2>&1
        echo "login of $1 with $2: status $?"
        echo "file: $(<$acl/auth/password)"
        dmesg | sed -n 's/.*\] \(CHAP .*\)/kernel: \1/p'
    }
    log_in user Nullsecret123
    log_in user NULLsecret123 | sed 's/^file/file of the refused one/'
    log_in NULLable secret123456 | grep login
    echo NULLtag >$acl/tag
    echo "tag: $(<$acl/tag)"
}

boot iscsi_target_mod
expect "login of user with Nullsecret123" "status 0"
expect "login of user with NULLsecret123" "status 10"
expect "file of the refused one" NULLsecret123
expect kernel "CHAP user or password not set for Initiator ACL"
expect "login of NULLable with secret123456" "status 10"
expect tag ""
finish
