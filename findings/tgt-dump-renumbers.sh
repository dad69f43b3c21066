#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The configuration that tgt-admin --dump prints is another one than that of the daemon. It has no
# LUN numbers: a start from it numbers the disks from 1, so that LUN 5 and 7 are LUN 1 and 2, with
# other identifiers. Networks and IPv6 addresses of initiators are written as "initiator-name", as
# if they were names. The help says only that parameters such as write caching are left out.
#
# Seen with tgt 1.0.85-1+deb12u1 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel tgt=1:1.0.85-1+deb12u1 libconfig-general-perl=2.65-2 libaio1 libibverbs1 libnl-3-200 \
    libnl-route-3-200 librdmacm1 libsystemd0

guest() {
    mkdir /run/disks
    truncate --size=1M /run/disks/{a,b}
    cat >/run/first.conf <<END
<target iqn.2003-01.org.example:a>
    <backing-store /run/disks/a>
        lun 5
    </backing-store>
    <backing-store /run/disks/b>
        lun 7
    </backing-store>
    initiator-address 192.0.2.0/24
    initiator-address 192.0.2.1
    initiator-address 2001:db8::1
</target>
END
    admin() { perl "-I$folder/root/usr/share/perl5" "$folder/root/usr/sbin/tgt-admin" "$@"; }
    # The number, identifier and file of each disk.
    disks() {
        tgtadm --lld iscsi --mode target --op show |
            sed -n 's/^ *LUN: //p; s/^ *SCSI ID: IET *//p; s/^ *Backing store path: //p' |
            xargs --max-args=3 | grep /run | xargs
    }
    tgtd
    sleep 1
    admin --execute --conf /run/first.conf
    echo "configured: $(disks)"
    admin --dump >/run/dump.conf
    echo "initiators in the dump: $(grep initiator /run/dump.conf | sort | xargs)"
    tgtadm --lld iscsi --mode target --op delete --force --tid 1
    admin --execute --conf /run/dump.conf
    echo "from the dump: $(disks)"
}

boot target_core_mod
expect configured "5 00010005 /run/disks/a 7 00010007 /run/disks/b"
expect "initiators in the dump" \
    "initiator-address 192.0.2.1 initiator-name 192.0.2.0/24 initiator-name 2001:db8::1"
expect "from the dump" "1 00010001 /run/disks/a 2 00010002 /run/disks/b"
finish
