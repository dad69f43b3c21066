# SPDX-License-Identifier: Apache-2.0
"""Allowed networks of portals: real rules, and initiators from allowed and other addresses."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import checked

from targetcli import batch as batches
from targetcli import session as sessions
from targetcli.audit import history as records
from targetcli.boot import start
from targetcli.language import grammar
from tests.kernel.plan.test_killed import Deadly, forked, lived

from .. import nft_family
from ..nft_family import run
from .harness import ETC, Shell
from .initiator import logged_in, until
from .test_collecting import Session

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
ADDRESS, V6 = "192.0.2.1", "2001:db8::1"
PORTAL = f"{TPG}/portals/192.0.2.1:3260"
# Two hosts, each in a network namespace of its own behind a bridge.
HOSTS = {"host1": ("192.0.2.10", "2001:db8::10"), "host2": ("192.0.2.20", "2001:db8::20")}


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    run("modprobe", "-a", "bridge", "veth")
    lines = ["link add br0 type bridge", "link set br0 up"]
    lines += ["address add 192.0.2.1/24 dev br0", "address add 2001:db8::1/64 dev br0 nodad"]
    for name in HOSTS:
        run("ip", "netns", "add", name)
        lines.append(f"link add {name} type veth peer name eth0 netns {name}")
        lines.append(f"link set {name} master br0 up")
    run("ip", "-batch", "-", text="\n".join(lines))
    for name, (v4, v6) in HOSTS.items():
        lines = ["link set eth0 up", f"address add {v4}/24 dev eth0"]
        lines.append(f"address add {v6}/64 dev eth0 nodad")
        run("ip", "-netns", name, "-batch", "-", text="\n".join(lines))
    yield
    for name in HOSTS:
        run("ip", "netns", "delete", name)
    run("ip", "link", "delete", "br0")


@pytest.fixture
def user(
    network: None, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A target with a portal, and no rules."""
    nft_family.use(tmp_path / "bin", monkeypatch)
    shell.ok("set global auto_add_default_portal=false")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG} set attribute generate_node_acls=1 authentication=0")
    shell.ok(f"{TPG}/portals create {ADDRESS} 3260")
    yield shell
    run("nft", "flush", "ruleset")


def asking(host: str, address: str, seconds: float) -> subprocess.Popen[str]:
    """An initiator on a host that asks for targets."""
    where = f"[{address}]" if ":" in address else address
    words = ["nsenter", f"--net=/run/netns/{host}", "timeout", str(seconds), "iscsi-ls"]
    return subprocess.Popen([*words, f"iscsi://{where}:3260"], stdout=subprocess.PIPE, text=True)


def finds(host: str, address: str = ADDRESS, seconds: float = 20) -> bool:
    """Whether an initiator on a host finds the target."""
    with asking(host, address, seconds) as process:
        said = process.communicate()[0]
    assert (IQN in said) is (process.returncode == 0), said
    return IQN in said


def is_dropped(user: Shell, host: str, address: str = ADDRESS) -> bool:
    """Whether its packets are dropped: it gets no answer, and the rule has counted them."""
    before = shown(user)["dropped"]
    end = time.monotonic() + 10
    with asking(host, address, 20) as process:
        while process.poll() is None and shown(user)["dropped"] == before:
            assert time.monotonic() < end
        waits = process.poll() is None
        process.kill()
    return waits


def shown(user: Shell) -> dict[str, Any]:
    """The row of the portal, and whether the rules are loaded."""
    data = checked(user("firewall", json=True))["data"]
    (row,) = data["portals"]
    return {"loaded": data["loaded"], **row}


def test_only_allowed_networks_reach_a_portal(user: Shell) -> None:
    assert finds("host1") and finds("host2")
    assert user.ok(f"{PORTAL} allow").rows == ["any"]
    assert user.ok(f"{PORTAL} allow 192.0.2.10").rows == ["192.0.2.1:3260 is open to 192.0.2.10/32"]
    assert finds("host1") and is_dropped(user, "host2")
    found = shown(user)
    assert (found["loaded"], found["networks"], found["targets"]) == (
        True,
        ["192.0.2.10/32"],
        [IQN],
    )
    assert found["dropped"] > 0
    assert "[only 192.0.2.10/32]" in user.ok(f"ls {PORTAL}")
    assert "allowed_networks: 192.0.2.10/32" in user.ok(f"{PORTAL} info")
    user.ok(f"{PORTAL} allow 192.0.2.16/28,2001:db8::/64")
    words = "allow 192.0.2.16/28,2001:db8::/64"
    assert f"run {PORTAL} {words}" in user.ok("export -").rows
    tasks = user("export - format=ansible")
    assert tasks.exit == 3 and f"({PORTAL} {words.replace(',', ' ')})" in tasks.stderr
    assert finds("host2")
    user.ok(f"{PORTAL} allow any")
    assert "targetcli" not in run("nft", "list", "ruleset").stdout


