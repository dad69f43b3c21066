#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A port group with the preferred bit is the first choice of multipath also in a state in which it
# serves no data. multipath's priority of a path is that of its state (active/optimized 50,
# active/non-optimized 10, standby 1), and 80 more for the preferred bit of a group that is not
# active/optimized. With preferred=1 of LIO, a standby port therefore has 81, and comes before the
# active/optimized port with 50. The manual names the bit only for the option exclusive_pref_bit,
# which is not set here.
#
# Seen with multipath-tools 0.9.4 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 multipath-tools=0.9.4-3+deb12u2 \
    libaio1 libdevmapper1.02.1 liburcu8

guest() {
    local port state device group=core/rd_mcp_0/disk/alua/second
    # multipath has its plugins in /lib/multipath and its names in /etc.
    mkdir -p /run/upper /run/work /run/udev/data
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mount -n -t overlay -o "lowerdir=$folder/root/lib:/usr/lib" overlay /usr/lib
    LD_LIBRARY_PATH+=:$folder/root/lib:$(echo "$folder"/root/lib/*-linux-gnu)
    PATH=$folder/root/sbin:$PATH
    printf '%s\n' 'defaults {' 'find_multipaths no' 'uid_attribute ""' '}' >/etc/multipath.conf
    ramdisk disk 0123456789abcdef
    mkdir $group
    echo 1 >$group/tg_pt_gp_id
    for port in 1 2; do
        mkdir -p loopback/naa.600140500000000$port/tpgt_1
        echo naa.600140500000001$port >loopback/naa.600140500000000$port/tpgt_1/nexus
        export_to loopback/naa.600140500000000$port/tpgt_1 lun_0 disk
    done
    echo second >loopback/naa.6001405000000002/tpgt_1/lun/lun_0/alua_tg_pt_gp
    sleep 2
    # Without the files of udev, multipath ignores a disk.
    for device in sda sdb; do echo I:1 >"/run/udev/data/b$(</sys/block/$device/dev)"; done
    # multipath prints the best path first. sda is active/optimized.
    for state in 0 1 2; do
        echo $state >$group/alua_access_state
        for preferred in 0 1; do
            echo $preferred >$group/preferred
            # The first commands get the notices of the change.
            sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
            sg_turs --number=2 /dev/sg1 >/run/errors 2>&1
            echo "state $state, preferred $preferred: $(multipath -d -v2 2>/run/errors |
                sed -n 's/.* prio=\([0-9]*\) .*/\1/p; s/.* \(sd.\) .*/\1/p' | xargs)"
        done
    done
}

boot overlay tcm_loop sg sd_mod dm_multipath
expect "state 0, preferred 0" "50 sda sdb"
expect "state 1, preferred 0" "50 sda 10 sdb"
expect "state 1, preferred 1" "90 sdb 50 sda"
expect "state 2, preferred 0" "50 sda 1 sdb"
expect "state 2, preferred 1" "81 sdb 50 sda"
finish
