#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO answers VERIFY with success without a look at the disk. With data to compare (BYTCHK=1,
# sg_verify --ndo) other data than the disk's passes as well, where SBC requires the sense key
# MISCOMPARE. Without data, VERIFY is a check that the medium can be read; LIO does not read it:
# the counter of the device below does not move. The answer of REPORT SUPPORTED OPERATION CODES
# contains VERIFY.
#
# Seen with sg_verify of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/iblock_0/disk before
    truncate --size=1M /run/device
    losetup /dev/loop0 /run/device
    mkdir -p $tpg $disk
    echo naa.6001405000000002 >$tpg/nexus
    echo udev_path=/dev/loop0 >$disk/control
    echo serial-1 >$disk/wwn/vpd_unit_serial
    echo 1 >$disk/enable
    mkdir $tpg/lun/lun_0
    ln -s "$target/$disk" $tpg/lun/lun_0/object
    sleep 2
    sg_turs /dev/sg0 >/run/errors 2>&1
    # The first number: the reads of the device.
    reads() { sed 's/^ *\([0-9]*\) .*/\1/' /sys/block/loop0/stat; }
    yes other | head --bytes=512 >/run/data
    sg_verify --ndo=512 --count=1 --lba=0 --in=/run/data /dev/sg0
    echo "other data: status $?"
    before=$(reads)
    sg_verify --count=2048 --lba=0 /dev/sg0
    echo "whole disk: status $?, $(($(reads) - before)) reads"
    sg_dd if=/dev/sg0 of=/dev/null bs=512 count=1 2>/run/errors
    echo "READ of a block: $(($(reads) - before)) reads"
    echo "listed: $(sg_opcodes /dev/sg0 | grep --count ' Verify(1[06])')"
}

boot loop tcm_loop sg sd_mod target_core_iblock
expect "other data" "status 0"
expect "whole disk" "status 0, 0 reads"
expect "READ of a block" "1 reads"
expect listed 2
finish
