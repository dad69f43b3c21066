#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A fileio disk on a full file system answers a WRITE with NOT READY, logical unit communication
# failure, as if the way to the disk were broken. SBC has DATA PROTECT, space allocation failed
# (07h, 27h 07h) for a thin disk without space, by which hypervisors stop a machine until there is
# space. Linux reports an I/O error here, and no lack of space (ENOSPC).
#
# Seen with sg_raw of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/fileio_0/disk
    mkdir -p $tpg $disk /run/small
    mount -n -t tmpfs -o size=1M tmpfs /run/small
    echo naa.6001405000000002 >$tpg/nexus
    truncate --size=4M /run/small/file
    echo fd_dev_name=/run/small/file,fd_dev_size=$((4 << 20)) >$disk/control
    echo serial-1 >$disk/wwn/vpd_unit_serial
    echo 1 >$disk/enable
    echo 1 >$disk/attrib/emulate_tpu
    mkdir $tpg/lun/lun_0
    ln -s "$target/$disk" $tpg/lun/lun_0/object
    sleep 2
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    # 128 blocks.
    write_at() {
        sg_raw --send=65536 --infile=/dev/zero /dev/sg0 2a 00 00 00 "$1" 00 00 00 80 00 2>&1 |
            sed -n 's/^Fixed.*Sense key: //p; s/^Additional sense: //p' | xargs
    }
    echo "thin: $(sg_readcap --16 /dev/sg0 | sed -n 's/.*lbpme=\([01]\).*/\1/p')"
    echo "with space: $(write_at 00)"
    head --bytes=2M /dev/zero >/run/small/other 2>/run/errors
    echo "without space: $(write_at 10)"
    echo "Linux: $(dd if=/dev/zero of=/dev/sda bs=64k seek=40 count=1 oflag=direct 2>&1 |
        sed -n "s/.*': //p")"
}

boot tcm_loop sg sd_mod target_core_file
expect thin 1
expect "with space" ""
expect "without space" "Not Ready Logical unit communication failure"
expect Linux "Input/output error"
finish
