#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The tools of sg3-utils end with status 0 when the command did not reach the disk. sg_turs, as a
# check of a path, succeeds on one that is gone, sg_verify "verifies" blocks, and sg_sync says that
# the cache was written; only the text names the error of the transport. sg_dd and sg_vpd have a
# status for it. The loopback fabric makes such a path by transport_status; elsewhere a lost
# connection does.
#
# Seen with sg3-utils 1.46 and sdparm 1.12 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3 sdparm=1.12-1

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    sleep 2
    sg_turs --number=2 /dev/sg0 >/run/errors 2>&1
    # "TOOL: STATUS, ERROR"
    send() {
        local status=0
        "$@" >/run/errors 2>&1 || status=$?
        echo "$1: status $status, $(sed -n 's/.*\[\(DID_.*\)\].*/\1/p' /run/errors | head -1)"
    }
    send sg_turs /dev/sg0 | sed 's/^/online, /'
    echo offline >$tpg/transport_status
    send sg_turs /dev/sg0
    send sg_readcap /dev/sg0
    send sg_verify --lba=0 --count=1 /dev/sg0
    send sg_sync /dev/sg0
    send sg_persist --in --read-keys /dev/sg0
    send sdparm --command=ready /dev/sg0
    send sg_vpd --page=di /dev/sg0
    send sg_dd if=/dev/sg0 of=/dev/null bs=512 count=1 verbose=1
}

boot tcm_loop sg sd_mod
expect "online, sg_turs" "status 0, "
for tool in sg_turs sg_readcap sg_verify sg_sync sg_persist; do
    expect $tool "status 0, DID_TRANSPORT_DISRUPTED"
done
expect sdparm "status 0, "
expect sg_vpd "status 83, DID_TRANSPORT_DISRUPTED"
expect sg_dd "status 99, DID_TRANSPORT_DISRUPTED"
finish
