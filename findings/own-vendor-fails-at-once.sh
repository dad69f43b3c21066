#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A vendor of one's own (wwn/vendor_id) changes how multipath uses a LIO disk. Its settings for LIO
# belong to the vendor LIO-ORG: two equal paths carry I/O together, and without a path I/O waits for
# 12 checks (no_path_retry). With any other vendor one path is used at a time, in a group of its
# own, and without a path I/O fails at once. The file system on such a disk becomes read-only where
# it survived the same outage before.
#
# Seen with multipath-tools 0.9.4 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 multipath-tools=0.9.4-3+deb12u2 \
    libaio1 libdevmapper1.02.1 liburcu8

guest() {
    local port disk device
    # multipath has its plugins in /lib/multipath and its names in /etc.
    mkdir -p /run/upper /run/work /run/udev/data
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mount -n -t overlay -o "lowerdir=$folder/root/lib:/usr/lib" overlay /usr/lib
    LD_LIBRARY_PATH+=:$folder/root/lib:$(echo "$folder"/root/lib/*-linux-gnu)
    PATH=$folder/root/sbin:$PATH
    printf '%s\n' 'defaults {' 'find_multipaths no' 'uid_attribute ""' '}' >/etc/multipath.conf
    ramdisk lio 0123456789abcdef
    ramdisk own fedcba9876543210
    echo Example >core/rd_mcp_0/own/wwn/vendor_id
    for port in 1 2; do
        mkdir -p loopback/naa.600140500000000$port/tpgt_1
        echo naa.600140500000001$port >loopback/naa.600140500000000$port/tpgt_1/nexus
        export_to loopback/naa.600140500000000$port/tpgt_1 lun_0 lio
        export_to loopback/naa.600140500000000$port/tpgt_1 lun_1 own
    done
    sleep 3
    # Without the files of udev, multipath ignores a disk. The first commands get notices.
    for device in /sys/block/sd?; do
        echo I:1 >"/run/udev/data/b$(<"$device/dev")"
        sg_turs --number=3 "/dev/${device##*/}" >/run/errors 2>&1
    done
    multipath -d -v2 >/run/maps 2>/run/errors
    for disk in LIO-ORG Example; do
        # From the line of the map to the next one.
        sed -n "/ $disk,/,/^: /p" /run/maps | sed '1!{/^: /d}' >/run/map
        echo "$disk: $(grep --count policy= /run/map) groups," \
            "$(grep --count ' sd. ' /run/map) paths," \
            "$(grep --only-matching "features='[^']*'" /run/map)"
    done
}

boot overlay tcm_loop sg sd_mod dm_multipath
expect LIO-ORG "1 groups, 2 paths, features='1 queue_if_no_path'"
expect Example "2 groups, 2 paths, features='0'"
finish
