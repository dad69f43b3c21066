# SPDX-License-Identifier: Apache-2.0
"""check peer=: differences between two hosts that serve the same disks."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.checks import rules
from rtslib_ext.checks.facts import Facts
from rtslib_ext.checks.rule import Severity
from rtslib_ext.config import digests
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.errors import LioError
from rtslib_ext.host import system
from targetcli.commands import peer
from targetcli.env import Env
from targetcli.prefs import Preferences

IQN = "iqn.2003-01.org.example:pair"
TPG = f"/iscsi/{IQN}/tpg1"
HOST = "iqn.2003-01.org.example:host"
DISK = "/backstores/fileio/d1"
SECRET = "aZ3kLm9QxT4p"
MOVED = "192.0.2.10"


def configuration(
    serial: str = "5e1a",
    *,
    rtpi: str | None = "0x1",
    address: str = MOVED,
    exported: str = "d1",
    mapped: int = 0,
    secret: str = SECRET,
    tag: int = 16,
    block_size: str = "512",
) -> Config:
    """One host of a pair."""
    objects = [
        StorageObject(
            name,
            FileIO(f"/srv/{name}", 1 << 20),
            serial if name == "d1" else "2222",
            {"block_size": block_size},
            {"node": AluaGroup("node", tag, {"alua_access_type": "3"})},
        )
        for name in ("d1", "d2")
    ]
    auth = Auth("anna", secret)
    tpg = Tpg(
        1,
        enable=True,
        luns={0: Lun(0, ("fileio", exported))},
        portals={f"{address}:3260": Portal(address, 3260)},
        acls={HOST: NodeAcl(HOST, {mapped: MappedLun(mapped, 0)}, auth=auth)},
        files={"rtpi": rtpi} if rtpi else {},
    )
    return Config(
        {so.key: so for so in objects},
        {("iscsi", IQN): Target("iscsi", IQN, {1: tpg})},
        {"iscsi": FabricSettings("iscsi", Auth("disc", secret))},
    )


def compared(here: Config, there: Config) -> list[tuple[str, str]]:
    """Return (rule, path) of what the rules about peers find."""
    facts = Facts(here, peer=there)
    return [(rule.name, one.path) for rule, one in rules.findings(facts, rules.selected(facts))]


CASES = {
    "peer-identity": (configuration(), configuration("other"), [DISK]),
    "peer-port-number": (
        configuration(address="192.0.2.1"),
        configuration(address="192.0.2.2"),
        [TPG],
    ),
    "peer-port-number-chosen": (configuration(rtpi=None), configuration(), [TPG]),
    "peer-luns": (configuration(), configuration(exported="d2"), [f"{TPG}/luns/lun0"]),
    "peer-mapped-luns": (
        configuration(),
        configuration(mapped=3),
        [f"{TPG}/acls/{HOST}/mapped_lun0", f"{TPG}/acls/{HOST}/mapped_lun3"],
    ),
    "peer-secrets": (
        configuration(),
        configuration(secret="another-one"),
        [f"{TPG}/acls/{HOST}", "/iscsi"],
    ),
    "peer-alua": (configuration(), configuration(tag=17), [f"{DISK}/alua/node"]),
    "peer-attributes": (configuration(), configuration(block_size="4096"), [DISK]),
    "peer-missing": (configuration(), replace(configuration(), targets={}), [f"/iscsi/{IQN}"]),
}


def test_equal_hosts_have_no_findings() -> None:
    assert compared(configuration(), configuration()) == []
    # With addresses of their own, the port numbers are disjoint.
    here, there = configuration(address="192.0.2.1"), configuration(rtpi="2", address="192.0.2.2")
    assert compared(here, there) == []


def standing_by(name: str, tag: int, state: str, address: str, rtpi: str) -> Config:
    """A host whose LUN is in a target port group with a state."""
    found = configuration(address=address, rtpi=rtpi)
    group = AluaGroup(name, tag, {"alua_access_type": "1", "alua_access_state": state})
    so = replace(found.storage_objects["fileio", "d1"], alua_groups={name: group})
    target = found.targets["iscsi", IQN]
    tpg = replace(target.tpgs[1], luns={0: Lun(0, ("fileio", "d1"), alua_group=name)})
    return replace(
        found,
        storage_objects={**found.storage_objects, so.key: so},
        targets={target.key: replace(target, tpgs={1: tpg})},
    )


def test_a_path_in_standby_has_a_group_of_its_own() -> None:
    here = standing_by("node1", 1, "0", "192.0.2.1", "1")
    assert compared(here, standing_by("node2", 2, "2", "192.0.2.2", "2")) == []
    mixed = compared(here, standing_by("node1", 1, "2", "192.0.2.2", "2"))
    assert mixed == [("peer-alua", f"{DISK}/alua/node1")]
    # With an address that moves there is one port, and so one group.
    moved = standing_by("node1", 1, "0", MOVED, "1")
    found = compared(moved, standing_by("node2", 2, "0", MOVED, "1"))
    assert [path for _, path in found] == [f"{DISK}/alua/node1", f"{DISK}/alua/node2"]


@pytest.mark.parametrize("name", CASES)
def test_each_difference_is_found(name: str) -> None:
    here, there, paths = CASES[name]
    found = compared(here, there)
    assert {rule for rule, _ in found} == {name}
    assert set(paths) <= {path for _, path in found}
    # Without a peer they are not applied.
    assert name not in {rule.name for rule in rules.selected(Facts(here))}


def test_every_rule_about_peers_is_provoked() -> None:
    facts = Facts(Config(), peer=Config())
    assert {rule.name for rule in rules.selected(facts)} == CASES.keys()


def test_a_port_that_moves_keeps_its_number() -> None:
    assert compared(configuration(), configuration(rtpi="2")) == [("peer-port-number", TPG)]


def test_digests_need_their_key() -> None:
    """Equal under one key, different under another; no secret is in it; empty ones stay empty."""
    config = configuration()
    one, again = (digests.with_digests(config, b"k" * 32) for _ in range(2))
    assert one == again != digests.with_digests(config, b"l" * 32)
    assert SECRET not in savefile.dumps(one) and "anna" in savefile.dumps(one)
    assert digests.with_digests(configuration(secret=""), b"k" * 32) == configuration(secret="")


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Env:
    """This host runs the configuration; ssh is a script that answers for the other one."""
    monkeypatch.setattr(peer.running, "read", lambda env: configuration())
    monkeypatch.setattr(system, "PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Env(Preferences(), stdin=io.StringIO(), is_root=True)


def answer(folder: Path, there: Config | None, status: int = 0) -> None:
    """Let ssh answer as targetcli on the other host does, or fail."""
    repository = Path(__file__).parents[2]
    script = f"""#!{sys.executable}
