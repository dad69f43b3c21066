# SPDX-License-Identifier: Apache-2.0
"""Targets and target portal groups of every fabric this kernel has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .harness import TARGET, Shell, tree, value

IQN = "iqn.2003-01.org.example:a"
NAA = "naa.5001405000000001"
PORTAL = [
    "Global pref auto_add_default_portal=true",
    "Created default portal listening on all IPs (::0), port 3260.",
]
NO_PORTAL = "Default portal not created, TPGs within a target cannot share ip:port."


def test_create_makes_a_target_that_serves_at_once(shell: Shell) -> None:
    assert shell.ok(f"/iscsi create {IQN}").rows == [
        f"Created target {IQN}.",
        "Created TPG 1.",
        *PORTAL,
    ]
    at = f"iscsi/{IQN}/tpgt_1"
    assert value(f"{at}/enable") == "1"
    assert value(f"{at}/attrib/authentication") == "0"
    assert value(f"{at}/attrib/generate_node_acls") == "0"
    assert (TARGET / at / "np/[::0]:3260").is_dir()
    assert shell.ok(f"/iscsi/{IQN} status") == f"Status for /iscsi/{IQN}: TPGs: 1\n"
    assert shell.ok("/iscsi status") == "Status for /iscsi: Targets: 1\n"


def test_created_name_comes_first(shell: Shell) -> None:
    answer = shell.ok("/iscsi create")
    found = re.match(
        r"Created target (iqn\.2003-01\.org\.linux-iscsi\.\S+:sn\.[0-9a-f]{12})\.", answer
    )
    assert found and (TARGET / "iscsi" / found[1]).is_dir()
    answer = shell.ok("/loopback create")
    found = re.match(r"Created target (naa\.5001405[0-9a-f]{9})\.", answer)
    assert found and (TARGET / "loopback" / found[1]).is_dir()


@pytest.mark.parametrize(
    "typed, made",
    [
        ("IQN.2003-01.Org.Example:A", "iqn.2003-01.org.example:a"),
        ("iqn.2003-01.example:x.y-z", "iqn.2003-01.example:x.y-z"),
        ("naa.5001405000000002", "naa.5001405000000002"),
        ("50:01:40:50:00:00:00:02", "naa.5001405000000002"),
        ("naa.60014050000000000000000000000002", "naa.60014050000000000000000000000002"),
        ("eui.0014051234567890", "eui.0014051234567890"),
    ],
)
def test_names_of_iscsi_targets(shell: Shell, typed: str, made: str) -> None:
    assert shell.ok(f"/iscsi create wwn={typed}").rows[0] == f"Created target {made}."
    assert (TARGET / "iscsi" / made).is_dir()
    assert shell.ok(f"/iscsi delete {typed}") == f"Deleted Target {typed}.\n"
    assert not (TARGET / "iscsi" / made).exists()


def test_a_name_is_never_made_another(shell: Shell) -> None:
    name = "naa.60014050000000000000000000000abc"
    shell.ok(f"/loopback create {name}")
    assert (TARGET / "loopback" / name).is_dir()


def test_preferences_of_new_targets(shell: Shell) -> None:
    shell.ok("set global auto_add_default_portal=false")
    assert shell.ok(f"/iscsi create {IQN}").rows == [f"Created target {IQN}.", "Created TPG 1."]
    assert list((TARGET / f"iscsi/{IQN}/tpgt_1/np").iterdir()) == []
    shell.ok("set global auto_enable_tpgt=false")
    shell.ok(f"/iscsi/{IQN} create 2")
    assert value(f"iscsi/{IQN}/tpgt_2/enable") == "0"
    assert shell.ok(f"/iscsi/{IQN}/tpg2 status").endswith("/tpg2: disabled\n")


def test_tpgs(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    for words, tag in (("", 2), (" 5", 5), (" tag=tpg4", 4), ("", 3), (" 65535", 65535)):
        assert shell.ok(f"/iscsi/{IQN} create{words}").rows == [f"Created TPG {tag}.", NO_PORTAL]
        assert value(f"iscsi/{IQN}/tpgt_{tag}/enable") == "1"
        assert value(f"iscsi/{IQN}/tpgt_{tag}/attrib/authentication") == "0"
    assert shell.ok(f"/iscsi/{IQN} status").endswith(": TPGs: 6\n")
    assert shell.ok(f"/iscsi/{IQN} delete 5") == "Deleted TPGT 5.\n"
    assert shell.ok(f"/iscsi/{IQN} delete tag=tpg3") == "Deleted TPGT 3.\n"
    names = {path.name for path in (TARGET / "iscsi" / IQN).glob("tpgt_*")}
    assert names == {"tpgt_1", "tpgt_2", "tpgt_4", "tpgt_65535"}
    assert shell.ok(f"/iscsi/{IQN}/tpgt4 status").startswith(f"Status for /iscsi/{IQN}/tpg4: ")


@pytest.mark.parametrize(
    "address, says",
    [
        ("::1", "Default portal not created: another portal already listens on port 3260"),
        (
            "127.0.0.1",
            "Note: the kernel serves [::0]:3260 only on the address of another portal on port 3260",
        ),
    ],
)
def test_default_portal_and_one_of_another_target(shell: Shell, address: str, says: str) -> None:
    shell.ok("set global auto_add_default_portal=false")
    shell.ok("/iscsi create iqn.2003-01.org.example:b")
    shell.ok(f"/iscsi/iqn.2003-01.org.example:b/tpg1/portals create {address}")
    shell.ok("set global auto_add_default_portal=true")
    made = shell.ok(f"/iscsi create {IQN}")
    rows = made.rows
    assert rows[:2] == [f"Created target {IQN}.", "Created TPG 1."]
    assert [*rows, *made.asides][-1].startswith(says)
    assert (PORTAL[1] in rows) is (TARGET / f"iscsi/{IQN}/tpgt_1/np/[::0]:3260").exists()


def test_enable_and_disable(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    tpg = f"/iscsi/{IQN}/tpg1"
    for command, says, file in (
        ("enable", "The TPGT is already enabled.", "1"),
        ("disable", "The TPGT has been disabled.", "0"),
        ("disable", "The TPGT is already disabled.", "0"),
        ("enable", "The TPGT has been enabled.", "1"),
    ):
        assert shell.ok(f"{tpg} {command}") == f"{says}\n"
        assert value(f"iscsi/{IQN}/tpgt_1/enable") == file


def test_summaries_of_a_tpg(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    shell.cwd = f"/iscsi/{IQN}/tpg1"
    for change, summary in (
        ("status", "no-gen-acls, no-auth"),
        ("set attribute generate_node_acls=1", "gen-acls, no-auth"),
        ("set attribute authentication=1", "gen-acls, tpg-auth, auth without credentials"),
        ("set auth userid=u password=p", "gen-acls, tpg-auth, 1-way auth"),
        ("set auth mutual_userid=m mutual_password=q", "gen-acls, tpg-auth, mutual auth"),
        ("set attribute generate_node_acls=0", "no-gen-acls, auth per-acl"),
        ("disable", "disabled"),
    ):
        shell.ok(change)
        assert shell.ok("status") == f"Status for {shell.cwd}: {summary}\n"


def test_info(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    assert shell.ok(f"/iscsi/{IQN} info").rows == ["fabric: iscsi", f"wwn: {IQN}"]
    assert shell.ok(f"/iscsi/{IQN}/tpg1 info").rows == ["enable: True", "tag: 1"]
    shell.ok(f"/iscsi/{IQN}/tpg1 set auth userid=u password=geheim")
    assert shell.ok(f"/iscsi/{IQN}/tpg1 info").rows == [
        "chap_password: ***",
        "chap_userid: u",
        "enable: True",
        "tag: 1",
    ]
    assert shell.ok("/iscsi info").rows == [
        "Fabric module name: iscsi",
        "ConfigFS path: /sys/kernel/config/target/iscsi",
        "Allowed WWN types: iqn, naa, eui",
        "Fabric module features: discovery_auth, acls, auth, nps, tpgts, cpus_allowed_list",
        "Corresponding kernel module: iscsi_target_mod",
    ]


def test_version_of_a_fabric(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    answer = shell.ok("/iscsi version")
    assert re.fullmatch(r"Target fabric module iscsi: .*iSCSI Target v\S+\n", answer)
    shell.ok("/loopback create")
    answer = shell.ok("/loopback version")
    assert re.fullmatch(r"Target fabric module loopback: .+ v\S+\n", answer)


def test_loopback_target_is_its_own_tpg(shell: Shell) -> None:
    assert shell.ok(f"/loopback create {NAA}") == f"Created target {NAA}.\n"
    nexus = value(f"loopback/{NAA}/tpgt_1/nexus")
    assert re.fullmatch(r"naa\.5001405[0-9a-f]{9}", nexus) and nexus != NAA
    assert shell.ok(f"/loopback/{NAA} status") == f"Status for /loopback/{NAA}: {nexus}\n"
    assert shell.ok(f"/loopback/{NAA} info").rows == ["enable: True", "tag: 1"]
    assert shell.ok(f"/loopback/{NAA} enable") == "The TPGT is already enabled.\n"
    shell.refuses(f"/loopback/{NAA} disable", f"/loopback/{NAA}", "delete it instead")
    assert shell.ok(f"/loopback delete {NAA}") == f"Deleted Target {NAA}.\n"
    assert list((TARGET / "loopback").glob("naa.*")) == []


def test_delete_takes_everything_below(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/iscsi create iqn.2003-01.org.example:other")
    before = tree()
    shell.ok(f"/iscsi create {IQN}")
    shell.cwd = f"/iscsi/{IQN}/tpg1"
    shell.ok("luns/ create /backstores/ramdisk/r1")
    shell.ok("acls/ create iqn.2003-01.org.example:i1")
    shell.ok("set auth userid=u password=p")
    shell.ok(f"/iscsi/{IQN} create 2")
    shell.cwd = "/"
    assert shell.ok(f"/iscsi delete {IQN}") == f"Deleted Target {IQN}.\n"
    assert tree() == before


def test_where_a_fabric_has_no_module(shell: Shell) -> None:
    for fabric, module in (("efct", "efct"), ("xen-pvscsi", "xen-scsiback")):
        name = f"/{fabric} create {NAA}"
        shell.refuses(name, f"/{fabric}/{NAA}: the kernel module {module} cannot be loaded")
        shell.refuses(f"/{fabric} version", f"/{fabric}: the fabric module {module} is not loaded")


def test_where_a_fabric_needs_an_adapter(shell: Shell) -> None:
    for fabric in ("srpt", "qla2xxx", "efct", "tcm_fc", "sbp", "ibmvscsis"):
        shell.refuses(f"/{fabric} create", f"/{fabric}: no adapter of this host is free")
    shell.refuses(f"/ib_srpt create {NAA}", "/srpt: WWN not valid as: ib")


def test_looking_loads_no_module_and_switches_nothing(shell: Shell) -> None:
    shell.ok("set global auto_enable_tpgt=false")
    shell.ok(f"/iscsi create {IQN}")
    before = tree()
    for line in ("ls", "/vhost ls", "/vhost info", "/qla2xxx ls", "/srpt info"):
        shell.ok(line)
    assert tree() == before
    assert not (TARGET / "vhost").exists() and not (TARGET / "qla2xxx").exists()


OLD = "iqn.2003-01.org.linux-iscsi.my_host.x8664:sn.d3d8b0500fde"
OLD_HOST = "iqn.1994-05.com.example:build_1"


def test_names_of_old_with_underscores_are_restored(shell: Shell, tmp_path: Path) -> None:
    """Older tools made them of the host's name; the kernel takes them as they are."""
    acl = {"node_wwn": OLD_HOST, "mapped_luns": []}
    tpg = {"tag": 1, "enable": True, "luns": [], "portals": [], "node_acls": [acl]}
    document = {"targets": [{"fabric": "iscsi", "wwn": OLD, "tpgs": [tpg]}]}
    file = tmp_path / "old.json"
    file.write_text(json.dumps(document))
    assert shell.ok(f"restoreconfig {file}").startswith("Configuration restored")
    assert (TARGET / f"iscsi/{OLD}/tpgt_1/acls/{OLD_HOST}").is_dir()
    path = f"/iscsi/{OLD}/tpg1/acls"
    assert shell.ok(f"{path}/{OLD_HOST.upper()} status").startswith("Status for ")
    shell.ok("saveconfig")
    shell.ok("restoreconfig clear_existing=true")
    assert shell.ok(f"{path} delete {OLD_HOST}") == f"Deleted Node ACL {OLD_HOST}.\n"
    assert shell.ok(f"/iscsi delete {OLD}") == f"Deleted Target {OLD}.\n"
    shell.refuses(f"/iscsi create {OLD}", "WWN not valid as: iqn", "contains an underscore")


@pytest.mark.parametrize(
    ("fabric", "texts"),
    [
        ("loopback", ["50:01:40:51:23:45:67:89", "NAA.5001405-123456789", "0X5001405123456789"]),
        ("iscsi", ["IQN.2003-01.COM:X", "iqn.2003-01.com:X"]),
        ("iscsi", ["EUI.0014051234567890", "eui.00-14-05-12-34-56-78-90"]),
    ],
)
def test_wwns_are_taken_as_people_write_them(shell: Shell, fabric: str, texts: list[str]) -> None:
    shell.ok("set global auto_add_default_portal=false")
    for text in texts:
        created = shell.ok(f"/{fabric} create {text}").rows[0]
        for other in texts:
            shell.refuses(f"/{fabric} create {other}", "This Target already exists in configFS")
            assert shell.ok(f"/{fabric}/{other} pwd").rows[0] in created.replace(
                "Created target ", f"/{fabric}/"
            )
        shell.ok(f"/{fabric} delete {texts[-1]}")
