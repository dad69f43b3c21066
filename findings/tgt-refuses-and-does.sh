#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tgtadm sets the valid parameters of an update that it refuses. If one of the parameters of a disk
# is unknown, the command ends with "invalid request", which names none, and those before it and
# after it are set. A vendor that is too long is cut without an error.
#
# Seen with tgt 1.0.85-1+deb12u1 and libiscsi 1.19.0 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel tgt=1:1.0.85-1+deb12u1 libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 \
    libgpg-error0 libaio1 libibverbs1 libnl-3-200 libnl-route-3-200 librdmacm1 libsystemd0

guest() {
    local iqn=iqn.2003-01.org.example:a
    truncate --size=1M /run/disk
    tgtd
    sleep 1
    administer() { tgtadm --lld iscsi "$@"; }
    administer --mode target --op new --tid 1 --targetname $iqn
    administer --mode target --op bind --tid 1 --initiator-address ALL
    administer --mode logicalunit --op new --tid 1 --lun 1 --backing-store /run/disk
    update() {
        administer --mode logicalunit --op update --tid 1 --lun 1 \
            --params "$2" >/run/errors 2>&1
        echo "$1: status $?, $(</run/errors)"
        iscsi-inq iscsi://127.0.0.1/$iqn/1 | sed -n "s/^Vendor:/$1, vendor: /p"
        administer --mode target --op show |
            sed -n "s/^ *SCSI SN: /$1, serial: /p" | tail --lines=1
    }
    update unknown scsi_sn=first,nosuch=1,vendor_id=Example
    update long vendor_id=EXAMPLE-COMPANY
}

boot target_core_mod
expect unknown "status 22, tgtadm: invalid request"
expect "unknown, serial" first
expect "unknown, vendor" "Example "
expect long "status 0, "
expect "long, vendor" "EXAMPLE-"
finish
