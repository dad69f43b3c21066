# SPDX-License-Identifier: Apache-2.0
"""The metrics of the exporter, against the state of the kernel and the host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import checked
from prometheus_client.parser import text_string_to_metric_families

from targetcli.exporter.metrics import METRICS

from ..conftest import clear_all
from .harness import Shell
from .initiator import Refused, logged_in, until

NAME = "iqn.2003-01.org.example"
IQN, HOST, GUEST = f"{NAME}:t", f"{NAME}:host", f"{NAME}:guest"
TPG = f"/iscsi/{IQN}/tpg1"

Samples = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture(scope="module")
def user(_modules: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Two storage objects that a target exports, one of which lost its file; a saved file."""
    clear_all()
    folder = tmp_path_factory.mktemp("exporter")
    shell = Shell(folder / "home")
    shell.ok(f"/backstores/fileio create gone {folder}/gone.img 1M")
    shell.ok("/backstores/ramdisk create r 1M")
    shell.ok(f"/iscsi create {IQN}")
    for name in ("fileio/gone", "ramdisk/r"):
        shell.ok(f"{TPG}/luns create /backstores/{name}")
    for host in (HOST, f"{NAME}:other"):
        shell.ok(f"{TPG}/acls create {host}")
    shell.ok(f"{TPG}/portals create 127.0.0.1 3261")
    shell.ok(f"{TPG}/portals create 192.0.2.1 3262")
    shell.ok("/backstores/ramdisk/r/alua create standby 16")
    shell.ok("/backstores/ramdisk/r/alua/standby set alua alua_access_state=2")
    shell.ok("saveconfig")
    (folder / "gone.img").unlink()
    shell.ok(f"{TPG} set attribute login_timeout=20")
    yield shell
    clear_all()


def scraped(user: Shell, *options: str) -> Samples:
    """The samples of a scrape to a file: by metric, then by the values of the labels."""
    file = user.home.with_name("lio.prom")
    done = checked(user.ok(f"exporter --textfile {file} {' '.join(options)}", json=True))["data"]
    assert done == {"textfile": str(file), "bytes": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o644
    found: Samples = {}
    for family in text_string_to_metric_families(file.read_text()):
        assert METRICS[family.name].kind == family.type
        for item in family.samples:
            labels = tuple(item.labels[name] for name in METRICS[family.name].labels)
            assert labels not in found.setdefault(item.name, {}), item
            found[item.name][labels] = item.value
    return found


def test_states(user: Shell) -> None:
    found = scraped(user)
    assert found["lio_up"] == {(): 1}
    assert found["lio_backing_device_missing"] == {("fileio/gone",): 1, ("ramdisk/r",): 0}
    assert found["lio_storage_object_bytes"] == {("fileio/gone",): 1 << 20, ("ramdisk/r",): 1 << 20}
    states = {labels for labels, value in found["lio_alua_state"].items() if value}
    assert states == {
        ("fileio/gone", "default_tg_pt_gp", "active_optimized"),
        ("ramdisk/r", "default_tg_pt_gp", "active_optimized"),
        ("ramdisk/r", "standby", "standby"),
    }
    assert len(found["lio_alua_state"]) == 3 * 7
    portals = {labels[2]: value for labels, value in found["lio_portal_address_missing"].items()}
    assert portals == {"[::0]:3260": 0, "127.0.0.1:3261": 0, "192.0.2.1:3262": 1}
    assert found["lio_tpg_enabled"] == {("iscsi", IQN, "1"): 1}
    assert found["lio_unrestored_objects"] == {(): 0}
    assert "lio_saved_config_drift" not in found and "lio_reservation_info" not in found
    assert found["lio_saved_config_timestamp_seconds"][()] > 0


def test_what_differs_from_the_saved_file(user: Shell) -> None:
    found = scraped(user, "--drift")
    assert found["lio_saved_config_drift"] == {(): 1}
    assert found["lio_backing_device_changed"] == {("fileio/gone",): 0, ("ramdisk/r",): 0}


def test_sessions_logins_and_commands(user: Shell) -> None:
    with pytest.raises(Refused), logged_in(f"{NAME}:nobody", IQN):
        pass
    assert scraped(user)["lio_host_connected_paths"] == {(HOST,): 0, (f"{NAME}:other",): 0}
    with logged_in(HOST, IQN) as connection:
        connection.luns()
        until(lambda: "lio_session_info" in scraped(user))
        found = scraped(user)
    assert found["lio_session_info"] == {(HOST, IQN, "1", "127.0.0.1", "0"): 1}
    assert found["lio_host_connected_paths"] == {(HOST,): 1, (f"{NAME}:other",): 0}
    # Of three portals, one is on an address that this host does not have.
    assert found["lio_host_expected_paths"] == {(HOST,): 2, (f"{NAME}:other",): 2}
    assert found["lio_sessions"] == {(IQN,): 1} and found["lio_logins_total"] == {(IQN,): 1}
    failures = {kind: number for (_, kind), number in found["lio_login_failures_total"].items()}
    assert {kind: number for kind, number in failures.items() if number} == {"unknown_initiator": 1}
    assert found["lio_session_commands_total"] == {(IQN, "1", HOST): 1}
    assert found["lio_lun_commands_total"] == {
        ("iscsi", IQN, "1", "0", "fileio/gone"): 1,
        ("iscsi", IQN, "1", "1", "ramdisk/r"): 0,
    }
    mapped = found["lio_mapped_lun_commands_total"]
    assert mapped["iscsi", IQN, "1", HOST, "0"] == 1 and len(mapped) == 4


def test_guests_of_one_name_are_one_sample(user: Shell) -> None:
    user.ok(f"{TPG} set attribute generate_node_acls=1")
    with logged_in(GUEST, IQN), logged_in(GUEST, IQN, isid=2):
        until(lambda: (GUEST, IQN, "1", "", "1") in scraped(user).get("lio_session_info", {}))
    user.ok(f"{TPG} set attribute generate_node_acls=0")


def test_another_user_gets_what_it_may_read(user: Shell) -> None:
    """Only root knows whether a file in a closed directory exists."""
    # Python's own files may be those of root: what is imported is there before.
    scraped(user)
    os.seteuid(65534)
    try:
        user.ok("exporter --textfile /tmp/lio.prom", is_root=False)
    finally:
        os.seteuid(0)
    text = Path("/tmp/lio.prom").read_text()
    Path("/tmp/lio.prom").unlink()
    assert 'lio_lun_commands_total{fabric="iscsi",target="' in text
    assert 'lio_backing_device_missing{storage_object="ramdisk/r"} 0' in text
    assert 'lio_backing_device_missing{storage_object="fileio/gone"}' not in text


def test_what_is_refused(user: Shell) -> None:
    user.refuses("exporter --textfile /nonexistent/x", "/nonexistent/x cannot be written: no such")
