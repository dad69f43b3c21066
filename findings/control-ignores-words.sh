#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The "control" file of a storage object accepts settings that its backend does not have, and
# ignores them. readonly=1 belongs to block objects only: a fileio or ramdisk object accepts it,
# and is writable. A misspelt size is accepted, too, where the file on disk has a size to use.
# Only what can be read in "info" afterwards shows the result.
#
# Seen with sg_modes of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 disk=core/rd_mcp_0/disk
    mkdir -p $tpg $disk
    echo naa.6001405000000002 >$tpg/nexus
    echo "control: $(echo rd_pages=64,readonly=1,rd_nulio=1 >$disk/control && echo accepted)"
    echo 1 >$disk/enable
    echo "info: $(grep -o 'nullio: .' $disk/info)"
    export_to $tpg lun_0 disk
    sleep 2
    echo "read-only: $(cat /sys/block/sd?/ro)"
    echo "WP: $(sg_modes --page=8 /dev/sg0 | grep -o 'WP=.')"
}

boot tcm_loop sg sd_mod
expect control accepted
expect info "nullio: 0"
expect read-only 0
expect WP "WP=0"
finish
