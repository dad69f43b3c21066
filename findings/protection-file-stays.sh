#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pi_prot_type=1 of a fileio object (T10 protection information) makes a second file beside the
# first, NAME.protection, which no file in the tree of the target shows and which nothing removes:
# neither pi_prot_type=0 nor the removal of the object. The next object of the file uses it again.
# A copy of the disk's file alone, made as a backup, lacks it: 8 bytes for each block.
#
# Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local disk=core/fileio_0/disk
    mkdir /run/disks
    truncate --size=1M /run/disks/file
    mkdir -p $disk
    echo fd_dev_name=/run/disks/file,fd_dev_size=1048576 >$disk/control
    echo 1 >$disk/enable
    files() { (cd /run/disks && stat --format='%n %s' -- * | xargs); }
    echo "before: $(files)"
    echo 1 >$disk/attrib/pi_prot_type
    echo "type 1: $(files)"
    echo 1 >$disk/attrib/pi_prot_format
    echo "formatted: $(files)"
    echo "shown: $(grep -rl protection $disk/info $disk/udev_path $disk/attrib | wc --lines)"
    echo 0 >$disk/attrib/pi_prot_type
    rmdir $disk
    echo "removed: $(files)"
    # The mark takes the place of the last block's tuple, which formatting would fill with FFh.
    printf mark1234 | dd of=/run/disks/file.protection bs=8 seek=2047 conv=notrunc status=none
    mkdir -p $disk
    echo fd_dev_name=/run/disks/file,fd_dev_size=1048576 >$disk/control
    echo 1 >$disk/enable
    echo 1 >$disk/attrib/pi_prot_type
    echo "next object: $(files), $(tail --bytes=8 /run/disks/file.protection)"
}

boot target_core_file
expect before "file 1048576"
expect "type 1" "file 1048576 file.protection 0"
expect formatted "file 1048576 file.protection 16384"
expect shown 0
expect removed "file 1048576 file.protection 16384"
expect "next object" "file 1048576 file.protection 16384, mark1234"
finish
