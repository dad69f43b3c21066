#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generate the parts of the manual pages that come from tables: build.py [--check]

In a page, two comments with the name of a part enclose it. --check changes nothing and exits
with status 1 if a part differs from its table.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MAN = Path(__file__).parent
sys.path.insert(0, str(MAN.parent))

from rtslib_ext import schema  # noqa: E402
from rtslib_ext.checks.rules import RULES  # noqa: E402
from rtslib_ext.savefile import encode  # noqa: E402
from rtslib_ext.schema import Attribute  # noqa: E402
from rtslib_ext.schema.describe import takes  # noqa: E402
from rtslib_ext.schema.tables import RETIRED  # noqa: E402
from targetcli.command_table import places  # noqa: E402
from targetcli.command_table.command import Command, Parameter  # noqa: E402
from targetcli.command_table.rows import every_row  # noqa: E402
from targetcli.preference import PREFERENCES, show_value  # noqa: E402

PART = re.compile(
    r'(?P<begin>^\.\\" BEGIN (?P<name>[a-z-]+)\n).*?(?P<end>^\.\\" END (?P=name)\n)',
    re.MULTILINE | re.DOTALL,
)
# Words of running text that users type literally, so that a - in them is not a hyphen.
LITERAL = re.compile(r"^[-+(]*-|-[,.]?$|[/=_@]")

# The groups of the schema: title, and place of the settings.
GROUPS = {
    "storage_object": (
        "Storage objects",
        "Group attribute of /backstores/KIND/NAME; key attributes in the save file.",
    ),
    "wwn": (
        "Identity of storage objects",
        "Group identity of /backstores/KIND/NAME. The unit serial is also the parameter wwn of "
        "create, and the key wwn in the save file; the other settings are below the key rtslib_ext "
        "there.",
    ),
    "device": (
        "Storage objects: other files",
        "Group device of /backstores/KIND/NAME; below the key rtslib_ext in the save file.",
    ),
    "reservations": (
        "Reservations of storage objects",
        "Group reservations of /backstores/KIND/NAME, read-only. Types are those of SPC-4: 1, 3, "
        "5, 6, 7 and 8.",
    ),
    "lu_group": (
        "Logical unit groups",
        "Group alua of /backstores/lu_gps/GROUP; lu_groups below the key rtslib_ext in the save "
        "file.",
    ),
    "alua": (
        "Target port groups of storage objects",
        "Group alua of /backstores/KIND/NAME/alua/GROUP; key alua_tpgs in the save file.",
    ),
    "lun_alua": (
        "LUNs",
        "Group alua of TPG/luns/lunN, where alua_tg_pt_gp has the name alua_tg_pt_gp_name; keys "
        "of luns in the save file.",
    ),
    "fabric": (
        "Fabrics",
        "Group fabric of /iscsi; cpus_allowed_list is a key of fabric_modules in the save file.",
    ),
    "target_parameter": (
        "Targets",
        "Group parameter of /FABRIC/WWN for fabrics whose targets have several TPGs; key "
        "parameters of targets in the save file.",
    ),
    "tpg_attribute": (
        "TPGs: attributes",
        "Group attribute of a TPG; key attributes of tpgs in the save file.",
    ),
    "tpg_parameter": (
        "TPGs: parameters",
        "Group parameter of a TPG; key parameters of tpgs in the save file. For iSCSI these are "
        "the keys of RFC 7143, which target and initiator negotiate at login: a change applies "
        "to later logins.",
    ),
    "tpg": (
        "TPGs: other files",
        "Group port of a TPG; below the key rtslib_ext in the save file.",
    ),
    "acl_attribute": (
        "Node ACLs: attributes",
        "Group attribute of TPG/acls/WWN; key attributes of node_acls in the save file.",
    ),
    "acl_parameter": ("Node ACLs: parameters", "Group parameter of TPG/acls/WWN."),
    "acl": (
        "Node ACLs: other files",
        "Group initiator of TPG/acls/WWN. The tag is changed with the commands tag and untag, and "
        "is the key tag in the save file; cmdsn_depth is the key tcq_depth there.",
    ),
    "auth": (
        "CHAP",
        "Group auth of a TPG and of TPG/acls/WWN, and group discovery_auth of /iscsi. There "
        "userid_mutual and password_mutual have the names mutual_userid and mutual_password, and "
        "enforce_discovery_auth has the name enable. In the save file, the names begin with "
        "chap_ or discovery_.",
    ),
}


# -- roff -----------------------------------------------------------------------------------


def literal(text: str) -> str:
    """Escape a text that users type literally, so that no character becomes a typographic one."""
    for char, escape in (
        ("\\", r"\e"),
        ("-", r"\-"),
        ("'", r"\(aq"),
        ("`", r"\(ga"),
    ):
        text = text.replace(char, escape)
    return text.replace("~", r"\(ti").replace("^", r"\(ha")


def prose(text: str) -> str:
    """Return running text as roff lines, none of which is a request."""
    text = text.replace("±", r"\[u00B1]")
    words = [literal(word) if LITERAL.search(word) else word for word in text.split()]
    return "\n".join(rf"\&{line}" if line[0] in ".'" else line for line in _wrapped(words))


