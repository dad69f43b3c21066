#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO refuses a WRITE SAME of more blocks than max_write_same_len (4096 for fileio), but reports the
# limit only if thin provisioning is on: without it, the block limits page is too short for the
# field, which means to an initiator that there is no limit. Linux sends more, is refused, and
# writes zeros itself from then on. With emulate_tpu=1 the page has the field.
#
# Seen with sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/fileio_0/disk
    truncate --size=16M /run/file
    mkdir -p $tpg $disk
    echo naa.6001405000000002 >$tpg/nexus
    echo fd_dev_name=/run/file,fd_dev_size=$((16 << 20)) >$disk/control
    echo serial-1 >$disk/wwn/vpd_unit_serial
    echo 1 >$disk/enable
    mkdir $tpg/lun/lun_0
    ln -s "$target/$disk" $tpg/lun/lun_0/object
    sleep 2
    sg_turs /dev/sg0 >/run/errors 2>&1
    limit() { sg_vpd --page=bl /dev/sg0 | sed -n 's/.*write same length: *//p'; }
    write() {
        sg_write_same --in=/dev/zero --xferlen=512 --lba=0 --num="$1" /dev/sg0 2>/run/errors
        echo "$1 blocks: status $?"
    }
    echo "limit in the page: $(limit)"
    write 4096
    write 4097
    dmesg --clear
    fallocate --zero-range --length 8M /dev/sda
    fallocate --zero-range --length 8M /dev/sda
    echo "Linux: $(dmesg | grep --only-matching 'WRITE_SAME sectors.*')"
    echo 1 >$disk/attrib/emulate_tpu
    echo "limit with emulate_tpu: $(limit)"
}

boot tcm_loop sg sd_mod target_core_file
expect "limit in the page" ""
expect "4096 blocks" "status 0"
expect "4097 blocks" "status 5"
expect Linux "WRITE_SAME sectors: 16384 exceeds max_write_same_len: 4096"
expect "limit with emulate_tpu" "0x1000 blocks"
finish
