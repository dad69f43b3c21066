# SPDX-License-Identifier: Apache-2.0
"""How a line may be typed: each spelling of a path and of parameters that scripts use."""

from __future__ import annotations

import re

from .row import (
    ACL,
    DISKS,
    EMPTY,
    FILEIO,
    IQN,
    K_ACL,
    K_TPG,
    RAMDISK,
    TARGET,
    TPG,
    Row,
    like,
)

NEW = f"{DISKS}/new.img"
SPELLED = "Created ramdisk r2 with size 1M."

PATHS = (
    Row("a slash behind the path", f"{RAMDISK}/ create r2 1M", SPELLED),
    Row("no slash before the path", f"{RAMDISK[1:]} create r2 1M", SPELLED),
    Row("no slash before, one behind", f"{RAMDISK[1:]}/ create r2 1M", SPELLED),
    Row("two slashes", "//backstores//ramdisk create r2 1M", SPELLED),
    Row("the command glued to its path", f"{RAMDISK}/create r2 1M", SPELLED),
    Row("blanks around", f"   {RAMDISK}   create   r2   1M  ", SPELLED),
    Row("tabs", f"{RAMDISK}\tcreate\tr2\t1M", SPELLED),
    Row("up and down again", "/iscsi/../backstores/ramdisk create r2 1M", SPELLED),
    Row("a global command under another path", f"{TPG}/acls pwd", f"{TPG}/acls"),
    Row("the root's command behind its slash", "/ version", like("^targetcli version ")),
    Row("the root's command glued to its slash", "/version", like("^targetcli version ")),
    Row("a path alone says nothing", TPG),
    Row("a path alone that is not there", f"{TARGET}/tpg9", err=f"No such path {TARGET}/tpg9"),
    Row("a target in capital letters", f"/iscsi/{IQN.upper()} status",
        f"Status for {TARGET}: TPGs: 1"),
    Row("a comment says nothing", "# /iscsi ls"),
    Row("a blank line says nothing", "   "),
    Row(
        "the current path",
        ". status",
        re.compile(r"\AStatus for /: healthy$", re.MULTILINE),
        differs="`status` at `/`",
    ),
    Row("the path above", ".. status", f"Status for {TARGET}: TPGs: 1", given=(f"cd {TPG}",)),
)  # fmt: skip

PARAMETERS = (
    Row("by position", f"{RAMDISK} create r2 1M false", SPELLED),
    Row("by name", f"{RAMDISK} create name=r2 size=1M", SPELLED),
    Row("by name in any order", f"{RAMDISK} create size=1M name=r2", SPELLED),
    Row("a name before a position", f"{FILEIO} create sparse=true d2 {NEW} 1M",
        "Created fileio d2 with size 1048576"),
    Row("a name between positions", f"{FILEIO} create d2 write_back=false {NEW} 1M",
        "Created fileio d2 with size 1048576"),
    Row("blanks around =", f"{RAMDISK} create r2 size = 1M", SPELLED),
    Row("no value", f"{ACL} set auth userid=", "Parameter userid is now ''."),
    Row("no values, blanks between", f"{ACL} set auth userid= password=x",
        err="userid= is followed by a blank", differs="`set auth userid= password=x`"),
    Row("the value has an = in it", f"{ACL} set auth userid=a=b",
        "Parameter userid is now 'a=b'.", kernel={f"{K_ACL}/auth/userid": "a=b"}),
    *(Row(f"a value with {char}", f"{ACL} set auth userid=a{char}b",
          f"Parameter userid is now 'a{char}b'.", kernel={f"{K_ACL}/auth/userid": f"a{char}b"})
      for char in "?;&*$!#,_\\+/.<>()~@:-%[]"),
    *(Row(f"true as {text}", f"{TPG}/luns create {RAMDISK}/r1 add_mapped_luns={text}",
          like("^Created LUN 1->1 mapping")) for text in ("true", "True", "TRUE")),
    *(Row(f"write_protect as {text}", f"{ACL} create 3 0 {text}", "Created Mapped LUN 3.",
          given=(f"{ACL} delete 0",), kernel={f"{K_ACL}/lun_3/write_protect": value})
      for text, value in (("0", "0"), ("1", "1"))),
    Row("write_protect: true is true", f"{ACL} create 3 0 write_protect=true",
        "Created Mapped LUN 3.", given=(f"{ACL} delete 0",),
        kernel={f"{K_ACL}/lun_3/write_protect": "1"}, differs="boolean parameters"),
)  # fmt: skip

