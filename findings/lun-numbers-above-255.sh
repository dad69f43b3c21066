#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO reports LUN 256 as LUN 0 on bus 1, and LUN 16640 as LUN 256. SAM-5 has one byte for a number
# in its first format of addresses, and flat space addressing (40h in the first byte) for larger
# ones. LIO writes the number into the first two bytes without a format. Linux and libiscsi read it
# back in the same way, so that it is the same number there, but programs that decode the format
# disagree: sg_luns does.
#
# Seen with sg_luns of sg3-utils 1.46 and lsscsi 0.31 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 lsscsi=0.31-1+b1

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 lun
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    for lun in 255 256 16640; do
        export_to $tpg lun_$lun disk
        sleep 2
    done
    echo "Linux: $(lsscsi | sed -n 's/.*:\([0-9]*\)\].*/\1/p' | sort --numeric-sort | xargs)"
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    # "ADDRESS: HOW IT IS READ"
    sg_luns --decode /dev/sg0 | grep --invert-match '>>' | sed 's/^ *//' |
        sed -n '/^[0-9a-f]\{16\}$/{N;s/0000\n */: /p}' | sed 's/^\(....\)0*:/\1:/'
}

boot tcm_loop sg sd_mod
expect Linux "255 256 16640"
expect 00ff "Peripheral device addressing: lun=255"
expect 0100 "Peripheral device addressing: bus_id=1, target=0"
expect 4100 "Flat space addressing: lun=256"
finish
