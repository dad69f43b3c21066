#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The NAA identifier of a LIO disk contains only the hexadecimal digits of its serial, at most 25.
# Other characters are skipped, and the rest is zeros. Readable serials therefore give disks the
# same identifier, by which multipath joins them into one: "disk-abc" and "DISKABC" both give dabc,
# "xyz" and "zzz" both zeros. The serial numbers, in another page, are different.
#
# Seen with sg_vpd of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local number=0 serial tpg=loopback/naa.6001405000000001/tpgt_1
    local serials=(disk-abc DISKABC xyz zzz
        0123456789abcdef012345678-one 0123456789ABCDEF012345678-two)
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    for serial in "${serials[@]}"; do
        ramdisk "$serial" "$serial"
        export_to $tpg lun_$number "$serial"
        number=$((number + 1))
    done
    sleep 2
    for number in "${!serials[@]}"; do
        serial=$(sg_vpd --page=sn /dev/sg"$number" | sed -n 's/.*number: //p')
        echo "$serial: $(sg_vpd --page=di --quiet /dev/sg"$number" | sed -n 's/^ *\(0x6\)/\1/p')"
    done
}

boot tcm_loop sg sd_mod
expect disk-abc 0x6001405dabc000000000000000000000
expect DISKABC 0x6001405dabc000000000000000000000
expect xyz 0x60014050000000000000000000000000
expect zzz 0x60014050000000000000000000000000
expect 0123456789abcdef012345678-one 0x60014050123456789abcdef012345678
expect 0123456789ABCDEF012345678-two 0x60014050123456789abcdef012345678
finish
