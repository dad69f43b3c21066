#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# emulate_write_cache=0 on a fileio object in buffered mode (fd_buffered_io=1) does not turn the
# write cache off: it only stops reporting it. The kernel then answers each WRITE when the data is
# in the page cache, the initiator's disk says "write through", and so fsync sends no SYNCHRONIZE
# CACHE. Data that an application has synchronised is not on the target's disk: here it is looked
# for on the device below the file system. emulate_write_cache=1 brings it to the disk.
#
# Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local cache tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/fileio_0/disk
    truncate --size=16M /run/device
    losetup /dev/loop0 /run/device
    mkfs.ext4 -q /dev/loop0
    mkdir /run/mounted
    mount -n -t ext4 /dev/loop0 /run/mounted
    truncate --size=1M /run/mounted/file
    mkdir -p $tpg $disk
    echo naa.6001405000000002 >$tpg/nexus
    echo fd_dev_name=/run/mounted/file,fd_dev_size=1048576,fd_buffered_io=1 >$disk/control
    echo serial-1 >$disk/wwn/vpd_unit_serial
    echo 1 >$disk/enable
    for cache in 0 1; do
        echo $cache >$disk/attrib/emulate_write_cache
        mkdir $tpg/lun/lun_0
        ln -s "$target/$disk" $tpg/lun/lun_0/object
        sleep 2
        echo "$cache, target: $(grep -o 'Mode: [^ ]*' $disk/info)"
        echo "$cache, initiator: $(cat /sys/class/scsi_disk/*/cache_type)"
        echo "data-$cache" | dd of=/dev/sda bs=4096 conv=sync,fsync 2>/run/errors
        echo "$cache, written: status $?"
        echo "$cache, on the device: $(grep --count --text "data-$cache" /run/device)"
        echo 1 >/sys/block/sda/device/delete
        rm $tpg/lun/lun_0/object
        rmdir $tpg/lun/lun_0
    done
}

boot loop ext4 tcm_loop sd_mod target_core_file
for cache in 0 1; do
    expect "$cache, target" "Mode: Buffered-WCE"
    expect "$cache, written" "status 0"
done
expect "0, initiator" "write through"
expect "1, initiator" "write back"
expect "0, on the device" 0
expect "1, on the device" 1
finish
