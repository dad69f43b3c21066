# SPDX-License-Identifier: Apache-2.0
"""The schema: checks of values, lookups, and the sanity of every row."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from rtslib_ext import schema
from rtslib_ext.errors import InvalidValue
from rtslib_ext.schema import Attribute, Kind

ROWS = [(group, row) for group, rows in schema.GROUPS.items() for row in rows]
every_row = pytest.mark.parametrize(
    ("group", "row"), ROWS, ids=[f"{group}-{row.name}" for group, row in ROWS]
)

BOOL = Attribute("flag", Kind.BOOL, "")
YESNO = Attribute("Key", Kind.YESNO, "")
NUMBER = Attribute("time", Kind.NUMBER, "", unit="seconds", low=3, high=60, choices=(("0", "off"),))
AT_LEAST = Attribute("depth", Kind.NUMBER, "", low=1, bound="hw_queue_depth")
FLOOR = Attribute("floor", Kind.NUMBER, "", low=0)
TEXT = Attribute("alias", Kind.STRING, "", high=5, without=",")
NAMED = Attribute("name", Kind.STRING, "", low=1, high=5)
CHOICE = Attribute("size", Kind.CHOICE, "", unit="bytes", choices=(("512", "a"), ("4096", "b")))
FIXED = Attribute("fixed", Kind.CHOICE, "", choices=(("1", "always"),))
LIST = Attribute("Digest", Kind.CHOICE, "", choices=(("CRC32C", "a"), ("None", "b")), many=True)
SHOWN = Attribute(
    "state", Kind.CHOICE, "", choices=(("0", "a"), ("2", "b")), shown=(("Standby", "2"),)
)


@pytest.mark.parametrize(
    ("row", "value", "written"),
    [
        *((BOOL, word, "1") for word in ("1", "true", "TRUE", "yes", "On", " 1 ")),
        *((BOOL, word, "0") for word in ("0", "false", "No", "off")),
        *((YESNO, word, "Yes") for word in ("Yes", "yes", "YES", "true", "1")),
        *((YESNO, word, "No") for word in ("No", "no", "False", "0")),
        *((NUMBER, word, "16") for word in ("16", "0x10", "0X10", "016", " 16\n")),
        (NUMBER, "3", "3"),
        (NUMBER, "60", "60"),
        (NUMBER, "0", "0"),
        (AT_LEAST, "4096", "4096"),
        (TEXT, "", ""),
        (TEXT, "a b c", "a b c"),
        (TEXT, " a ", " a "),
        (NAMED, "éé", "éé"),
        (CHOICE, "4096", "4096"),
        (CHOICE, "0x200", "512"),
        (FIXED, "true", "1"),
        (LIST, "none", "None"),
        (LIST, "none, crc32c", "None,CRC32C"),
        (SHOWN, "Standby", "2"),
        (SHOWN, "standby", "2"),
        (SHOWN, "0", "0"),
    ],
)
def test_check_gives_the_form_the_kernel_wants(row: Attribute, value: str, written: str) -> None:
    assert row.check(value) == written


@pytest.mark.parametrize(
    ("row", "value"),
    [
        *((BOOL, word) for word in ("", "2", "-1", "10", "truely", "enable")),
        *((YESNO, word) for word in ("", "Maybe", "Irrelevant")),
        *((NUMBER, word) for word in ("", "2", "61", "-3", "1e1", "1_0", "0x", "0x_a", "3.5", "²")),
        (AT_LEAST, "0"),
        (FLOOR, "-1"),
        *((TEXT, word) for word in ("abcdef", "a,b", "a\nb", "a\0b", "ééé")),
        (NAMED, ""),
        *((CHOICE, word) for word in ("", "1024", "512b", "true")),
        *((FIXED, word) for word in ("0", "off", "2")),
        *((LIST, word) for word in ("", "CRC32C,", "CRC32C,MD5")),
        (SHOWN, "Stand"),
    ],
)
def test_check_refuses(row: Attribute, value: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        row.check(value)
    assert str(refusal.value) == f"{row.name} takes {row.takes()}, not {value!r}"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (BOOL, "0 or 1"),
        (YESNO, "Yes or No"),
        (NUMBER, "a number from 3 to 60 seconds, or 0 (off)"),
        (AT_LEAST, "a number from 1 up to hw_queue_depth"),
        (FLOOR, "a number of at least 0"),
        (TEXT, "text of at most 5 bytes without a line break or ','"),
        (NAMED, "text of 1 to 5 bytes without a line break"),
        (CHOICE, "512 or 4096 bytes"),
        (LIST, "a list of CRC32C or None, the preferred one first"),
    ],
)
def test_takes_says_what_is_legal(row: Attribute, words: str) -> None:
    assert row.takes() == words


@pytest.mark.parametrize(
    ("since", "until", "release", "there"),
    [
        ("", "", "3.10.0-1160.el7.x86_64", True),
        ("6.7", "", "6.1.176", False),
        ("6.7", "", "6.7.0-rc1", True),
        ("6.7", "", "6.12.101", True),
        ("", "6.6", "6.5.13", True),
        ("", "6.6", "6.6", False),
        ("", "6.6", "6.12.0", False),
        ("6.7", "", "10.0", True),
    ],
)
def test_in_kernel(since: str, until: str, release: str, there: bool) -> None:
    row = Attribute("name", Kind.BOOL, "", since=since, until=until)
    assert row.in_kernel(release) is there


@every_row
def test_row_is_complete(group: str, row: Attribute) -> None:
    assert row.name.strip() == row.name != ""
    assert row.text.endswith(".") and row.text[0].isupper() and "  " not in row.text
    assert 40 <= len(row.text) <= 330
    assert row.source


@every_row
def test_row_is_consistent(group: str, row: Attribute) -> None:
    if row.low is not None and row.high is not None:
        assert row.low <= row.high
    if row.kind is Kind.CHOICE:
        assert row.choices
    if row.kind is Kind.NUMBER and row.writable:
        assert row.low is not None
        assert row.high is not None or row.bound
    if row.many or row.shown:
        assert row.kind is Kind.CHOICE
    values = [value for value, _ in row.choices]
    assert len(values) == len(set(values))
    assert all(meaning for _, meaning in row.choices)
    assert all(written in values for _, written in row.shown)
    assert row.writable or row.live


@every_row
def test_row_takes_its_own_values(group: str, row: Attribute) -> None:
    if row.writable and row.default is not None:
        assert row.check(row.default) == row.default
    for value, _ in row.choices:
        assert row.check(value) == value
    if row.kind is Kind.NUMBER:
        for edge in (row.low, row.high):
            assert edge is None or row.check(str(edge)) == str(edge)


@pytest.mark.parametrize("group", schema.GROUPS)
def test_no_file_has_two_rows(group: str) -> None:
    rows = schema.GROUPS[group]
    kinds = ("block", "fileio", "pscsi", "ramdisk", "user")
    fabrics = sorted({fabric for row in rows for fabric in row.fabrics}) or [""]
    files = [
        (row.name, kind, fabric)
        for row in rows
        for kind in (row.backstores or kinds)
        for fabric in (row.fabrics or fabrics)
    ]
    assert len(files) == len(set(files))


@pytest.mark.parametrize(
    ("row", "default"),
    [
        (schema.storage_object("emulate_tpu", "fileio"), "0"),
        (schema.storage_object("cmd_time_out", "user"), "30"),
        (schema.storage_object("alua_support", "pscsi"), "0"),
        (schema.storage_object("alua_support", "block"), "1"),
        (schema.wwn("company_id"), str(0x001405)),
        (schema.tpg_attribute("generate_node_acls"), "0"),
        (schema.tpg_attribute("generate_node_acls", "qla2xxx"), "1"),
        (schema.tpg_attribute("fabric_prot_type", "vhost"), "0"),
        (schema.tpg("rtpi", "srpt"), None),
        (schema.tpg_parameter("MaxConnections"), "1"),
        (schema.tpg_parameter("alias", "xen-pvscsi"), None),
        (schema.acl_attribute("nopin_timeout"), "15"),
        (schema.acl("cmdsn_depth"), None),
        (schema.acl_parameter("MaxConnections"), "No Active iSCSI Session"),
        (schema.auth("userid"), ""),
        (schema.target_parameter("cmd_completion_affinity"), "-1"),
        (schema.alua("nonop_delay_msecs"), "100"),
        (schema.lun_alua("alua_tg_pt_offline"), "0"),
    ],
)
def test_lookup(row: Attribute | None, default: str | None) -> None:
    assert row is not None
    assert row.default == default


def test_lookup_of_unknown_names() -> None:
    assert schema.storage_object("emulate_tpu", "pscsi") is None
    assert schema.storage_object("emulate_tpu", "nosuch") is None
    assert schema.storage_objects("nosuch") == ()
    assert schema.tpg_attribute("netif_timeout", "loopback") is None
    assert schema.tpg("fabric_prot_type", "iscsi") is None
    assert schema.tpg_parameter("MaxConnections", "loopback") is None
    unknown = [
        schema.wwn, schema.tpg_attribute, schema.tpg, schema.tpg_parameter, schema.acl_attribute,
        schema.acl, schema.acl_parameter, schema.auth, schema.target_parameter, schema.alua,
        schema.lun_alua,
    ]  # fmt: skip
    assert [lookup("nosuch") for lookup in unknown] == [None] * len(unknown)


def test_lists() -> None:
    names = {row.name for row in schema.storage_objects("pscsi")}
    assert {"hw_block_size", "emulate_pr", "submit_type"} <= names
    assert "block_size" not in names
    assert {row.name for row in schema.tpg_attributes("loopback")} == {"fabric_prot_type"}


def test_known_remembers_old_kernels() -> None:
    assert schema.known("storage_object", "emulate_rsoc")
    assert schema.known("storage_object", "fabric_max_sectors")
    assert schema.known("tpg_attribute", "netif_timeout")
    assert not schema.known("tpg_attribute", "fabric_max_sectors")
    assert not schema.known("nosuch", "emulate_tpu")
    assert "hw_max_sectors" in schema.retired("storage_object", "max_sectors")
    assert schema.retired("storage_object", "emulate_tpu") == ""


def test_import_is_cheap() -> None:
    code = (
        "import sys, rtslib_ext.schema; "
        "print(*{name.partition('.')[0] for name in sys.modules} & {'json', 'rtslib_fb', "
        "'pyudev', 'subprocess', 'typing', 'pathlib', 'configshell_fb', 'urwid', 'pyparsing'})"
    )
    start = "import sys; sys.path[:0] = sys.argv[1:]; "
    command = [sys.executable, "-I", "-S", "-c", start + code]
    done = subprocess.run([*command, *sys.path], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


# They are names, not amounts.
WITHOUT_UNIT = {
    "cmd_completion_affinity", "company_id", "default_complete_type", "default_submit_type",
    "generation", "hw_pi_prot_type", "lu_gp_id", "nl_reply_supported", "rtpi", "tg_pt_gp_id",
}  # fmt: skip
# The device, the handler, the object around it or whoever makes it decides.
WITHOUT_DEFAULT = {
    "acl cmdsn_depth", "acl_attribute default_erl", "alua tg_pt_gp_id", "fabric cpus_allowed_list",
    "lun_alua alua_tg_pt_gp", "tpg nexus",
    "storage_object dev_config", "storage_object dev_size", "storage_object nl_reply_supported",
    "storage_object pi_prot_type", "tpg rtpi", "tpg_parameter alias", "wwn product_id",
    "wwn revision", "wwn vendor_id", "wwn vpd_unit_serial",
}  # fmt: skip
SOURCE = re.compile(
    r"\b(SPC-4|SBC-[34]|SAM-\d|RFC \d{4}|(drivers|include|fs|kernel|Documentation)/[\w./-]+)"
)


@every_row
def test_row_tells_everything(group: str, row: Attribute) -> None:
    assert SOURCE.search(row.source), row.source
    # What it means, and when one would change it or what it is good for.
    assert row.text.count(". ") >= 1
    if row.kind is Kind.NUMBER:
        assert (row.unit == "") is (row.name in WITHOUT_UNIT)
    if row.writable:
        known = row.default is not None or bool(row.defaults)
        assert known or f"{group} {row.name}" in WITHOUT_DEFAULT
    if row.kind is Kind.STRING and row.writable:
        assert row.high
    facts = schema.facts(row)
    assert facts.startswith("Takes " if row.writable else "Read only")
    assert ("Fixed while " in facts) is (row.writable and not row.live)
    assert ("Default: " in facts) is (row.default is not None or bool(row.defaults))
    for _, value in row.defaults:
        assert row.check(value) == value


def test_facts_in_words() -> None:
    row = schema.storage_object("block_size", "fileio")
    assert row and schema.facts(row).endswith("Default: 512. Fixed while a LUN exports it.")
    row = schema.storage_object("queue_depth", "block")
    facts = row and schema.facts(row)
    assert facts and "Default: 128 (fileio), 128 (ramdisk); on a block device, that of" in facts
    row = schema.tpg("rtpi")
    assert row and "Fixed while the TPG is enabled." in schema.facts(row)
