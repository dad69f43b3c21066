#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tgt makes the serial of a disk from the number of its target and its LUN, in decimal and without a
# separator: LUN 11 of target 1 and LUN 1 of target 11 both have beaf111. The identifiers have a
# fixed width and differ. Neither depends on the host or the file: the first disk of each tgtd has
# the identifier 00010001 and the serial beaf11.
#
# Seen with tgt 1.0.85-1+deb12u1 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel tgt=1:1.0.85-1+deb12u1 libaio1 libibverbs1 libnl-3-200 libnl-route-3-200 librdmacm1 \
    libsystemd0

guest() {
    local tid lun
    mkdir /run/disks
    truncate --size=1M /run/disks/{1-1,1-11,11-1}
    tgtd
    sleep 1
    for tid in 1 11; do
        tgtadm --lld iscsi --mode target --op new --tid $tid \
            --targetname iqn.2003-01.org.example:$tid
    done
    for disk in 1-1 1-11 11-1; do
        tid=${disk%-*} lun=${disk#*-}
        tgtadm --lld iscsi --mode logicalunit --op new --tid "$tid" --lun "$lun" \
            --backing-store /run/disks/$disk
    done
    # "FILE: IDENTIFIER SERIAL" of each disk.
    tgtadm --lld iscsi --mode target --op show |
        sed -n 's/^ *SCSI ID: IET *//p; s/^ *SCSI SN: //p; s/^ *Backing store path: //p' |
        xargs --max-args=3 | sed -n 's|\(.*\) /run/disks/\(.*\)|\2: \1|p'
}

boot target_core_mod
expect 1-1 "00010001 beaf11"
expect 1-11 "0001000b beaf111"
expect 11-1 "000b0001 beaf111"
finish