@pytest.mark.long
def test_a_portal_on_every_address_counts_for_both_families(user: Shell) -> None:
    user.ok(f"{TPG}/portals delete {ADDRESS} 3260")
    user.ok(f"{TPG}/portals create ::0 3260")
    user.ok(f"{TPG}/portals/[::0]:3260 allow 192.0.2.20 2001:db8::10")
    assert finds("host2") and is_dropped(user, "host1")
    assert finds("host1", V6) and is_dropped(user, "host2", V6)


def test_the_networks_are_saved_and_restored(user: Shell) -> None:
    user.ok(f"{PORTAL} allow 192.0.2.10")
    user.ok("saveconfig")
    saved = json.loads((ETC / "saveconfig.json").read_text())
    assert saved["rtslib_ext"] == {"allowed_networks": {"192.0.2.1:3260": ["192.0.2.10/32"]}}
    user.ok("clearconfig confirm=true")
    # As after a reboot.
    Path("/run/targetcli/allowed_networks.json").unlink()
    run("nft", "flush", "ruleset")
    user.ok(f"firewall apply file={ETC}/saveconfig.json")
    assert "192.0.2.1:3260" in run("nft", "list", "ruleset").stdout
    user.ok("restoreconfig")
    # A later restore, by one who may load rules.
    user.ok(f"{PORTAL} allow any")
    user.ok("restoreconfig clear_existing=true")
    assert shown(user)["networks"] == ["192.0.2.10/32"]
    assert f"{PORTAL.rpartition('/')[2]}: allowed networks" not in user.ok("apply")
    user.ok(f"{PORTAL} allow 192.0.2.0/24")
    line = "192.0.2.1:3260: allowed networks: 192.0.2.0/24 -> 192.0.2.10/32"
    compared = user("diff")
    assert (compared.exit, compared.rows) == (1, [line])
    assert checked(user("diff", json=True))["data"]["same"] is False
    assert line in user.ok("apply dry_run=true")
    assert line in user.ok("apply") and is_dropped(user, "host2")
    assert user("diff").exit == 0


def test_leaving_a_shell_saves_the_networks(user: Shell) -> None:
    user.ok("saveconfig")
    env = user.env()
    sessions.run_line(env, lambda: grammar.parse(f"{PORTAL} allow 192.0.2.10"))
    user.ok("/backstores/ramdisk create theirs 1M")
    assert sessions.finish(env)
    saved = json.loads((ETC / "saveconfig.json").read_text())
    assert saved["rtslib_ext"] == {"allowed_networks": {"192.0.2.1:3260": ["192.0.2.10/32"]}}


@pytest.mark.long
def test_the_service_loads_the_networks_of_fragments(user: Shell) -> None:
    user.ok(f"{PORTAL} allow 192.0.2.10")
    user.ok("saveconfig")
    # By the service, which restores what is ready; with a fragment, and without a saved file.
    (ETC / "conf.d").mkdir(exist_ok=True)
    fragment = ETC / "conf.d" / "csi.json"
    fragment.write_text(json.dumps(with_networks(targets("a"), a=TEN)))
    user.ok("clearconfig confirm=true")
    Path("/run/targetcli/allowed_networks.json").unlink()
    assert start.run(user.env(), 0) == 0
    both = {"192.0.2.1:3260": ["192.0.2.10/32"], portal("a"): [TEN]}
    assert recorded() == both
    Path("/run/targetcli/allowed_networks.json").unlink()
    user.ok(f"firewall apply file={ETC}/saveconfig.json")
    assert recorded() == both
    saved_file = (ETC / "saveconfig.json").rename(ETC / "kept.json")
    user.ok(f"firewall apply file={ETC}/saveconfig.json")
    assert recorded() == {portal("a"): [TEN]}
    saved_file.rename(ETC / "saveconfig.json")
    fragment.unlink()
    user.ok("apply --owner csi --remove")
    user.ok(f"{PORTAL} allow 192.0.2.10")
    assert recorded() and "192.0.2.10/32 -> any" in user.ok("undo")
    assert recorded() == {}


