#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO turns the name that an initiator sends into lower case, as RFC 3722 requires, but leaves the
# name of an ACL as mkdir wrote it. An ACL with a capital letter therefore matches no initiator, not
# even one of exactly that name. The kernel's message shows the name in lower case, so that the
# difference is hard to see.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-inq of libiscsi 1.19.0 as the initiator.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a tpg initiator=iqn.2003-01.org.example:Client
    tpg=iscsi/$iqn/tpgt_1
    log_in() { iscsi-inq --initiator="$1" iscsi://127.0.0.1/$iqn/0 2>&1 | head -1; }
    ramdisk disk
    mkdir -p $tpg/np/127.0.0.1:3260
    export_to $tpg lun_0 disk
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    for name in $initiator ${initiator,,}; do
        mkdir -p $tpg/acls/"$name"/lun_0
        ln -s "$target/$tpg/lun/lun_0" $tpg/acls/"$name"/lun_0/lun
        echo "ACL $name: $(log_in $initiator)"
        rm $tpg/acls/"$name"/lun_0/lun
        rmdir $tpg/acls/"$name"/lun_0 $tpg/acls/"$name"
    done
    echo "message: $(dmesg | grep -o 'Node: .* is not authorized' | tail -1)"
}

boot iscsi_target_mod
expect "ACL iqn.2003-01.org.example:Client" \
    "Login Failed. Failed to log in to target. Status: Authorization failure(514)"
expect "ACL iqn.2003-01.org.example:client" "Peripheral Qualifier:CONNECTED"
expect message "Node: iqn.2003-01.org.example:client is not authorized"
finish
