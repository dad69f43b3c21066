#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# qemu-img copies a LUN 0 that does not exist, and succeeds: the copy is an empty file. If an
# initiator has no LUN 0, LIO answers an INQUIRY for it as SPC says, with peripheral qualifier 1 (no
# device). QEMU does not look at the qualifier, and takes the LUN for a disk of 0 bytes. So a backup
# of a disk whose mapping was removed, or whose number was changed, ends with status 0. For other
# numbers QEMU fails, as LIO has no such LUN.
#
# Seen with qemu-img 7.2.22 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel qemu-utils=1:7.2+dfsg-7+deb12u18+b3 qemu-block-extra=1:7.2+dfsg-7+deb12u18+b3 \
    libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 libibverbs1 libnl-3-200 \
    libnl-route-3-200 libaio1 libffi8 libglib2.0-0 libgmp10 libgnutls30 libhogweed6 libidn2-0 \
    libnettle8 libnuma1 libp11-kit0 libtasn1-6 libunistring2 liburing2 libzstd1

guest() {
    local initiator=iqn.2003-01.org.example:client iqn=iqn.2003-01.org.example:a
    local tpg=iscsi/$iqn/tpgt_1
    LD_LIBRARY_PATH+=:$(echo "$folder"/root/lib/*-linux-gnu)
    export QEMU_MODULE_DIR=${LD_LIBRARY_PATH%%:*}/qemu
    ramdisk disk serial-1
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator/lun_0
    export_to $tpg lun_0 disk
    ln -s "$target/$tpg/lun/lun_0" $tpg/acls/$initiator/lun_0/lun
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    # "NAME: STATUS, SIZE of the copy"
    copy() {
        local disk=driver=iscsi,transport=tcp,portal=127.0.0.1,target=$iqn
        disk+=,initiator-name=$initiator
        rm -f /run/copy
        qemu-img convert -O raw --image-opts "$disk,lun=$2" /run/copy 2>/run/errors
        echo "$1: status $?, $([[ -e /run/copy ]] && stat --format="%s bytes" /run/copy)"
    }
    copy mapped 0
    rm $tpg/acls/$initiator/lun_0/lun
    rmdir $tpg/acls/$initiator/lun_0
    copy "not mapped" 0
    copy "not mapped, LUN 1" 1
}

boot iscsi_target_mod
expect mapped "status 0, 262144 bytes"
expect "not mapped" "status 0, 0 bytes"
expect "not mapped, LUN 1" "status 1, "
finish