@pytest.mark.long
def test_a_flush_is_noticed(user: Shell) -> None:
    user.ok(f"{PORTAL} allow 192.0.2.10")
    run("nft", "flush", "ruleset")
    found = user("firewall")
    assert found.exit == 1
    assert found.rows[-1] == (
        "These networks are not in effect: targetcli firewall apply loads the rules"
    )
    text = "networks that are not allowed can reach 192.0.2.1:3260"
    assert text in user("check severity=error") and text in user("status")
    assert user.ok("firewall apply").rows == ["The rules of 1 portal are loaded."]
    assert text not in user("status")
    assert user("firewall").exit == 0
    user.ok("firewall remove")
    assert user("firewall").exit == 1
    assert user.ok(f"{PORTAL} allow").rows == ["192.0.2.10/32"]


@pytest.mark.long
def test_a_damaged_record_stops_no_change_in_the_middle(user: Shell) -> None:
    """A portal that was created is told as such, and a restore is not left half done."""
    user.ok(f"{PORTAL} allow 192.0.2.10")
    user.ok("saveconfig")
    record = Path("/run/targetcli/allowed_networks.json")
    record.write_text("{}")
    answer = user.ok(f"{TPG}/portals create {ADDRESS} 3261")
    assert "which networks may reach it is not known" in answer.stderr
    user.refuses("saveconfig", "the record of the allowed networks is damaged")
    user.ok("restoreconfig clear_existing=true")
    assert shown(user)["networks"] == ["192.0.2.10/32"]
    assert is_dropped(user, "host2")


@pytest.mark.long
def test_dry_runs_load_nothing(user: Shell) -> None:
    user.ok(f"--dry-run {PORTAL} allow 192.0.2.10")
    assert user.ok(f"{PORTAL} allow").rows == ["any"]
    user.ok(f"{PORTAL} allow 192.0.2.10")
    rules = user.ok("firewall apply dry_run=true")
    assert rules.startswith("table inet targetcli\ndelete table inet targetcli\n")
    user.ok("--dry-run firewall remove")
    assert shown(user)["loaded"] is True


def test_what_is_refused(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    user.refuses(f"{PORTAL} allow 192.0.2.5/24", "use 192.0.2.0/24 for the network")
    user.refuses(f"{PORTAL} allow example.com", "'example.com' is not a network")
    user.refuses("firewall start", "'start' is not show, apply or remove")
    with monkeypatch.context() as patch:
        patch.setattr("rtslib_ext.host.system.PATH", "/nowhere")
        text = "install Debian's package nftables"
        user.refuses(f"{PORTAL} allow 192.0.2.10", "cannot run nft", text)
    assert user.ok(f"{PORTAL} allow").rows == ["any"]
    user.ok(f"{TPG}/acls create {IQN}:host")
    user.ok(f"{TPG}/portals create 127.0.0.1 3261")
    local = f"{TPG}/portals/127.0.0.1:3261"
    with logged_in(f"{IQN}:host", IQN, 3261):
        until(lambda: f"{IQN}:host" in user("sessions detail"))
        text = f"{IQN}:host is logged in from 127.0.0.1, which is not allowed"
        user.refuses(f"{local} allow 192.0.2.0/24", text)
        user.ok(f"{local} allow 127.0.0.0/8")
        user.ok(f"{local} allow 192.0.2.0/24", yes=True)
    user.ok(f"{TPG}/portals delete 127.0.0.1 3261")
    again = user.ok(f"{TPG}/portals create 127.0.0.1 3261")
    assert any("only 192.0.2.0/24 may reach it" in line for line in again.asides)


def test_an_import_brings_its_networks(user: Shell) -> None:
    conf, out = ETC / "targets.conf", ETC / "imported.json"
    conf.write_text(f"<target {IQN}:x>\ninitiator-address 192.0.2.10\n</target>\n")
    refused = user(f"import {conf}")
    assert refused.exit == 1 and f"but {IQN} listens there with other" in refused
    user.ok(f"/iscsi delete {IQN}")
    line = "[::]:3260: allowed networks: any -> 192.0.2.10/32"
    planned = user.ok(f"import {conf} dry_run=true")
    assert line in planned and f"{conf}:2: changed: " in planned
    user.ok(f"import {conf} save={out}")
    saved = json.loads(out.read_text())["rtslib_ext"]
    assert saved["allowed_networks"] == {"[::]:3260": ["192.0.2.10/32"]}
    assert "targetcli" not in run("nft", "list", "ruleset").stdout
    session = Session(user.env())
    session("begin")
    assert line in "\n".join(session(f"import {conf}"))
    session("rollback")
    assert line in user.ok(f"import {conf}")
    assert user.ok(f"/iscsi/{IQN}:x/tpg1/portals/[::0]:3260 allow").rows == ["192.0.2.10/32"]
    assert user("firewall").exit == 0
    assert user.ok(f"import {conf}").rows[-1] == "Nothing to change"
    user.ok("clearconfig confirm=true")
    session("begin")
    session(f"import {conf}")
    assert user("firewall").exit == 0
    session("commit")
    assert user("firewall").exit == 0 and "192.0.2.10" in user("firewall")


def targets(*names: str) -> dict[str, Any]:
    """A fragment of targets without LUNs, each with a portal of a port of its own."""
    found = [
        {
            "fabric": "iscsi",
            "wwn": f"{IQN}.{name}",
            "tpgs": [
                {
                    "tag": 1,
                    "enable": True,
                    "portals": [{"ip_address": ADDRESS, "port": 3300 + ord(name)}],
                }
            ],
        }
        for name in names
    ]
    return {"storage_objects": [], "targets": found}


def portal(name: str) -> str:
    return f"{ADDRESS}:{3300 + ord(name)}"


def with_networks(value: dict[str, Any], **networks: str) -> dict[str, Any]:
    found = {portal(name): [network] for name, network in networks.items()}
    return {**value, "rtslib_ext": {"allowed_networks": found}}


def recorded() -> dict[str, list[str]]:
    """The networks that are recorded, which are those of the loaded rules."""
    file = Path("/run/targetcli/allowed_networks.json")
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"allowed": {}}
    rules = run("nft", "list", "ruleset").stdout
    assert all(f'"{name}"' in rules for name in found["allowed"]) and "before" not in found
    return dict(found["allowed"])


