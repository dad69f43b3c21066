#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A LIO disk without a serial (vpd_unit_serial) answers an INQUIRY for each VPD page with an empty
# page. It loses not only the serial page, but also the identification (83h, mandatory by SPC), the
# block limits (B0h) and thin provisioning (B2h), which do not depend on a serial. Initiators read
# these pages to find UNMAP, the length of transfers and the target port. A disk has no serial if
# it was created by mkdir and two writes: the kernel does not generate one.
#
# sg_vpd of sg3-utils 1.46 names no reason: "Numerical argument out of domain". Seen on Debian's
# user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local number page tpg=loopback/naa.6001405000000001/tpgt_1
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk with serial-1
    ramdisk without
    export_to $tpg lun_0 with
    export_to $tpg lun_1 without
    sleep 2
    for number in 0 1; do
        echo "disk $number, pages listed: $(sg_vpd --quiet /dev/sg$number | sed 1d | wc --lines)"
        for page in di bl lbpv; do
            sg_vpd --page=$page /dev/sg$number >/run/page 2>&1
            echo "disk $number, $page: status $?"
        done
    done
    echo "message: $(tail -1 /run/page)"
}

boot tcm_loop sg sd_mod
expect "disk 0, pages listed" 7
expect "disk 1, pages listed" 0
for page in di bl lbpv; do
    expect "disk 0, $page" "status 0"
    expect "disk 1, $page" "status 83"
done
expect message "sg_vpd failed: Numerical argument out of domain"
finish
