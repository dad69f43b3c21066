#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A unit attention belongs to one I_T nexus (SAM-5 section 5.14), and each iSCSI session is one.
# LIO keeps it with the ACL: of two sessions of the same initiator, the one that sends the next
# command gets it, and the other never hears of it. So a look at a disk under the name of a host,
# such as one with the tools of libiscsi, may take the notice that this host's LUNs have changed.
#
# Seen with open-iscsi 2.1.8, iscsi-readcapacity16 of libiscsi 1.19.0 and sg_turs of sg3-utils 1.46
# on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 open-iscsi=2.1.8-1 \
    libopeniscsiusr=2.1.8-1 libisns0 libkmod2 libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 \
    libgcrypt20 libgpg-error0 librdmacm1 libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1
    PATH=$folder/root/sbin:$PATH
    # open-iscsi writes below /etc; it is created above the host's, in memory.
    mkdir -p /run/upper /run/work /run/lock
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mkdir -p /etc/iscsi
    cp "$folder/root/etc/iscsi/iscsid.conf" /etc/iscsi
    echo InitiatorName=$initiator >/etc/iscsi/initiatorname.iscsi
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    map() {
        mkdir "$tpg/acls/$initiator/lun_$1"
        ln -s "$target/$tpg/lun/lun_0" "$tpg/acls/$initiator/lun_$1/lun"
    }
    heard() {
        sg_turs --verbose /dev/sg0 2>&1 | grep -io "reported luns data has changed" || echo nothing
    }
    map 0
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    iscsid
    iscsiadm --mode node --targetname $iqn --portal 127.0.0.1 --op new >/run/errors
    iscsiadm --mode node --targetname $iqn --portal 127.0.0.1 --login >/run/errors
    sleep 2
    heard >/run/errors
    map 1
    echo "host: $(heard)"
    map 2
    iscsi-readcapacity16 --initiator=$initiator iscsi://127.0.0.1/$iqn/0 >/run/errors 2>&1
    echo "host after another session: $(heard)"
}

boot overlay iscsi_target_mod iscsi_tcp sg sd_mod
expect host "Reported luns data has changed"
expect "host after another session" nothing
finish
