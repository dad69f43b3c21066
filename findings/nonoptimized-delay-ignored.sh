#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# nonop_delay_msecs of an ALUA group, 100 by default, has no effect. By its name each command to a
# port in state active/non-optimized waits this long, so that initiators prefer another port. But
# the fabric asks for the delay before the state of the port is looked at, when it is still 0:
# with a delay of 3 seconds, iSCSI and the loopback fabric answer at once.
#
# Seen with libiscsi 1.19.0 and sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 \
    libgcrypt20 libgpg-error0 librdmacm1 libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a loop=loopback/naa.6001405000000001/tpgt_1
    local group=core/rd_mcp_0/disk/alua/default_tg_pt_gp
    local tpg=iscsi/$iqn/tpgt_1
    ramdisk disk serial-1
    mkdir -p $tpg/np/127.0.0.1:3260 $loop
    echo naa.6001405000000002 >$loop/nexus
    export_to $tpg lun_0 disk
    export_to $loop lun_0 disk
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/attrib/generate_node_acls
    echo 1 >$tpg/enable
    sleep 2
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    echo 3000 >$group/nonop_delay_msecs
    echo 1 >$group/alua_access_state
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    echo "state: $(sg_rtpg --decode /dev/sg0 | sed -n 's/.*access state : //p')"
    # "NAME: the first one is below 2 seconds"
    in_time() {
        local name=$1 before=${EPOCHREALTIME/./}
        shift
        "$@" >/run/errors 2>&1 || echo "$name failed"
        echo "$name: $(((${EPOCHREALTIME/./} - before) < 2000000))"
    }
    in_time iscsi iscsi-readcapacity16 iscsi://127.0.0.1/$iqn/0
    in_time loopback sg_dd if=/dev/sg0 of=/dev/null bs=512 count=1
}

boot iscsi_target_mod tcm_loop sg sd_mod
expect state "0x01 (active/non optimized)"
expect iscsi 1
expect loopback 1
finish
