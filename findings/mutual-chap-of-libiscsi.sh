#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The tools of libiscsi cannot log in to LIO with mutual CHAP: they check the answer of the target,
# and refuse a wrong one, but with the right one the login does not proceed. Without the secret of
# the target they log in, although the ACL has one. So a test with them shows mutual CHAP as broken
# where it works for other initiators.
#
# Seen on Debian's user-mode-linux 6.12um1+b22, with iscsi-inq of libiscsi 1.19.0.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel libiscsi-bin=1.19.0-3 libiscsi7=1.19.0-3 libgcrypt20 libgpg-error0 librdmacm1 \
    libibverbs1 libnl-3-200 libnl-route-3-200

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1 auth name
    auth=$tpg/acls/$initiator/auth
    look() { iscsi-inq --initiator=$initiator iscsi://127.0.0.1/$iqn/0 2>&1 | head -1; }
    ramdisk disk
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator/lun_0
    export_to $tpg lun_0 disk
    ln -s "$target/$tpg/lun/lun_0" $tpg/acls/$initiator/lun_0/lun
    echo 1 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    for name in userid:user password:secret-of-16-byt userid_mutual:store \
        password_mutual:another-secret-1; do
        echo -n "${name#*:}" >"$auth/${name%%:*}"
    done
    export LIBISCSI_CHAP_USERNAME=user LIBISCSI_CHAP_PASSWORD=secret-of-16-byt
    echo "one way: $(look)"
    export LIBISCSI_CHAP_TARGET_USERNAME=store LIBISCSI_CHAP_TARGET_PASSWORD=another-secret-1
    echo "mutual: $(look)"
    export LIBISCSI_CHAP_TARGET_PASSWORD=a-wrong-secret-1
    echo "wrong: $(look)"
}

boot iscsi_target_mod
expect "one way" "Peripheral Qualifier:CONNECTED"
expect mutual "Login Failed. iscsi_service failed with : \
iscsi_service_reconnect_if_loggedin. Can not reconnect right now."
expect wrong "Login Failed. Authentication failed. Invalid CHAP_R response from the target"
finish
