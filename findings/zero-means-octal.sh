#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A zero in front of a number changes its value in the tree of the SCSI target: lun_010 is LUN 8
# for initiators, tpgt_010 is TPG 8, and 010 in an attribute is 8.
# Directories keep their names, so "ls" and the initiator disagree. 0x in front is hexadecimal in
# the same places. A script that pads its numbers meets this at the eighth: lun_008 is invalid.
#
# Seen with sg_luns of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1 iscsi=iscsi/iqn.2003-01.org.example:a/tpgt_010
    ramdisk disk
    ramdisk other
    mkdir -p $tpg $iscsi
    echo naa.6001405000000002 >$tpg/nexus
    export_to $tpg lun_010 disk
    echo "name: $(ls $tpg/lun)"
    sleep 2
    echo "REPORT LUNS: $(sg_luns --quiet /dev/sg0 | tr -d ' ')"
    echo "lun_008: $(mkdir $tpg/lun/lun_008 2>&1 | sed 's/.*: //')"
    export_to $iscsi lun_0x10 disk
    echo "TPG: $(grep -a iSCSI core/rd_mcp_0/disk/alua/default_tg_pt_gp/members | tr -d ' \0')"
    echo 010 >core/rd_mcp_0/other/attrib/queue_depth
    echo "attribute: $(<core/rd_mcp_0/other/attrib/queue_depth)"
    echo 01405 >core/rd_mcp_0/other/wwn/company_id
    echo "company_id: $(<core/rd_mcp_0/other/wwn/company_id)"
}

boot iscsi_target_mod tcm_loop sg sd_mod
expect name lun_010
expect "REPORT LUNS" 0008000000000000
expect lun_008 "Invalid argument"
expect TPG iSCSI/iqn.2003-01.org.example:a/tpgt_8/lun_0x10
expect attribute 8
expect company_id 0x000305
finish
