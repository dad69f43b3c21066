#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Since Linux 6.4, all target ports of the loopback fabric have the same relative target port
# number, 0, which SPC reserves. The kernel gives a TPG its number when it is enabled, and a
# loopback TPG has no "enable" file. Initiators that identify ports by this number cannot
# distinguish two paths to a disk. Linux 6.1 counted the ports: 1 and 2.
#
# Seen with sg_vpd of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local number tpg
    ramdisk disk serial-1
    for number in 1 2; do
        tpg=loopback/naa.600140500000000$number/tpgt_1
        mkdir -p $tpg
        echo naa.600140500000001$number >$tpg/nexus
        export_to $tpg lun_0 disk
        echo "rtpi $number: $(<$tpg/rtpi), enable file: $(find $tpg -name enable | wc -l)"
    done
    sleep 2
    for number in 0 1; do
        sg_vpd --page=di /dev/sg$number | sed -n "s/^ *Relative target port: /disk $number: /p"
    done
}

boot tcm_loop sg sd_mod
expect "rtpi 1" "0x0, enable file: 0"
expect "rtpi 2" "0x0, enable file: 0"
expect "disk 0" 0x0
expect "disk 1" 0x0
finish
