#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The save file of rtslib-fb 2.2.4, which targetcli-fb 3.0.2 writes, keeps of a disk's identity only
# the serial. Vendor, product, revision and company ID (the files in wwn/) are not in the file, so
# that a restore sets them to the defaults and reports no error. Initiators then see another
# product, and another NAA identifier: for multipath a new disk. The port number (rtpi) and the
# logical unit group are lost in the same way.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with Debian's Python.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel
/usr/bin/python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    rtslib-fb==2.2.4 pyudev==0.24.4

guest() {
    local disk=core/rd_mcp_0/disk tpg=iscsi/iqn.2003-01.org.example:a/tpgt_1
    local group=core/alua/lu_gps/own
    identity() {
        echo "$1: $(cat $disk/wwn/{vendor_id,product_id,revision,company_id} | xargs)"
        echo "$1, serial: $(sed 's/.*: //' $disk/wwn/vpd_unit_serial)"
        echo "$1, port: $(<$tpg/rtpi), group: $(sed -n 's/.*Alias: //p' $disk/alua_lu_gp)"
    }
    # rtslib-fb requires this directory; it is created above the host's /etc, in memory.
    mkdir /run/upper /run/work
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mkdir -p /etc/target
    ramdisk disk 0123456789abcdef
    echo Example >$disk/wwn/vendor_id
    echo Rack >$disk/wwn/product_id
    echo 7 >$disk/wwn/revision
    echo 0x123456 >$disk/wwn/company_id
    mkdir $group
    echo 5 >$group/lu_gp_id
    echo own >$disk/alua_lu_gp
    mkdir -p $tpg
    echo 7 >$tpg/rtpi
    echo 1 >$tpg/enable
    identity before
    "$folder/venv/bin/python" - <<END
from rtslib_fb import RTSRoot
root = RTSRoot()
root.save_to_file("$folder/saved.json")
root.clear_existing(confirm=True)
print("errors:", root.restore_from_file("$folder/saved.json"))
END
    identity after
}

boot overlay target_core_file target_core_iblock target_core_pscsi target_core_user iscsi_target_mod
expect before "Example Rack 7 0x123456"
expect "before, port" "0x7, group: own"
expect errors "[]"
expect after "LIO-ORG RAMDISK-MCP 4.0 0x001405"
expect "after, serial" 0123456789abcdef
expect "after, port" "0x1, group: default_lu_gp"
finish
