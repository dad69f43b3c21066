#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# If the target has no directory for persistent reservations (pr/ in the directory that dbroot
# shows), each REGISTER fails with NOT READY, also one that does not ask to survive a power loss
# (APTPL). The key is registered nevertheless: READ KEYS lists it, and a second attempt with the
# same command is a reservation conflict. Cluster software that takes the first answer for a failure
# leaves a key behind. The kernel does not create the directory.
#
# Seen with sg_persist of sg3-utils 1.46 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091
. "$(dirname "$0")/uml.sh"
fetch_kernel sg3-utils=1.46-3 libsgutils2-1.46-2=1.46-3

guest() {
    local tpg=loopback/naa.6001405000000001/tpgt_1
    # dbroot is on the host's file system: an empty one is in its place.
    mkdir /run/target
    echo /run/target >dbroot
    mkdir -p $tpg
    echo naa.6001405000000002 >$tpg/nexus
    ramdisk disk serial-1
    export_to $tpg lun_0 disk
    sleep 2
    sg_turs /dev/sg0 >/run/errors 2>&1
    echo "directory: $(<dbroot)"
    register() {
        sg_persist --out --register --param-sark=0xabc /dev/sg0 2>&1 | sed -n 's/^PR out //p'
    }
    keys() { sg_persist --in --read-keys /dev/sg0 | grep -o '0xabc'; }
    echo "first: $(register)"
    echo "keys: $(keys)"
    echo "second: $(register)"
    mkdir /run/target/pr
    sg_persist --out --register --param-rk=0xabc --param-sark=0xabc /dev/sg0 >/run/errors
    echo "with the directory: status $?"
}

boot tcm_loop sg sd_mod
expect directory /run/target
expect first "(Register): Device not ready"
expect keys 0xabc
expect second "(Register): Reservation conflict"
expect "with the directory" "status 0"
finish
