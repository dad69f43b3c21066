#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO announces the largest transfer of a backend as the optimal length of transfers
# (optimal_sectors, in the block limits page). Partitioning tools align to it: sfdisk begins the
# first partition of a fileio disk at 8 MiB, and of a block object at what its device can transfer,
# here 1.25 MiB, which is no power of two. parted calls a partition at 1 MiB badly aligned, and
# mkfs.ext4 assumes a RAID with stripes of this width. The length says nothing about the medium: the
# same disk has another one when another backend exports it.
#
# Seen with fdisk 2.38.1 and parted 3.5 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel fdisk=2.38.1-5+deb12u3 libfdisk1=2.38.1-5+deb12u3 parted=3.5-3 libparted2=3.5-3 \
    libdevmapper1.02.1

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 file=core/fileio_0/disk block=core/iblock_0/disk
    PATH=$folder/root/sbin:$PATH
    LD_LIBRARY_PATH+=:$(echo "$folder"/root/lib/*-linux-gnu)
    truncate --size=64M /run/{file,device}
    losetup /dev/loop0 /run/device
    mkdir -p $tpg $file $block
    echo naa.6001405000000002 >$tpg/nexus
    echo fd_dev_name=/run/file,fd_dev_size=$((64 << 20)) >$file/control
    echo udev_path=/dev/loop0 >$block/control
    export_disk() {
        echo "serial-$2" >"$1/wwn/vpd_unit_serial"
        echo 1 >"$1/enable"
        mkdir "$tpg/lun/lun_$2"
        ln -s "$target/$1" "$tpg/lun/lun_$2/object"
        sleep 2
    }
    # "NAME: FIRST SECTOR by sfdisk, bytes of a stripe by mkfs.ext4"
    look() {
        local blocks
        echo ", ," | sfdisk --quiet "$2"
        echo "$1, sfdisk: $(sfdisk --dump "$2" | sed -n 's/.*start= *\([0-9]*\),.*/\1/p')"
        wipefs --all --quiet "$2"
        parted --script "$2" mklabel gpt mkpart first 1MiB 100% >/run/errors 2>&1
        echo "$1, parted: $(grep --count 'not properly aligned' /run/errors)"
        wipefs --all --quiet "$2"
        mkfs.ext4 -q -b 1024 "$2"
        blocks=$(dumpe2fs -h "$2" 2>/run/errors | sed -n 's/^RAID stripe width: *//p')
        echo "$1, mkfs.ext4: $((blocks * 1024))"
    }
    export_disk $file 0
    export_disk $block 1
    look fileio /dev/sda
    look block /dev/sdb
}

boot loop tcm_loop sd_mod target_core_file target_core_iblock
expect "fileio, sfdisk" 16384
expect "fileio, parted" 1
expect "fileio, mkfs.ext4" 8388608
expect "block, sfdisk" 2560
expect "block, parted" 1
expect "block, mkfs.ext4" 1310720
finish
