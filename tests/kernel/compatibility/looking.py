# SPDX-License-Identifier: Apache-2.0
"""ls as programs read it; cd, bookmarks, help, sessions, and what the shell says of mistakes."""

from __future__ import annotations

import re

from .row import (
    ACL,
    DISK,
    EMPTY,
    FILEIO,
    INITIATOR,
    IQN,
    RAMDISK,
    TARGET,
    TPG,
    Row,
    like,
)

LAYOUT = (
    Row("ls: 132 columns, nothing behind ]", f"{RAMDISK} ls",
        f"o- ramdisk {'.' * 100} [Storage Objects: 1]\n"
        f"  o- r1 {'.' * 101} [(1.0MiB) deactivated]\n"
        f"    o- alua {'.' * 103} [ALUA Groups: 1]\n"
        f"      o- default_tg_pt_gp {'.' * 75} [ALUA state: Active/optimized]"),
    Row("ls: whole lines of a target", f"{TARGET} ls",
        like(r"^o-\s\S+\s[\.]+\s\[TPGs:\s\d\]$")),
    Row("ls: columns parted by one blank", f"{TPG}/luns ls",
        like(rf"^  o- lun0 \.+ \[fileio/d1 \({DISK}\) \(default_tg_pt_gp\)\]$")),
    Row("ls: a portal's column", f"{TPG}/portals ls", like(r"^  o- \[::0\]:3260 \.+ \[OK\]$")),
    Row("ls: a mapped LUN's columns", f"{ACL} ls",
        like(r"^  o- mapped_lun0 \.+ \[lun0 fileio/d1 \(rw\)\]$")),
    Row("ls: the backstores in the root", "ls", like(
        r"^  o- backstores \.+ \[\.\.\.\]\n  \| o- block \.+ \[Storage Objects: 0\]\n  \| o- ")),
    Row("ls: the fabrics in the root", "ls", like(
        r"^  o- iscsi \.+ \[Targets: 1\]\n(  \| .*\n)+  o- loopback \.+ \[Targets: 0\]$")),
    Row("ls: TPGs", "ls", like(rf"{IQN} \.+ \[TPGs: 1\]$")),
    Row("ls: tpgN", "ls", like(r"o- tpg1 \.+ \[no-gen-acls, no-auth\]$")),
    Row("ls: acls", "ls", like(r"acls \.+ \[ACLs: 1\]$")),
    Row("ls: an ACL", "ls", like(rf"{INITIATOR} \.+ \[[\w\-\s\,]*Mapped LUNs: 1\]$")),
    Row("ls: a mapped LUN", "ls", like(r"mapped_lun0 \.+ \[lun0 ")),
    Row("ls: a LUN", "ls", like(r"- lun0 \.+ \[(fileio|block)/")),
    Row("ls: the path of a LUN", "ls", like(r"\(\/.+\)\ ")),
    Row("ls: an IPv4 portal", f"{TPG}/portals ls", like(r"(\d{1,3}\.){3}\d{1,3}:\d{1,5}"),
        given=(f"{TPG}/portals create 127.0.0.1 3261",)),
    Row("ls: a depth", "ls /iscsi 1", like(rf"\Ao- iscsi .*\n  o- {IQN} .*\Z")),
    Row("ls: depth 0 is all", "ls /iscsi 0", like("mapped_lun0")),
    Row("ls: numbers by value", f"{TPG}/luns ls",
        like(r"o- lun2 .*\n  o- lun10 "),
        given=(f"{TPG}/luns create {RAMDISK}/r1 10", f"{RAMDISK} create r2 1M",
               f"{TPG}/luns create {RAMDISK}/r2 2")),
    Row("ls: a path without a slash", "ls iscsi", like(r"\Ao- iscsi ")),
    Row("ls: no such child", f"{TPG}/portals ls 0.0.0.0:3261",
        err=f"No such path {TPG}/portals/0.0.0.0:3261"),
    Row("ls: vhost and xen-pvscsi are listed always", "ls / 1",
        like(r"o- vhost .*\n  o- xen-pvscsi ")),
    Row("ls: a hidden empty summary", "/backstores status", "Status for /backstores: ",
        world=EMPTY),
)  # fmt: skip

