#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# iscsi_tgt_attr/last_fail_time is the time of the last refused login in hundredths of a second
# since boot, but only in the first five minutes. The kernel keeps 32 bits of jiffies, which begin
# five minutes before their overflow, and subtracts the value at boot in 64 bits: later times are
# years ahead.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-inq of libiscsi 1.19.0 as the initiator.
# It takes six minutes.

# shellcheck disable=SC1091,SC2034,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a uptime
    local tpg=iscsi/$iqn/tpgt_1
    log_in() {
        iscsi-inq --initiator=iqn.2003-01.org.example:client "iscsi://127.0.0.1/$iqn/0" \
            >/dev/null 2>&1
        read -r uptime _ </proc/uptime
        local file=iscsi/$iqn/fabric_statistics/iscsi_tgt_attr/last_fail_time ahead
        ahead=$(($(<$file) - ${uptime/./}))
        ((ahead > 100 || ahead < -6000)) && echo "$1: wrong" || echo "$1: right"
    }
    mkdir -p $tpg/np/127.0.0.1:3260
    echo 1 >$tpg/enable
    log_in "after boot"
    sleep 310
    log_in "five minutes later"
}

limit=600
boot iscsi_target_mod
expect "after boot" right
expect "five minutes later" wrong
finish
