#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tgt-admin numbers the LUNs of a target in the alphabetical order of their paths, not in that of
# targets.conf: disk10 comes before disk2. A disk added at the end of the file gets a number in the
# middle if its name sorts there, and the disks after it get new numbers at the next start.
# With a "lun" of their own in the file, all keep their numbers. The manual page says only that
# backing-store precedes direct-store.
#
# Seen with tgt 1.0.85-1+deb12u1, whose commands tgt-admin prints with --pretend.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch bookworm tgt=1:1.0.85-1+deb12u1 libconfig-general-perl=2.65-2

configure() {
    echo "<target iqn.2003-01.org.example:a>"
    printf 'backing-store %s\n' "$@"
    echo "</target>"
}

# luns NAME: the number and the file of each LUN, one line.
luns() {
    configure "${@:2}" >"$folder/targets.conf"
    touch "${@:2}"
    local commands
    commands=$(PATH=$folder/root/usr/sbin:$PATH perl "-I$folder/root/usr/share/perl5" \
        "$folder/root/usr/sbin/tgt-admin" --pretend --execute --conf "$folder/targets.conf" \
        2>"$folder/errors")
    echo "$1:" "$(sed -n 's/.*--lun \([0-9]*\) -b ".*\/\(.*\)".*/\1 \2/p' <<<"$commands" | xargs)"
}

{
    luns "two disks" "$folder"/disk{1,2}
    luns "ten added" "$folder"/disk{1,2,10}
    luns reversed "$folder"/{c,b,a}
} >"$folder/output"
expect "two disks" "1 disk1 2 disk2"
expect "ten added" "1 disk1 2 disk10 3 disk2"
expect reversed "1 a 2 b 3 c"
finish
