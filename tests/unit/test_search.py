# SPDX-License-Identifier: Apache-2.0
"""help search: what it finds, in which order, and that it knows of everything there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rtslib_ext import schema
from rtslib_ext.config.model import AUTH_NAMES
from rtslib_ext.schema import releases
from targetcli import options
from targetcli.command_table import places
from targetcli.command_table.command import Command
from targetcli.command_table.rows import every_row
from targetcli.command_table.synonyms import SYNONYMS
from targetcli.commands import search
from targetcli.preference import PREFERENCES

LINE = re.compile(r"[\w-]+ \((command|parameter of \w+|.*, group \w+|option before).*\): .*\.")


def found(*words: str) -> list[str]:
    return [f"{entry.name} ({entry.where})" for entry in search.find(words)]


def test_everything_can_be_found() -> None:
    names = {entry.name for entry in search.entries()}
    assert {row.name for row in every_row()} <= names
    assert {item.name for row in every_row() for item in row.parameters if item.text} <= names
    assert {*PREFERENCES, *AUTH_NAMES, "enable", "alua_tg_pt_gp_name"} <= names
    assert {row.name for row in options.ROWS} <= names
    shown = set(places.SETTINGS) - {"auth", "lun_alua"}
    assert {row.name for group in shown for row in schema.GROUPS[group]} <= names


def test_every_place_has_a_name() -> None:
    assert set(places.SETTINGS) == set(schema.GROUPS)
    assert [row.name for row in every_row() if not places.of(row)] == []


def test_a_line_each() -> None:
    for entry in search.entries():
        assert LINE.fullmatch(entry.line), entry.line
        assert "Example" not in entry.line and "\n" not in entry.line


def test_names_come_first() -> None:
    assert found("login_timeout") == ["login_timeout (TPG, group attribute, iscsi only)"]
    assert found("auto_save")[0] == "auto_save_on_exit (everywhere, group global)"
    timeout = [name.partition(" ")[0] for name in found("timeout")]
    with_it = ["timeout" in name.replace("_", "") for name in timeout]
    assert with_it == sorted(with_it, reverse=True) and True in with_it
    assert found("create")[0] == "create (command, /FABRIC)"


def test_all_words_in_any_case() -> None:
    both = found("Write", "CACHE")
    assert both[0].startswith("emulate_write_cache (/backstores/KIND/NAME, group attribute")
    assert set(both) < set(found("cache"))
    assert found("nosuchword") == [] == found("cache", "nosuchword")


def test_where_things_are() -> None:
    assert "userid (TPG and TPG/acls/WWN, group auth, iscsi only)" in found("userid")
    mutual = found("mutual_password")[0]
    assert mutual == "mutual_password (TPG and TPG/acls/WWN, group auth, iscsi only)"
    assert "enable (/iscsi, group discovery_auth, iscsi only)" in found("enable")
    assert "clear_existing (parameter of restoreconfig, /)" in found("clear_existing")
    assert "get (command, everywhere)" in found("get")
    assert "saveconfig (command, /)" in found("saveconfig")


# What is found first for a word that neither a name nor a text has, or not all of them.
MEANT = {
    "chap": ["userid", "password", "mutual_userid", "mutual_password", "authentication"],
    "CHAP": ["userid", "password", "mutual_userid", "mutual_password", "authentication"],
    "secret": ["password", "mutual_password"],
    "secrets": ["password", "mutual_password"],
    "credentials": ["userid", "password"],
    "login": ["userid", "password", "login_timeout", "create"],
    "timeout": ["login_timeout", "nopin_timeout", "dataout_timeout"],
    "readonly": ["readonly", "write_protect", "demo_mode_write_protect"],
    "read-only": ["readonly", "write_protect", "demo_mode_write_protect"],
    "write-protect": ["write_protect", "prod_mode_write_protect"],
    "thin": ["emulate_tpu", "emulate_tpws", "sparse"],
    "trim": ["emulate_tpu", "emulate_tpws", "unmap_granularity"],
    "discard": ["emulate_tpu", "emulate_tpws"],
    "cache": ["emulate_write_cache", "write_back"],
    "multipath": ["alua_access_state", "alua_access_type", "preferred", "drain"],
    "failover": ["alua_access_state", "drain"],
    "persistent reservations": ["emulate_pr", "force_pr_aptpl", "holder", "registrants"],
    "expand": ["resize", "rescan"],
    "listen": ["create", "ip_address"],
    "bind": ["create", "ip_address", "ip_port"],
    "iqn": ["create"],
    "masking": ["create", "add_mapped_luns"],
    "naa": ["vpd_unit_serial"],
    "keepalive": ["nopin_timeout"],
    "vmware": ["emulate_caw", "emulate_3pc"],
    "preview": ["dry_run", "diff"],
    "sector size": ["block_size"],
    "connected": ["sessions", "hosts"],
    "role": ["--role"],
    "--batch": ["--batch"],
    "owner": ["owner", "owners"],
    "--confirm-within": ["confirm_within"],
    "separate kernel": ["--sandbox"],
}


@pytest.mark.parametrize("words", MEANT)
def test_what_admins_call_it(words: str) -> None:
    names = [entry.name for entry in search.find(words.split())]
    assert set(MEANT[words]) <= set(names)


def test_a_synonym_comes_before_a_text() -> None:
    names = [entry.name for entry in search.find(["chap"])]
    assert {"userid", "password", "authentication"} <= set(names[:8])


@pytest.mark.parametrize("word", SYNONYMS)
def test_a_synonym_is_needed_and_names_what_there_is(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = set(SYNONYMS[word])
    assert word.isalnum() and word.islower()
    assert names <= {text for entry in search.entries() for text in (entry.name, entry.label)}
    found = search.find([word])
    monkeypatch.setattr(search, "SYNONYMS", {})
    assert search.find([word]) != found


@pytest.mark.parametrize("row", every_row(), ids=lambda row: f"{row.name} {','.join(row.on)[:20]}")
def test_every_command_has_an_example(row: Command) -> None:
    assert re.search(rf"\n\nExample: {row.name}\b[^\n]*$", row.text)


def test_settings_say_which_kernels_have_them() -> None:
    """Where they are shown: in the search, in help and get, and in the manual."""
    manual = (Path(__file__).parents[2] / "man/targetcli-attributes.7").read_text()
    for group, row in releases.changed():
        when = f"Removed in Linux {row.until}." if row.until else f"Since Linux {row.since}."
        lines = [entry.line for entry in search.find([row.name]) if entry.name == row.name]
        assert lines and all(line.endswith(f". {when}") for line in lines), (group, row.name)
        assert schema.facts(row).endswith(when)
        part = manual.partition(f"\\fB{row.name}\\fR")[2].partition(".TP\n")[0]
        assert when in part, row.name


def test_settings_of_every_kernel_say_nothing_of_it() -> None:
    (entry,) = search.find(["emulate_tpu"])[:1]
    assert "Linux" not in entry.line