TEN, TWENTY = "192.0.2.10/32", "192.0.2.20/32"
FRAGMENT = ETC / "fragment.json"


def test_a_fragment_has_the_networks_of_its_portals(user: Shell) -> None:
    line = f"apply {FRAGMENT} --owner csi"
    FRAGMENT.write_text(json.dumps(with_networks(targets("a", "b"), a=TEN, b=TEN)))
    change = f"{portal('a')}: allowed networks: any -> {TEN}"
    assert change in user.ok(f"{line} --dry-run")
    assert f"would change {change}" in user.ok(f"--dry-run {line}")
    assert recorded() == {}
    user.ok(line)
    assert recorded() == {portal("a"): [TEN], portal("b"): [TEN]}
    assert user.ok(line).rows == ["Nothing to change"]
    assert checked(user.ok(f"diff {FRAGMENT} owner=csi", json=True))["data"]["same"] is True
    user.ok(f"/iscsi/{IQN}.a/tpg1/portals/{portal('a')} allow {TWENTY}")
    answer = user(f"diff {FRAGMENT} owner=csi", json=True)
    facts = checked(answer)["data"]
    assert (answer.exit, facts["same"], len(facts["plan"])) == (1, False, 1)
    user.ok("undo")
    # One is changed, one pruned, and both with one undo.
    FRAGMENT.write_text(json.dumps(with_networks(targets("a", "b"), a=TWENTY)))
    answer = user.ok(line)
    assert f"{portal('b')}: allowed networks: {TEN} -> any" in answer
    assert "Nothing to change" not in answer
    assert recorded() == {portal("a"): [TWENTY]}
    assert f"{portal('b')}: allowed networks: any -> {TEN}" in user.ok("undo")
    assert recorded() == {portal("a"): [TEN], portal("b"): [TEN]}
    user.ok("redo")
    assert recorded() == {portal("a"): [TWENTY]}


