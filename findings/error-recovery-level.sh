#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Of the three files that name an error recovery level, two do not set it. The negotiation takes it
# from attrib/default_erl of the ACL. param/ErrorRecoveryLevel of the TPG, the name that the
# protocol has, is accepted, is read back, and has no effect. attrib/default_erl of the TPG is
# copied when an ACL is made, and does not change existing ones. Its neighbour in param/,
# MaxConnections, is what the target offers.
#
# Seen on Debian's user-mode-linux 6.12um1+b22 with a login request from Python.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1 acl
    acl=$tpg/acls/$initiator
    # A login request without security (RFC 7143, 11.12) that offers level 2 and 9 connections.
    answer() {
        python3 - <<END
import socket, struct
keys = ["InitiatorName=$initiator", "TargetName=$iqn", "SessionType=Normal",
        "ErrorRecoveryLevel=2", "MaxConnections=9"]
data = "".join(key + "\0" for key in keys).encode()
head = struct.pack(">BB2xI6sHIHxxI20x", 0x43, 0x87, len(data), b"\x80\0\0\0\0\1", 0, 1, 0, 0)
with socket.create_connection(("127.0.0.1", 3260)) as portal:
    portal.sendall(head + data + bytes(-len(data) % 4))
    text = portal.recv(4096)[48:].decode()
values = dict(line.split("=") for line in text.split("\0") if "=" in line)
print("level", values["ErrorRecoveryLevel"] + ",", values["MaxConnections"], "connections")
END
    }
    mkdir -p $tpg/np/127.0.0.1:3260 $acl
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    echo "default: $(answer)"
    echo 4 >$tpg/param/MaxConnections
    echo 2 >$tpg/param/ErrorRecoveryLevel
    echo "param: $(<$tpg/param/ErrorRecoveryLevel), $(answer)"
    echo 2 >$tpg/attrib/default_erl
    echo "TPG: $(<$tpg/attrib/default_erl), $(answer)"
    rmdir $acl
    mkdir $acl
    echo "new ACL: $(<$acl/attrib/default_erl), $(answer)"
    echo 1 >$acl/attrib/default_erl
    echo "ACL: $(answer)"
}

boot iscsi_target_mod
expect default "level 0, 1 connections"
expect param "2, level 0, 4 connections"
expect TPG "2, level 0, 4 connections"
expect "new ACL" "2, level 2, 4 connections"
expect ACL "level 1, 4 connections"
finish
