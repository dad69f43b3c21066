#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# WRITE SAME with the UNMAP bit loses the data that it is to write. SBC permits the blocks to be
# unmapped only if they then read as that data; else they are to be written. LIO unmaps them
# for any data, reports success, and the blocks read as zeros. Without the bit the same
# command writes the data. The disk says that unmapped blocks may read as anything (LBPRZ=0).
#
# Seen with sg_write_same of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/fileio_0/disk
    truncate --size=1M /run/file
    mkdir -p $tpg $disk
    echo naa.6001405000000002 >$tpg/nexus
    echo fd_dev_name=/run/file,fd_dev_size=$((1 << 20)) >$disk/control
    echo serial-1 >$disk/wwn/vpd_unit_serial
    echo 1 >$disk/enable
    echo 1 >$disk/attrib/emulate_tpws
    mkdir $tpg/lun/lun_0
    ln -s "$target/$disk" $tpg/lun/lun_0/object
    sleep 2
    sg_turs /dev/sg0 >/run/errors 2>&1
    yes data | head --bytes=512 >/run/data
    # Eight blocks with the data, of which the fourth is read.
    look() {
        sg_write_same "$@" --in=/run/data --xferlen=512 --lba=0 --num=8 /dev/sg0
        echo "status $?, $(sg_dd if=/dev/sg0 bs=512 skip=3 count=1 2>/run/errors |
            od --address-radix=n --format=x1 --read-bytes=4 | xargs)"
    }
    echo "without UNMAP: $(look)"
    echo "with UNMAP: $(look --unmap)"
    echo "LBPRZ: $(sg_readcap --16 /dev/sg0 | sed -n 's/.*lbprz=//p')"
}

boot tcm_loop sg sd_mod target_core_file
expect "without UNMAP" "status 0, 64 61 74 61"
expect "with UNMAP" "status 0, 00 00 00 00"
expect LBPRZ 0
finish
