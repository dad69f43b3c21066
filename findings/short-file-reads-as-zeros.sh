#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A file that becomes shorter while fileio exports it reads as zeros, without an error: the size is
# that of the time of the export, and LIO fills what it cannot read. So a file that was cut by
# mistake, or restored only in part, is a disk with lost data for the initiator, and each READ
# succeeds.
#
# Seen with sg_dd of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/fileio_0/disk
    mkdir -p $tpg $disk
    yes data | head --bytes=1M >/run/file
    echo naa.6001405000000002 >$tpg/nexus
    echo fd_dev_name=/run/file,fd_dev_size=$((1 << 20)) >$disk/control
    echo 1 >$disk/enable
    mkdir $tpg/lun/lun_0
    ln -s "$target/$disk" $tpg/lun/lun_0/object
    sleep 2
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    read_first() {
        sg_dd if=/dev/sg0 of=/run/block bs=512 count=1 2>/run/errors
        echo "$1: status $?, $(od --address-radix=n --format=x1 --read-bytes=4 /run/block | xargs)"
    }
    read_first "whole file"
    truncate --size=0 /run/file
    read_first "empty file"
    echo "blocks: $(sg_readcap /dev/sg0 | sed -n 's/.*blocks=//p')"
}

boot tcm_loop sg sd_mod target_core_file
expect "whole file" "status 0, 64 61 74 61"
expect "empty file" "status 0, 00 00 00 00"
expect blocks 2048
finish
