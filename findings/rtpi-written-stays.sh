#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A relative target port number (tpgt_N/rtpi, since Linux 6.4) that was written once can keep its
# TPG from being enabled again; one that the kernel chose cannot.
#
# A disabled TPG gives up its number, and the next TPG to be enabled receives it, but rtpi of the
# disabled TPG continues to show the number. On enable, the kernel chooses again if it chose
# before (0x1 becomes 0x2), but keeps a number that was written, even if the same was written:
# the write of 1 to "enable" fails with EINVAL. Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local a=iscsi/iqn.2003-01.org.example:a/tpgt_1 b=iscsi/iqn.2003-01.org.example:b/tpgt_1
    mkdir -p $a $b
    echo "before the first enable: $(<$a/rtpi)"
    echo 1 >$a/enable
    echo 0 >$a/enable
    echo 1 >$b/enable
    echo "disabled, and the other: $(<$a/rtpi) $(<$b/rtpi)"
    echo 1 >$a/enable
    echo "chosen by the kernel: enabled $(<$a/enable), $(<$a/rtpi)"
    echo 0 >$a/enable
    echo 1 >$a/rtpi
    echo "written, and the other: $(<$a/rtpi) $(<$b/rtpi)"
    echo "reason: $( (echo 1 >$a/enable) 2>&1 | sed 's/.*: //')"
    echo "written: enabled $(<$a/enable), $(<$a/rtpi)"
}

boot iscsi_target_mod
expect "before the first enable" 0x0
expect "disabled, and the other" "0x1 0x1"
expect "chosen by the kernel" "enabled 1, 0x2"
expect "written, and the other" "0x1 0x1"
expect reason "Invalid argument"
expect written "enabled 0, 0x1"
finish