def _wrapped(words: list[str]) -> Iterator[str]:
    """Yield lines of at most 78 characters; each sentence begins on a new line."""
    line = ""
    for word in words:
        if line and (len(line) + len(word) > 78 or (line.endswith(".") and word[0].isupper())):
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def bold(text: str) -> str:
    """Return a literal text in bold."""
    return rf"\fB{literal(text)}\fR"


def italic(text: str) -> str:
    """Return a literal text in italics."""
    return rf"\fI{literal(text)}\fR"


def entry(label: str, *paragraphs: str) -> Iterator[str]:
    """Yield a labelled paragraph; each further paragraph begins on a new line."""
    yield ".TP"
    yield label
    yield from "\n.br\n".join(paragraphs).split("\n")


# -- commands and preferences ---------------------------------------------------------------


def commands() -> Iterator[str]:
    """Yield the commands by place."""
    found: dict[str, list[Command]] = {}
    for row in every_row():
        found.setdefault(places.of(row), []).append(row)
    if "" in found:
        names = ", ".join(f"{row.name} on {row.on}" for row in found[""])
        raise SystemExit(f"targetcli.command_table.places has no place for {names}")
    for place, rows in found.items():
        yield f".SS {literal(place)}"
        for row in sorted(rows, key=lambda row: row.name):
            yield from command(row)


def command(row: Command) -> Iterator[str]:
    """Yield one command: syntax, description, parameters, example."""
    text, _, example = row.text.partition("\n\nExample: ")
    words = [bold(row.name), *(_word(item) for item in row.parameters)]
    if row.more:
        words.append(f"[{italic(row.more)}...]")
    if row.keywords:
        words.append(rf"[{italic(row.keywords)}\fB=\fR{italic('value')}...]")
    yield from entry(" ".join(words), prose(text))
    told = [item for item in row.parameters if item.text]
    if told:
        yield ".RS"
        for item in told:
            yield from entry(italic(item.name), prose(_meaning(item)))
        yield ".RE"
    if example:
        yield from (".IP", f"Example: {bold(example.strip())}")


def _word(item: Parameter) -> str:
    return italic(item.name) if item.required else f"[{italic(item.name)}]"


def _meaning(item: Parameter) -> str:
    text = item.text if item.default is None else f"{item.text} (default {item.default.lower()})"
    return f"{text}."


def preferences() -> Iterator[str]:
    """Yield the preferences with their defaults."""
    for row in PREFERENCES.values():
        default = "log.txt" if row.name == "logfile" else show_value(row.kind, row.default)
        yield from entry(f"{bold(row.name)} ({literal(default)})", prose(row.text))


def rules() -> Iterator[str]:
    """Yield the rules of check."""
    for rule in RULES:
        label = f"{bold(rule.name)} ({rule.severity.value})"
        yield from entry(label, prose(f"{rule.meaning} {rule.cure}"))


# -- attributes -----------------------------------------------------------------------------


def attributes() -> Iterator[str]:
    """Yield the settings of the kernel by group."""
    for group, (title, place) in GROUPS.items():
        yield from (f".SS {literal(title)}", prose(place))
        for row in sorted(schema.GROUPS[group], key=lambda row: row.name.lower()):
            yield from attribute(row)


def attribute(row: Attribute) -> Iterator[str]:
    """Yield one setting: description, valid values, default, kernels and source."""
    only = (*row.backstores, *row.fabrics)
    label = bold(row.name) + (f" ({', '.join(only)})" if only else "")
    yield from entry(label, prose(row.text), prose(schema.facts(row)), _source(row))


def _source(row: Attribute) -> str:
    words = [rf"\%{literal(word)}" if "/" in word else word for word in row.source.split()]
    return "\n".join(_wrapped([r"\fISource:\fR", *words])) + "."


def retired() -> Iterator[str]:
    """Yield the settings that only old kernels had."""
    for names in RETIRED.values():
        for name, reason in names.items():
            yield from entry(bold(name), prose(f"{reason}."))


def alua_keys() -> Iterator[str]:
    """Yield the settings of a target port group in a save file, with their defaults."""
    for name in encode.ALUA_KEYS:
        row = schema.alua(name)
        default = row.default if row and row.default is not None else "none"
        yield from entry(f"{bold(name)} (number, {literal(default)})", prose(_takes_of(row)))


def _takes_of(row: Attribute | None) -> str:
    return takes(row) if row else "Not checked."


# -- pages ----------------------------------------------------------------------------------

PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "preferences": preferences,
    "rules": rules,
    "attributes": attributes,
    "retired": retired,
    "alua-keys": alua_keys,
}


def pages() -> list[Path]:
    """Return the paths of the manual pages."""
    return sorted(path for path in MAN.iterdir() if re.fullmatch(r"\.[1-8]", path.suffix))


def built(text: str) -> str:
    """Return a page with its generated parts up to date."""

    def part(found: re.Match[str]) -> str:
        lines = "".join(f"{line}\n" for line in PARTS[found["name"]]())
        return found["begin"] + lines + found["end"]

    return PART.sub(part, text)


def main(words: list[str]) -> int:
    """Write the pages, or with --check compare them; return the exit status."""
    if words not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    drifted = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = built(text)
        if new == text:
            continue
        drifted += 1
        if words:
            print(f"man/{page.name} differs from its tables: run man/build.py", file=sys.stderr)
        else:
            page.write_text(new, encoding="utf-8")
            print(f"man/{page.name} written")
    return 1 if words and drifted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
