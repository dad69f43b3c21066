#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The list of the members of an ALUA group ends where a page of memory (4 KiB) is full, without a
# sign that there are more. All storage objects are members of default_lu_gp at first, so that the
# list of a target with a hundred disks lacks some: with names of 60 characters, it has 58 of 100.
# The objects that were created last are missing. The group of a missing one is right in alua_lu_gp
# of the object.
#
# Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local name group=core/alua/lu_gps/default_lu_gp
    for name in disk-{100..199}-of-the-database-of-the-second-machine-in-this-rack1; do
        ramdisk "$name"
    done
    echo "characters: ${#name}"
    echo "objects: $(find core/rd_mcp_0 -maxdepth 1 -name 'disk-*' | wc --lines)"
    echo "members: $(tr --delete '\0' <$group/members | wc --lines)"
    echo "last of them: $(tr --delete '\0' <$group/members | sed -n '$s/.*\(disk-...\).*/\1/p')"
    for name in core/rd_mcp_0/disk-{100,199}*; do
        echo "group of ${name:19:3}: $(sed -n 's/.*Alias: //p' "$name/alua_lu_gp")"
    done
}

boot target_core_mod
expect characters 60
expect objects 100
expect members 58
expect "last of them" disk-157
expect "group of 100" default_lu_gp
expect "group of 199" default_lu_gp
finish
