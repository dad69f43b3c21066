#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A ramdisk that is in use takes another number of pages (rd_pages), and has no more memory: the
# size in READ CAPACITY and "info" grows, but the memory was allocated when it was enabled. The new
# blocks can neither be read nor written. A fileio object takes another size (fd_dev_size) in the
# same way; there the new blocks work, since the file can grow. No initiator gets a notice of the
# change (CAPACITY DATA HAS CHANGED), here as in the case of a block device that grows.
#
# Seen with sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 file=core/fileio_0/file block=core/iblock_0/block
    truncate --size=256K /run/file /run/device
    losetup /dev/loop0 /run/device
    mkdir -p $tpg $file $block
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    echo fd_dev_name=/run/file,fd_dev_size=262144 >$file/control
    echo udev_path=/dev/loop0 >$block/control
    echo 1 >$file/enable
    echo 1 >$block/enable
    export_to $tpg lun_0 disk
    mkdir $tpg/lun/lun_1 $tpg/lun/lun_2
    sleep 2
    ln -s "$target/$file" $tpg/lun/lun_1/object
    sleep 2
    ln -s "$target/$block" $tpg/lun/lun_2/object
    sleep 2
    # look NAME DEVICE: the size, if there was a notice, and a write to the last of the new blocks.
    look() {
        local name=$1 device=$2
        sg_turs "$device" >/run/errors 2>&1
        echo "$name, notice: $?"
        echo "$name, blocks: $(sg_readcap "$device" | sed -n 's/.*blocks=//p')"
        sg_dd if=/dev/zero of="$device" bs=512 count=1 seek=1023 2>/run/errors
        echo "$name, write: status $?"
    }
    for device in /dev/sg[0-2]; do sg_turs --number=2 "$device" >/run/errors 2>&1; done
    echo "before, blocks: $(sg_readcap /dev/sg0 | sed -n 's/.*blocks=//p')"
    echo rd_pages=128 >core/rd_mcp_0/disk/control
    echo fd_dev_size=524288 >$file/control
    truncate --size=512K /run/device
    losetup --set-capacity /dev/loop0
    look ramdisk /dev/sg0
    look fileio /dev/sg1
    look block /dev/sg2
}

boot loop tcm_loop sg sd_mod target_core_file target_core_iblock
expect "before, blocks" 512
for kind in ramdisk fileio block; do
    expect "$kind, notice" 0
    expect "$kind, blocks" 1024
done
expect "ramdisk, write" "status 2"
expect "fileio, write" "status 0"
expect "block, write" "status 0"
finish
