#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The block descriptor of MODE SENSE has the number of blocks of a disk; LIO puts the number of the
# last block there, so that MODE SENSE and READ CAPACITY disagree by one. sg_format prints both
# ("Number of blocks=511", "Number of logical blocks=512"). Linux reads the capacity only, so a
# LIO disk is the right size there.
#
# Seen with sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    sleep 2
    sg_turs /dev/sg0 >/run/errors 2>&1
    echo "READ CAPACITY: $(sg_readcap /dev/sg0 | grep -o 'blocks=[0-9]*')"
    # Bytes 8 to 11 of the answer to MODE SENSE(10): the number of blocks of the descriptor.
    echo "MODE SENSE: $((16#$(sg_modes --page=8 --raw /dev/sg0 | od -An -tx1 -j8 -N4 | tr -d ' ')))"
    echo "sg_format: $(sg_format /dev/sg0 |
        sed -n 's/^ *\(Number of [a-z ]*=[0-9]*\).*/\1/p' | xargs)"
}

boot tcm_loop sg sd_mod
expect "READ CAPACITY" blocks=512
expect "MODE SENSE" 511
expect sg_format "Number of blocks=511 Number of logical blocks=512"
finish