@pytest.mark.long
def test_networks_of_fragments_are_left_rolled_back_and_refused(user: Shell) -> None:
    line = f"apply {FRAGMENT} --owner csi"
    FRAGMENT.write_text(json.dumps(with_networks(targets("a", "b"), a=TWENTY)))
    user.ok(line)
    # A fragment that says nothing leaves them; those of a portal that goes are dropped.
    FRAGMENT.write_text(json.dumps(targets("a", "b")))
    assert user.ok(line).rows == ["Nothing to change"]
    assert recorded() == {portal("a"): [TWENTY]}
    # A whole file does not change them either.
    user.ok("saveconfig")
    user.ok(f"/iscsi/{IQN}.a/tpg1/portals/{portal('a')} allow {TEN}")
    user.ok("apply")
    assert recorded() == {portal("a"): [TEN]}
    user.ok("apply --owner csi --remove --confirm-within 60s")
    assert recorded() == {}
    user.ok("confirm back")
    assert recorded() == {portal("a"): [TEN]}
    FRAGMENT.write_text(json.dumps(with_networks(targets("a", "b"), a=TWENTY)))
    user.ok(f"{line} --confirm-within 60s")
    assert recorded() == {portal("a"): [TWENTY]}
    user.ok("confirm back")
    assert recorded() == {portal("a"): [TEN]}
    # A portal of another target, and one of no target.
    user.ok(f"{TPG}/portals create {ADDRESS} {3300 + ord('a')}")
    user.refuses(line, portal("a"), f"where /iscsi/{IQN} listens, too, which has no owner")
    FRAGMENT.write_text(json.dumps(with_networks(targets("b"), a=TWENTY)))
    user.refuses(line, portal("a"), "where none of its targets listens")
    FRAGMENT.write_text(json.dumps(targets("b")))
    user.ok(line)
    assert recorded() == {portal("a"): [TEN]}, "the other target still listens there"


def test_a_transaction_loads_the_networks_of_its_files(user: Shell, tmp_path: Path) -> None:
    FRAGMENT.write_text(json.dumps(with_networks(targets("a"), a=TEN)))
    whole = ETC / "whole.json"
    whole.write_text(json.dumps(with_networks(targets("c"), c=TWENTY)))
    session = Session(user.env())
    session("begin")
    assert f"{portal('a')}: allowed networks: any -> {TEN}" in "\n".join(
        session(f"apply {FRAGMENT} --owner csi")
    )
    assert f"csi    /iscsi/{IQN}.a  exists" in "\n".join(session("owners"))
    assert session("firewall")[-1] == "These networks are queued: commit loads the rules"
    session(f"apply {whole}")
    assert recorded() == {}
    session("rollback")
    session("begin")
    session(f"apply {FRAGMENT} --owner csi")
    session(f"apply {whole}")
    session("commit")
    assert recorded() == {portal("a"): [TEN], portal("c"): [TWENTY]}
    assert "csi" in "\n".join(session("owners"))
    assert "belonged to csi" in session.fails("undo")
    assert recorded() == {} and session("owners") == ["No object has an owner"]
    user.ok(f"/iscsi/{IQN} info")
    # The same as a batch; one that fails changes nothing.
    lines = [f"apply {FRAGMENT} --owner csi", "owners", f"/iscsi/{IQN} delete"]
    batch = tmp_path / "batch"
    env = user.env()
    batch.write_text("\n".join([*lines, f"/iscsi delete {IQN}.none"]))
    assert batches.run(env, str(batch)) == 1
    assert recorded() == {} and user("owners csi").exit == 2
    batch.write_text("\n".join(lines[:2]))
    env = user.env()
    assert batches.run(env, str(batch)) == 0, env.stderr.getvalue()  # type: ignore[attr-defined]
    assert "csi" in env.stdout.getvalue()  # type: ignore[attr-defined]
    assert recorded() == {portal("a"): [TEN]} and user("owners csi").exit == 0
    user.ok(f"revert {records.numbers(user.history)[0]}")
    assert recorded() == {} and user("owners csi").exit == 2


@pytest.mark.parametrize("action", ["undo", pytest.param("finish", marks=pytest.mark.long)])
def test_recover_decides_about_the_networks_too(user: Shell, action: str) -> None:
    """The apply was killed after its networks were loaded."""
    FRAGMENT.write_text(json.dumps(with_networks(targets("a"), a=TEN)))
    user.ok(f"apply {FRAGMENT} --owner csi")
    FRAGMENT.write_text(json.dumps(with_networks(targets("a", "b"), a=TWENTY, b=TWENTY)))
    real, user.fs = user.fs, Deadly(4, "after")
    assert not lived(forked(lambda: user(f"apply {FRAGMENT} --owner csi")))
    user.fs = real
    user.ok(f"recover {action}")
    both = {portal("a"): [TWENTY], portal("b"): [TWENTY]}
    assert recorded() == ({portal("a"): [TEN]} if action == "undo" else both)
