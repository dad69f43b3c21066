#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# LIO refuses MODE SELECT with what its MODE SENSE returned. It returns a block descriptor, and in
# MODE SELECT takes its first byte for the code of a page. So sdparm cannot even set the present
# value, and reports the page as wrong. Without the descriptor the same page is accepted, if nothing
# is changed. START STOP UNIT is refused as well, except with IMMED=1. REPORT SUPPORTED OPERATION
# CODES contains both commands.
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
    # "NAME: STATUS"
    send() {
        local name=$1 status=0
        shift
        "$@" >/run/errors 2>&1 || status=$?
        echo "$name: status $status"
    }
    echo "value: $(sdparm --quiet --get=SWP /dev/sg0 | sed 's/^SWP *//; s/ .*//')"
    send "present value" sdparm --set=SWP=0 /dev/sg0
    # The control page: after a header of 8 bytes, and a descriptor of 8.
    sg_modes --page=0xa --raw /dev/sg0 | tail --bytes=12 >/run/page
    { head --bytes=8 /dev/zero && cat /run/page; } >/run/list
    send "without a descriptor" sg_raw --send=20 --infile=/run/list /dev/sg0 \
        55 10 00 00 00 00 00 00 14 00
    { head --bytes=7 /dev/zero && printf '\x08' && head --bytes=8 /dev/zero; } >/run/list
    cat /run/page >>/run/list
    send "with a descriptor" sg_raw --send=28 --infile=/run/list /dev/sg0 \
        55 10 00 00 00 00 00 00 1c 00
    send start sg_start --start /dev/sg0
    send "start with IMMED" sg_start --start --immed /dev/sg0
    echo "listed: $(sg_opcodes /dev/sg0 | grep --count 'Start stop unit\|Mode select(10)')"
}

boot tcm_loop sg sd_mod
expect value 0
expect "present value" "status 5"
expect "without a descriptor" "status 0"
expect "with a descriptor" "status 5"
expect start "status 5"
expect "start with IMMED" "status 0"
expect listed 2
finish
