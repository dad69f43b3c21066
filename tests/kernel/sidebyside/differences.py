# SPDX-License-Identifier: Apache-2.0
"""Where the two tools differ on purpose: every difference by name, with its row of the document.

One that no call needs any more fails the test that counts them; so does one whose row is not
in COMPATIBILITY.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A part of standard output: a pattern for each tool's, and what both become."""

    fb: str
    ours: str
    same: str | Callable[[re.Match[str]], str] = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, for the calls whose text the pattern ``calls`` is found in."""

    name: str
    row: str
    """The first cell of its row in COMPATIBILITY.md."""
    calls: str = ""
    status: tuple[int, int] | None = None
    """Exit status of targetcli-fb, and of this tool."""
    stdout: tuple[Text, ...] = ()
    tree: str = ""
    """A pattern for the paths of the tree at which they may differ."""

    def applies(self, call: str) -> bool:
        """Whether it may explain something in this call."""
        return bool(re.search(self.calls, call, re.MULTILINE))


NOTHING = r"(?!)"
"""What is nowhere found."""
ALL = r"\A[\s\S]+\Z"


def _sorted(found: re.Match[str]) -> str:
    return "".join(sorted(found[0].splitlines(keepends=True)))


def _only_here(pattern: str) -> tuple[Text]:
    return (Text(NOTHING, pattern),)


def _only_there(pattern: str) -> tuple[Text]:
    return (Text(pattern, NOTHING),)


_MAPPED = r"(^Created mapped LUN \d+\.\n)+"
_WWNS = r"(?<=^wwns:\n)(.+\n)+"

DIFFERENCES: tuple[Difference, ...] = (
    # -- Standard input and output -----------------------------------------------------------
    Difference(
        "greeting",
        "greeting of the shell",
        calls="<<EOF",
        stdout=(
            Text(
                r"\Atargetcli shell version .*\nCopyright .*\nFor help",
                r"\Atargetcli shell version .*\nFor help",
                "For help",
            ),
        ),
    ),
    Difference(
        "help of the command line",
        "`--help`, `-h`, `help`",
        calls="^targetcli help$",
        status=(255, 0),
        stdout=_only_here(ALL),
    ),
    Difference(
        "state of the root",
        "`status` at `/`",
        calls=r"^targetcli (/ )?status$",
        status=(0, 1),
        stdout=(Text(r"^(Status for /: )\n", r"^(Status for /: )(.*\n)+", r"\1"),),
    ),
    Difference(
        "meanings of settings",
        "texts of `help`, and of settings in `get`",
        calls=r"\bget\b|\bset attribute$",
        stdout=(Text(r"^(-+\n).*$", r"^(-+\n).*$", r"\1"),),
    ),
    Difference(
        "types of settings",
        "types of settings in `set GROUP`",
        calls=r"set attribute$",
        stdout=(Text(r"=(number|string)\n-+$", r"=(number|string)\n-+$", "="),),
    ),
    Difference(
        "groups of LUNs",
        "`get alua` of a LUN",
        calls=r"/lun\d+ get alua$",
        stdout=_only_here(r"\n^alua_tg_pt_(offline|status|write_md)=.*\n-+\n.*\n"),
    ),
    Difference(
        "groups of ALUA",
        "`get alua` of an ALUA group",
        calls=r"/alua/\w+ get alua$",
        stdout=(
            Text(
                r"^(members|alua_support_lba_dependent)=.*\n-+$",
                r"^(members|alua_support_lba_dependent)=.*\n-+$",
                r"\1",
            ),
        ),
    ),
    Difference(
        "notes before a refusal",
        "notes of a failed command",
        calls=r"acls/\S+ create 0 0$|portals/? '?create \S+$",
        stdout=_only_there(r"^(Using default IP port 3260|Warning: TPG LUN \d+ already .*)\n"),
    ),
    Difference(
        "order by number",
        "order of created or listed objects",
        calls=r"acls/? create |acls/node1 info$",
        stdout=(Text(_MAPPED, _MAPPED, _sorted), Text(_WWNS, _WWNS, _sorted)),
    ),
    Difference(
        "groups that fb has not",
        "groups of settings, in `get` and `set` without one",
        calls=r"/backstores/\w+/\w+ [gs]et$",
        stdout=_only_here(r"(?<=^global attribute) device identity reservations$"),
    ),
    Difference(
        "more in info",
        "`info` of an ACL; of a storage object",
        calls=r"\binfo$",
        stdout=_only_here(r"^(cmdsn_depth|hba_mode|lun|mapped_lun|logged_in): .+\n"),
    ),
    Difference(
        "passwords",
        "passwords in `info`",
        calls=r" info$",
        stdout=(
            Text(
                r"^(chap_(mutual_)?password: ).*$",
                r"^(chap_(mutual_)?password: )\*\*\*$",
                r"\1",
            ),
        ),
    ),
    Difference(
        "passwords that are set",
        "passwords in `set`",
        calls=r"set (discovery_)?auth .*password=",
        stdout=(
            Text(
                r"^(Parameter (mutual_)?password is now ').*'\.$",
                r"^(Parameter (mutual_)?password is now ')\(hidden\)'\.$",
                r"\1",
            ),
        ),
    ),
    Difference(
        "no bookmarks",
        "`bookmarks show` without bookmarks",
        calls=r"bookmarks show$",
        stdout=(Text(r"yet\.\Z", r"yet\.\n\Z", "yet."),),
    ),
    # -- Commands ----------------------------------------------------------------------------
    Difference(
        "version of a fabric",
        "`version` of a fabric",
        calls="/iscsi version$",
        status=(1, 0),
        stdout=_only_here(ALL),
    ),
    Difference(
        "names of mapped LUNs",
        "`delete mapped_lun0`",
        calls=r"delete mapped_lun0$",
        status=(1, 0),
        stdout=_only_here(r"\ADeleted Mapped LUN 0\.\n\Z"),
        tree=r"iscsi/.*/acls/.*/lun_0(/.*)?",
    ),
    Difference(
        "unknown tags",
        "`untag` of a tag or name that does not exist",
        calls=r"untag nosuch$",
        status=(0, 1),
    ),
    Difference(
        "sizes of nothing",
        "a ramdisk of size 0",
        calls=r"ramdisk create \w+ 0$",
        status=(0, 1),
        stdout=_only_there(ALL),
        tree=r"core/rd_mcp/empty(/.*)?|core/alua/.*/members",
    ),
    Difference(
        "booleans",
        "boolean parameters",
        calls=r"write_back=0",
        status=(1, 0),
        stdout=_only_here(ALL),
        tree=r"core/fileio(/.*)?|core/alua/.*/members",
    ),
    # -- Saving ------------------------------------------------------------------------------
    Difference(
        "saving nothing over something",
        "saving an empty configuration over a saved one",
        calls="<<EOF",
        stdout=_only_there(
            r"(?<=^Global pref auto_save_on_exit=true\n)(Last \d+ configs saved .*\n)?"
            r"Configuration saved to .*\n"
        ),
    ),
    Difference(
        "nothing changed, nothing saved",
        "leaving a shell that changed nothing",
        calls="<<EOF",
        stdout=_only_there(
            r"^Global pref auto_save_on_exit=true\n(Last \d+ configs saved .*\n)?"
            r"Configuration saved to .*\n"
        ),
    ),
)
