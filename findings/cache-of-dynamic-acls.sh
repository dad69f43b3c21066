#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Writing 1 to generate_node_acls of an iSCSI TPG (demo mode) also sets cache_dynamic_acls to 1.
# While demo mode is on, a 0 written to cache_dynamic_acls is accepted and ignored; when demo mode
# ends, cache_dynamic_acls remains 1. Setting the attributes to the values that they had before
# therefore has the result only in one order: generate_node_acls first.
#
# Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    mkdir -p iscsi/iqn.2003-01.org.example:a/tpgt_1
    cd iscsi/iqn.2003-01.org.example:a/tpgt_1/attrib || return
    values() { echo "$1: $(<generate_node_acls) $(<cache_dynamic_acls)"; }
    values "at first"
    echo 1 >generate_node_acls
    values "demo mode"
    echo 0 >cache_dynamic_acls && values "0 accepted"
    echo 0 >generate_node_acls
    values "demo mode off"
    echo 0 >cache_dynamic_acls
    values "0 again"
}

boot iscsi_target_mod
expect "at first" "0 0"
expect "demo mode" "1 1"
expect "0 accepted" "1 1"
expect "demo mode off" "0 1"
expect "0 again" "0 0"
finish
