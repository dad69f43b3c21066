#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An initiator that has no LUN 0 finds one, of 32 KiB. LIO answers its commands from a disk of its
# own, which is in no directory: INQUIRY says that no device is connected, but READ CAPACITY gives
# a size, and succeeds. REPORT LUNS lists LUN 0 if there is no other. Monitoring that asks for the
# size therefore finds a disk where the mapping is missing. Other numbers are refused.
#
# Seen with libiscsi 1.19.0 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local initiator=iqn.2003-01.org.example:client iqn=iqn.2003-01.org.example:a
    local tpg=iscsi/$iqn/tpgt_1 lun
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    for lun in 0 1; do
        echo "size of LUN $lun: $(iscsi-readcapacity16 --size --initiator=$initiator \
            iscsi://127.0.0.1/$iqn/$lun 2>/run/errors)"
    done
    iscsi-inq --initiator=$initiator iscsi://127.0.0.1/$iqn/0 |
        sed -n 's/^Peripheral Qualifier:/qualifier: /p'
    iscsi-ls -s -i $initiator iscsi://127.0.0.1 | sed -n 's/^Lun:/listed: /p'
    echo "objects: $(find core -mindepth 2 -maxdepth 2 -path '*_[0-9]*/*' | wc --lines)"
}

boot iscsi_target_mod
expect "size of LUN 0" 32768
expect "size of LUN 1" ""
expect qualifier DISCONNECTED
expect listed "0    Type:UNKNOWN"
expect objects 0
finish