AROUND = (
    Row(
        "status: of the root",
        "/ status",
        re.compile(r"\AStatus for /: healthy$", re.MULTILINE),
        differs="`status` at `/`",
    ),
    Row("status: what is not there", "/iscsi/iqn.2003-01.org.example:z status",
        err="No such path /iscsi/iqn.2003-01.org.example:z"),
    Row("cd: to a path", "pwd", "/iscsi", given=("cd /iscsi",)),
    Row("cd: upwards", "pwd", TARGET, given=(f"cd {TPG}", "cd ..")),
    Row("cd: to a bare path", "pwd", TPG, given=(TPG,)),
    Row("cd: to a bookmark", "pwd", "/iscsi",
        given=("/iscsi bookmarks add x", "cd /", "cd @x")),
    Row("cd: back", "cd <", "Taking you back to /.", given=("cd /iscsi",)),
    Row("cd: forth", "cd >", "Taking you back to /iscsi.", given=("cd /iscsi", "cd <")),
    Row("cd: at the beginning", "cd <", "Reached begining of path history."),
    Row("cd: at the end", "cd >", "Reached the end of path history."),
    Row("cd: without a path", "cd", err="cd needs a path here",
        differs="`cd` without a path, not at a terminal"),
    Row("bookmarks: none", "bookmarks show",
        "\nBOOKMARKS\n=========\n\nNo bookmarks yet.", world=EMPTY),
    Row("bookmarks: added", "bookmarks add root", "Bookmarked / as root."),
    Row("bookmarks: deleted", "bookmarks del root", "Deleted bookmark root.",
        given=("bookmarks add root",)),
    Row("bookmarks: gone to", "pwd", "/iscsi",
        given=("/iscsi bookmarks add x", "bookmarks go x")),
    Row("bookmarks: shown", "bookmarks show",
        "\nBOOKMARKS\n=========\n\nroot\n----\n/", world=EMPTY, given=("bookmarks add root",)),
    Row("bookmarks: no such", "bookmarks go nosuch", err="No such bookmark nosuch."),
    Row("bookmarks: it is there", "bookmarks add root", err="Bookmark root already exists.",
        given=("bookmarks add root",)),
    Row("bookmarks: no such action", "bookmarks nosuch x",
        err="Syntax error, see 'help bookmarks'."),
    Row("help: lists commands", "help",
        like(r"^  - saveconfig \[savefile\] \[drop_missing\] \[owner\] \[target\] $")),
    Row("help: of a command", "help saveconfig",
        like(r"\A\nSYNTAX\n======\n"
             r"saveconfig \[savefile\] \[drop_missing\] \[owner\] \[target\] \n\n\n"
             r"DEFAULT VALUES\n==============\n"
             r"savefile=/etc/target/saveconfig.json drop_missing=False \n\n\n"
             r"DESCRIPTION\n===========\n")),
    Row("help: no such topic", "help nosuch",
        err="Cannot find help topic nosuch. (help search nosuch searches everything)"),
    Row("help: a preference", "/iscsi help auto_cd_after_create",
        "auto_cd_after_create (global)\nThe shell changes to a created object.\n"
        "Takes true, false. Default: false."),
    Row("help: a credential of discovery", "/iscsi help userid",
        like(r"\Auserid \(discovery_auth\)\nUser name that the initiator sends with its secret\. "
             r"At most 255 bytes; must not begin with NULL\.\n")),
    Row("refresh says nothing", "refresh"),
    Row("exit says nothing", "exit"),
    Row("version", "version", like(r"\Atargetcli version (.*)\Z")),
    Row("version of a fabric", "/iscsi version", like("iscsi|Target")),
    Row("sessions: none", "sessions", "(no open sessions)"),
    Row("sessions: none in detail", "sessions detail", "(no open sessions)"),
    Row("sessions: no such number", "sessions list 7", err="no session found with sid 7"),
    Row("sessions: no such action", "sessions nosuch", err="action must be one of: "),
)  # fmt: skip

MISTAKES = (
    Row("no such command", "frobnicate", err="Command not found frobnicate"),
    Row("no such command here", f"{FILEIO} enable", err="Command not found enable"),
    Row("the command is the LUNs'", f"{TPG}/luns/lun0 delete",
        err=f"Command not found delete (run it one level up: {TPG}/luns delete lun0)"),
    Row("the command is the ACL's", f"{ACL}/mapped_lun0 delete",
        err=f"Command not found delete (run it one level up: {ACL} delete mapped_lun0)"),
    Row("the command is the portals'", f"{TPG}/portals/[::0]:3260 delete",
        err=f"Command not found delete (run it one level up: {TPG}/portals delete ::0 3260)"),
    Row("the command is the backstore's", f"{RAMDISK}/r1 drain",
        err=f"Command not found drain (run it one level up: {RAMDISK} drain r1)"),
    Row("the command is another's", f"{RAMDISK}/r1 create",
        err="Command not found create (run it one level down: alua/ create)"),
    Row("no such path", "/nosuch ls", err="No such path /nosuch"),
    Row("a parameter is missing", f"{RAMDISK} create r2", err="Missing required parameter size"),
    Row("parameters are missing", f"{FILEIO} create",
        err="Missing required parameters 'file_or_dev', 'name'"),
    Row("a keyword that is none", f"{RAMDISK} create r2 1M nosuch=1",
        err="Unexpected keyword parameter 'nosuch'."),
    Row("given twice", f"{RAMDISK} create r2 size=1M name=r3", err="Duplicate parameter name."),
    Row("too many", f"{TPG}/luns delete 0 1 2",
        err="Got 3 positionnal parameters, expected exactly 1."),
    Row("too many where some may be left out", f"{RAMDISK} create r2 1M true abc more",
        err="Got 5 positionnal parameters, expected at most 4."),
)  # fmt: skip

ROWS = (*LAYOUT, *AROUND, *MISTAKES)
