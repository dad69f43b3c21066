#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# After LUNs were added, "iscsi-ls --show-luns" of libiscsi lists some of them and fails: it ends at
# the first LUN that has a unit attention, which is no error. Each run takes one such notice
# (REPORTED LUNS DATA HAS CHANGED, of each LUN that is older than another), so that it takes as many
# runs as there are LUNs to see them all, and other sessions of the initiator miss the notices.
#
# Seen with libiscsi 1.19.0 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local initiator=iqn.2003-01.org.example:client iqn=iqn.2003-01.org.example:a
    local tpg=iscsi/$iqn/tpgt_1 lun run
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator
    for lun in 0 1 2; do
        ramdisk disk$lun serial-$lun
        export_to $tpg lun_$lun disk$lun
        mkdir $tpg/acls/$initiator/lun_$lun
        ln -s "$target/$tpg/lun/lun_$lun" $tpg/acls/$initiator/lun_$lun/lun
    done
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    for run in 1 2 3 4; do
        iscsi-ls -s -i $initiator iscsi://127.0.0.1 >/run/luns 2>/run/errors
        echo "run $run: status $?, LUNs $(sed -n 's/^Lun:\([0-9]*\).*/\1/p' /run/luns | xargs)"
    done
}

boot iscsi_target_mod
expect "run 1" "status 10, LUNs 2"
expect "run 2" "status 10, LUNs 2 1"
expect "run 3" "status 0, LUNs 2 1 0"
expect "run 4" "status 0, LUNs 2 1 0"
finish
