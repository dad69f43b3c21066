#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# EXTENDED COPY names its disks by their NAA identifiers, and LIO takes the first of its disks that
# has the identifier. Readable serials give disks the same one: "disk-abc" and "DISKABC" both end in
# dabc. A copy to the first of two such disks can overwrite the second, and the command succeeds,
# although the initiator named one of two LUNs. This happens if the command is sent to the source
# (--on_src); sent to the destination (the default of sg_xcopy) the copy is right.
#
# Seen with sg_xcopy and sg_dd of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local number=0 name way tpg=loopback/naa.6001405000000001/tpgt_1
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    for name in source disk-abc DISKABC; do
        ramdisk $name $name
        export_to $tpg lun_$number $name
        number=$((number + 1))
    done
    sleep 2
    for way in on_dst on_src; do
        for number in 0 1 2; do
            sg_turs /dev/sg$number >/run/errors 2>&1
            yes disk$number | head --bytes=512 | sg_dd of=/dev/sg$number bs=512 2>/run/errors
        done
        sg_xcopy --$way if=/dev/sg0 of=/dev/sg1 bs=512 count=1 >/run/errors 2>&1
        echo "$way: status $?"
        for number in 0 1 2; do
            sg_dd if=/dev/sg$number bs=512 count=1 2>/run/errors | head -1
        done | xargs echo "$way, the disks contain:"
    done
}

boot tcm_loop sg sd_mod
for way in on_dst on_src; do expect $way "status 0"; done
expect "on_dst, the disks contain" "disk0 disk0 disk2"
expect "on_src, the disks contain" "disk0 disk1 disk0"
finish
