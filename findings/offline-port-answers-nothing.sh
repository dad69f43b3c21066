#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A port that an initiator sets offline (SET TARGET PORT GROUPS) cannot be set back by it: LIO then
# refuses all commands on this port, also INQUIRY, REPORT TARGET PORT GROUPS and SET TARGET PORT
# GROUPS. Only alua_tg_pt_offline on the target shows the state and ends it; the primary state
# continues to be active/optimized. sg_stpg reports the refusal, and exits with status 0.
#
# Seen with sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    sleep 2
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    # "NAME: STATUS, MESSAGE"
    send() {
        "$@" /dev/sg0 >/run/errors 2>&1
        echo "$1: status $?, $(sed -n 's/.*\(Device not ready\).*/\1/p' /run/errors)"
    }
    sg_stpg --offline --tp=0 /dev/sg0
    echo "offline: status $?"
    send sg_inq
    send sg_rtpg
    send sg_stpg --active --tp=0
    echo "secondary state: $(<$tpg/lun/lun_0/alua_tg_pt_offline)"
    echo "primary state: $(<core/rd_mcp_0/disk/alua/default_tg_pt_gp/alua_access_state)"
    echo 0 >$tpg/lun/lun_0/alua_tg_pt_offline
    send sg_turs --number=2 | sed s/^sg_turs/after/
}

boot tcm_loop sg sd_mod
expect offline "status 0"
expect sg_inq "status 2, Device not ready"
expect sg_rtpg "status 2, Device not ready"
expect sg_stpg "status 0, Device not ready"
expect "secondary state" 1
expect "primary state" 0
finish
