#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A refused iSCSI login is counted twice: as a failure of authentication or authorization, and as
# one of negotiation, so that login_fails, their sum, grows by 2. The last failure is therefore
# always of type 6 (negotiation). Its initiator name is right after a wrong secret, but "Unknown"
# for an initiator without an ACL, where it would help most.
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
        local url=iscsi://user%$3@127.0.0.1/$iqn/0
        echo "$1: $(iscsi-inq --initiator="$2" "$url" 2>&1 | sed -n '1s/.*Status: //p')"
        echo "$1, counted: $(count authenticate) $(count authorize) $(count negotiate)"
        (
            cd iscsi/$iqn/fabric_statistics/iscsi_tgt_attr || return
            echo "$1, last: sum $(<login_fails), type $(<last_fail_type), $(<fail_intr_name)"
        )
    }
    count() { cat "iscsi/$iqn/fabric_statistics/iscsi_login_stats/$1_fails"; }
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator
    echo 1 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    echo -n user >$tpg/acls/$initiator/auth/userid
    echo -n secret-of-16-bytes >$tpg/acls/$initiator/auth/password
    log_in "wrong secret" $initiator another-secret-16
    log_in "no ACL" $initiator-2 secret-of-16-bytes
}

boot iscsi_target_mod
expect "wrong secret" "Authentication failure(513)"
expect "wrong secret, counted" "1 0 1"
expect "wrong secret, last" "sum 2, type 6, iqn.2003-01.org.example:client"
expect "no ACL" "Authorization failure(514)"
expect "no ACL, counted" "1 1 2"
expect "no ACL, last" "sum 4, type 6, Unknown"
finish
