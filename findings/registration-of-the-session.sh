#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A persistent reservation key belongs to an initiator port, which iSCSI names by the initiator and
# its ISID. open-iscsi counts the ISID up with each login, so that a host that logged out and in has
# lost its registration: its own key is refused, and registering again leaves two registrations.
# Nothing removes the first one. LIO answers RESERVE of the host that is now unregistered with NOT
# READY, where SPC requires a reservation conflict.
#
# Seen with open-iscsi 2.1.8 and sg_persist of sg3-utils 1.46 on Debian's user-mode-linux
# 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 open-iscsi=2.1.8-1 \
    libopeniscsiusr=2.1.8-1 libisns0 libkmod2

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1
    PATH=$folder/root/sbin:$PATH
    # open-iscsi writes below /etc; it is created above the host's, in memory.
    mkdir -p /run/upper /run/work /run/lock /run/target/pr
    mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
    mkdir -p /etc/iscsi
    cp "$folder/root/etc/iscsi/iscsid.conf" /etc/iscsi
    echo InitiatorName=$initiator >/etc/iscsi/initiatorname.iscsi
    echo /run/target >dbroot
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator/lun_0
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    ln -s "$target/$tpg/lun/lun_0" $tpg/acls/$initiator/lun_0/lun
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    iscsid
    log_in() {
        iscsiadm --mode node --targetname $iqn --portal 127.0.0.1 "$1" >/run/errors
        sleep 2
    }
    send() { sg_persist --out "$@" /dev/sg0 2>&1 | sed -n 's/^PR out //p'; }
    ports() { sg_persist --in --read-full-status /dev/sg0 | grep -o ',i,0x.*' | xargs; }
    iscsiadm --mode node --targetname $iqn --portal 127.0.0.1 --op new >/run/errors
    log_in --login
    send --register --param-sark=0xabc
    echo "registered: $(ports)"
    log_in --logout
    log_in --login
    echo "reserve: $(send --reserve --param-rk=0xabc --prout-type=5)"
    echo "own key: $(send --register --param-rk=0xabc --param-sark=0xdef)"
    send --register --param-sark=0xabc
    echo "registered again: $(ports)"
}

boot overlay iscsi_target_mod iscsi_tcp sg sd_mod
expect registered ,i,0x00023d000001
expect reserve "(Reserve): Device not ready"
expect "own key" "(Register): Reservation conflict"
expect "registered again" ",i,0x00023d000001 ,i,0x00023d000002"
finish