import json, sys
sys.path.insert(0, {str(repository)!r})
from rtslib_ext import savefile
from rtslib_ext.config import digests
words = sys.argv[1:]
key = sys.stdin.readline().strip()
open({str(folder / "words")!r}, "w").write(json.dumps([words, key]))
if {status}:
    sys.exit("Permission denied (publickey).")
config = savefile.loads(open({str(folder / "there.json")!r}).read()).config
text = savefile.dumps(digests.with_digests(config, bytes.fromhex(key)))
print(json.dumps({{"ok": True, "data": {{"configuration": json.loads(text)}}}}))
"""
    (folder / "ssh").write_text(script)
    (folder / "ssh").chmod(stat.S_IRWXU)
    (folder / "there.json").write_text(savefile.dumps(there or Config()))


def test_by_ssh(tmp_path: Path, env: Env) -> None:
    answer(tmp_path, configuration())
    facts = peer.facts(env, "ssh:admin@node2", None)
    assert rules.findings(facts, rules.selected(facts)) == []
    words, key = json.loads((tmp_path / "words").read_text())
    assert words[-6:] == ["admin@node2", "sudo", "-n", "targetcli", "--json", "peer"]
    assert "BatchMode=yes" in words and key not in words and len(key) == 64
    answer(tmp_path, configuration(secret="something else"))
    facts = peer.facts(env, "ssh:node2", None)
    found = rules.findings(facts, rules.selected(facts, least=Severity.ERROR))
    assert {rule.name for rule, _ in found} == {"peer-secrets"}
    assert json.loads((tmp_path / "words").read_text())[1] != key
    assert not any(SECRET in f"{one}" for _, one in found)


def test_a_host_without_its_prefix_is_pointed_to_ssh(env: Env) -> None:
    with pytest.raises(LioError, match="not found") as caught:
        peer.facts(env, "node-none", None)
    assert caught.value.hint == "peer=ssh:node-none asks the host node-none"


def test_what_ssh_refuses(tmp_path: Path, env: Env) -> None:
    answer(tmp_path, None, 1)
    with pytest.raises(LioError, match="node2: Permission denied"):
        peer.facts(env, "ssh:node2", None)
    for host in ("-oProxyCommand=x", "a b", "", "root@-x"):
        with pytest.raises(LioError, match="is not the name of a host"):
            peer.facts(env, f"ssh:{host}", None)
    (tmp_path / "ssh").write_text("#!/bin/sh\necho nonsense\n")
    with pytest.raises(LioError, match="shows no configuration"):
        peer.facts(env, "ssh:node2", None)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("while :; do echo '{}'; done", "node2: the answer has more than 65,536 bytes"),
        ("while :; do echo x >&2; done", "node2: the answer has more than 65,536 bytes"),
        ("exec sleep 60 >&- 2>&-", "node2 does not answer within 1 seconds"),
        ("exec sleep 60", "node2 does not answer within 1 seconds"),
        ("exec 0<&-; exit 3", "node2: ssh ended with 3"),
        ("echo 'a\x1b[2Jb' >&2; exit 255", "node2: a\x1b[2Jb"),
    ],
)
def test_a_hostile_peer_takes_neither_memory_nor_time(
    tmp_path: Path, env: Env, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(peer, "_SECONDS", 1.0)
    monkeypatch.setattr(peer, "_MOST_BYTES", 1 << 16)
    (tmp_path / "ssh").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "ssh").chmod(stat.S_IRWXU)
    with pytest.raises(LioError) as found:
        peer.facts(env, "ssh:node2", None)
    assert found.value.message == said