# What is cut off in silence elsewhere.
KEPT = tuple(
    Row(f"a value with {char} is kept", f"{ACL} set auth userid=a{typed}b",
        f"Parameter userid is now 'a{char}b'.", kernel={f"{K_ACL}/auth/userid": f"a{char}b"},
        differs="quotes, blanks, `{}\\|^` and non-ASCII letters in a value")
    for char, typed in (
        ("{", "{"), ("}", "}"), ("|", "|"), ("^", "^"), ("`", "`"), ("ä", "ä"), ("日", "日"),
        ("'", "\\'"), ('"', '\\"'), (" ", "' '"),
    )
)  # fmt: skip

CARETS = (
    Row("a quote that is not closed", f"{ACL} set auth password='x",
        err="this quote is not closed", differs="a line that cannot be parsed completely"),
    Row("the caret stands under the place", "create O'Brien", err="\n  create O'Brien\n          ^",
        differs="a line that cannot be parsed completely"),
    Row("what no line can begin with", "}garbage", err="a path or a command is expected here",
        differs="a line that cannot be parsed completely"),
    Row("parameters of no command", "/iscsi {}", err="a command is expected here",
        differs="a line that cannot be parsed completely"),
)  # fmt: skip

STARS = (
    Row("*: the children", "* status",
        like(r"\A\[/backstores\]\nStatus for /backstores: \n\[/iscsi\]\nStatus for /iscsi")),
    Row("*: the children of a path", "/backstores/* status",
        like(r"\A\[/backstores/block\]\nStatus for /backstores/block: Storage Objects: 0\n"
             r"\[/backstores/fileio\]\nStatus for /backstores/fileio: Storage Objects: 1\n"),
        differs="`/backstores/* status`"),
    Row("*: within a path", "/iscsi/*/tpg1/luns/* status",
        like(rf"\A\[{TPG}/luns/lun0\]\nStatus for {TPG}/luns/lun0: .*\Z")),
    Row("*: alone lists", "/backstores/*", like(r"\A\[/backstores/block\]\no- block "),
        world=EMPTY),
    Row("*: changes all", f"{TPG}/acls/* set attribute dataout_timeout=7",
        f"[{ACL}]\nParameter dataout_timeout is now '7'.\n"
        f"[{TPG}/acls/iqn.2003-01.org.example:j]\nParameter dataout_timeout is now '7'.",
        given=(f"{TPG}/acls create iqn.2003-01.org.example:j",),
        kernel={f"{K_ACL}/attrib/dataout_timeout": "7",
                f"{K_TPG}/acls/iqn.2003-01.org.example:j/attrib/dataout_timeout": "7"}),
    Row("*: one that fails leaves the others", f"{TPG}/acls/* create 0 lun0",
        f"[{ACL}]\n[{TPG}/acls/iqn.2003-01.org.example:j]\nCreated Mapped LUN 0.",
        err="This MappedLUN already exists in configFS",
        given=(f"{TPG}/acls create iqn.2003-01.org.example:j false",),
        kernel={f"{K_TPG}/acls/iqn.2003-01.org.example:j/lun_0": "/"}),
    Row("*: the failed one is named", f"{TPG}/acls/* create 0 lun0",
        f"[{ACL}]", err=f"{ACL}/mapped_lun0: This MappedLUN already exists in configFS"),
    Row("*: there is nothing", "/loopback/* status", world=EMPTY,
        aside="Note: nothing matches /loopback/*"),
    Row("*: part of a name", "/iscsi/*/tpg*/luns/lun? status",
        like(rf"\A\[{TPG}/luns/lun0\]\nStatus for {TPG}/luns/lun0: .*\Z"),
        differs="`/backstores/* status`"),
    Row("*: part of a name with brackets", f"{TPG}/portals/[::0]:* status",
        f"[{TPG}/portals/[::0]:3260]\nStatus for {TPG}/portals/[::0]:3260: ",
        differs="`/backstores/* status`"),
    Row("*: part of no name", "/iscsi/*/tpg*/acls/nosuch* set attribute dataout_timeout=7",
        err="nothing matches /iscsi/*/tpg*/acls/nosuch*", differs="`/backstores/* status`"),
    Row("*: a name that has one", "/backstores/ramdisk/r* status",
        "Status for /backstores/ramdisk/r*: (1.0MiB) deactivated", world=EMPTY,
        given=("/backstores/ramdisk create name=r2 size=1M",
               "/backstores/ramdisk create name=r* size=1M")),
    Row("*: the path before is not there", "/nosuch/* status", err="No such path /nosuch"),
    Row("*: a path behind that only some have", "/iscsi/*/tpg2 status",
        err="No such path", given=("/iscsi create iqn.2003-01.org.example:b",
                                   "/iscsi/iqn.2003-01.org.example:b create 2")),
    Row("*: under the current path", "acls/* status", like(rf"\A\[{ACL}\]\n"),
        given=(f"cd {TPG}",)),
)  # fmt: skip

ROWS = (*PATHS, *PARAMETERS, *KEPT, *CARETS, *STARS)
