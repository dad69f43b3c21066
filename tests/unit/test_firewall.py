# SPDX-License-Identifier: Apache-2.0
"""Allowed networks of portals: their spelling, the rules, the record, the save file."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext import naming
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.files import completed
from rtslib_ext.firewall import adoption as loading
from rtslib_ext.firewall import allowed, nft, record, ruleset
from rtslib_ext.owners import record as owner_record
from rtslib_ext.savefile import loads, pieces
from rtslib_ext.transaction import beside

SMALL = """table inet targetcli
delete table inet targetcli
table inet targetcli {
\tset allowed0_v4 {
\t\ttype ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.0/24, 198.51.100.7/32 }
\t}
\tset allowed0_v6 {
\t\ttype ipv6_addr; flags interval; auto-merge;
\t}
\tchain input {
\t\ttype filter hook input priority filter - 10; policy accept;
\t\ttcp dport != { 3260 } accept comment "DIGEST"
\t\tip daddr 192.0.2.1 tcp dport 3260 ip saddr @allowed0_v4 accept
\t\tip daddr 192.0.2.1 tcp dport 3260 counter drop comment "192.0.2.1:3260"
\t}
}
"""


def test_rules_of_one_portal() -> None:
    found = {"192.0.2.1:3260": allowed.networks(["198.51.100.7", "192.0.2.0/24"])}
    assert ruleset.text(found) == SMALL.replace("DIGEST", ruleset.digest(found))


def rules(name: str, *networks: str) -> list[str]:
    lines = ruleset.text({allowed.portal(name): allowed.networks(networks)}).splitlines()
    return [line.strip() for line in lines if " drop " in line or " saddr " in line]


def test_rules_of_an_ipv6_portal() -> None:
    here = "ip6 daddr 2001:db8::1 tcp dport 3260"
    assert rules("[2001:DB8:0::1]:3260", "2001:db8::/32") == [
        f"{here} ip6 saddr @allowed0_v6 accept",
        f'{here} counter drop comment "[2001:db8::1]:3260"',
    ]


def test_a_mapped_portal_is_one_of_ipv4() -> None:
    """Its socket receives the IPv4 packets, which no rule for IPv6 addresses would drop."""
    for mapped, plain in (("[::ffff:192.0.2.1]", "192.0.2.1"), ("[::ffff:0:0]", "0.0.0.0")):
        assert rules(f"{mapped}:3260", "192.0.2.0/24") == rules(f"{plain}:3260", "192.0.2.0/24")
    assert naming.listens_on("[::ffff:0:0]") == "*"
    assert naming.listens_on("::ffff:192.0.2.1") == "192.0.2.1"


def test_the_ipv4_wildcard_leaves_ipv6_alone() -> None:
    assert [line.split()[2] for line in rules("0.0.0.0:3260", "192.0.2.0/24")] == ["ip", "ip"]


def test_the_ipv6_wildcard_takes_both() -> None:
    """A family without any network is dropped completely."""
    found = rules("[::0]:3260", "192.0.2.0/24")
    assert [line.split()[2] for line in found] == ["ip", "ip", "ip6", "ip6"]


def test_one_address_goes_before_all_of_them() -> None:
    """The first rule that matches decides."""
    found = ruleset.text(
        {"0.0.0.0:3260": ("192.0.2.0/24",), "198.51.100.1:3260": ("198.51.100.0/24",)}
    )
    assert found.index("ip daddr 198.51.100.1") < found.index("meta protocol ip tcp")


def test_nothing_allowed_is_no_table() -> None:
    assert ruleset.text({}) == "table inet targetcli\ndelete table inet targetcli\n"


def test_loaded_rules_are_known_by_the_digest() -> None:
    found = {"192.0.2.1:3260": ("192.0.2.0/24",)}
    text = ruleset.text(found).replace("counter drop", "counter packets 7 bytes 420 drop")
    assert nft.is_of(text, found) and not nft.is_of(text, {**found, "192.0.2.2:3260": ()})
    assert not nft.is_of("", found) and nft.is_of("", {})
    assert nft.dropped(text) == {"192.0.2.1:3260": 7}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["192.0.2.10"], ("192.0.2.10/32",)),
        (["2001:DB8::/32", "192.0.2.0/25", "192.0.2.128/25"], ("192.0.2.0/24", "2001:db8::/32")),
        (["192.0.2.0/24", "192.0.2.10"], ("192.0.2.0/24",)),
    ],
)
def test_networks(words: list[str], expected: tuple[str, ...]) -> None:
    assert allowed.networks(words) == expected


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("192.0.2.5/24", "an address within a network"),
        ("host1", "'host1' is not a network"),
        ("192.0.2.0/33", "is not a network"),
        ("}; flush ruleset", "is not a network"),
        ("fe80::1%eth0;", "has a zone"),
    ],
)
def test_mistakes(word: str, text: str) -> None:
    with pytest.raises(InvalidValue, match=text):
        allowed.networks([word])


@given(st.text())
def test_no_text_gets_into_the_rules_but_networks_and_portals(text: str) -> None:
    for function in (
        lambda: allowed.networks([text]),
        lambda: allowed.networks([f"::/{text}"]),
        lambda: allowed.networks([f"fe80::1%{text}"]),
    ):
        try:
            found = function()
        except InvalidValue:
            continue
        assert all(set(one) <= set("0123456789abcdef.:/") for one in found)
    for name in (f"[::1]:{text}", f"[::1{text}]:1"):
        try:
            found_name = allowed.portal(name)
        except InvalidValue:
            continue
        assert set(found_name) <= set("0123456789abcdef.[]:")


def test_too_many_networks() -> None:
    many = [str(ipaddress.ip_address(number * 2)) for number in range(1001)]
    with pytest.raises(InvalidValue, match="1001 networks"):
        allowed.networks(many)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.0.2.9", True), ("::ffff:192.0.2.9", True), ("198.51.100.1", False), ("[::1]", False)],
)
def test_addresses_in_networks(address: str, expected: bool) -> None:
    assert allowed.contains(["192.0.2.0/24"], address) is expected


def test_record(tmp_path: Path) -> None:
    path = str(tmp_path / "run/allowed.json")
    assert record.load(path) == record.Record()
    found = record.Record({"[::]:3260": ("192.0.2.0/24",)}, "abc")
    record.store(path, found)
    assert record.load(path) == found
    assert Path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "[]", '{"allowed": [], "loaded": ""}', '{"allowed": {"x": ["y"]}, "loaded": ""}']
)
def test_a_damaged_record_is_an_error(tmp_path: Path, text: str) -> None:
    """No record would mean that every network is allowed."""
    (tmp_path / "allowed.json").write_text(text)
    with pytest.raises(LioError, match="damaged"):
        record.load(str(tmp_path / "allowed.json"))


def test_save_file() -> None:
    found = {"192.0.2.1:3260": ("192.0.2.0/24",)}
    text = "".join(pieces(Config(), allowed=found))
    assert json.loads(text)["rtslib_ext"]["allowed_networks"] == {
        "192.0.2.1:3260": ["192.0.2.0/24"]
    }
    loaded = loads(text)
    assert (loaded.allowed, loaded.problems) == (found, ())
    wrong = loads(text.replace("192.0.2.0/24", "192.0.2.0/240"))
    assert "rtslib_ext.allowed_networks.192.0.2.1:3260" in str(wrong.problems[0])


def test_a_kernel_without_the_family_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = "Error: Could not process rule: Operation not supported\ntable inet targetcli\n"
    done = subprocess.CompletedProcess(("nft",), 1, "", refused)
    monkeypatch.setattr(nft.system, "run", lambda *_, **__: done)
    with pytest.raises(LioError, match="nft: Could not process rule") as caught:
        nft.load({})
    assert "CONFIG_NF_TABLES_INET" in caught.value.hint


@pytest.mark.parametrize(("answer", "loaded"), [(None, True), (True, True), (False, False)])
def test_rules_that_nobody_may_list_count_as_loaded(
    answer: bool | None, loaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At boot the kernel's rules are not there to be seen yet; None: an error."""

    def listed() -> object:
        if answer is None:
            raise LioError("nft is missing")
        return {}

    monkeypatch.setattr(nft, "listed", listed)
    monkeypatch.setattr(nft, "is_of", lambda rules, networks: answer)
    networks: Any = {("iscsi", "iqn.2003-01.org.example:a"): {}}
    assert loading._is_loaded(networks) is loaded
    assert loading._is_loaded({})


def test_no_rules_are_loaded_that_the_record_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill while nft runs: what is loaded then is known, and so is the way back."""
    path, seen = tmp_path / "networks.json", []
    old, new = {"192.0.2.1:3260": ("10.0.0.0/8",)}, {"192.0.2.1:3260": ("172.16.0.0/12",)}
    monkeypatch.setattr(nft, "load", lambda found: seen.append(record.load(str(path))))
    loading.load(str(path), old)
    loading.load(str(path), new)
    assert [(item.allowed, item.before) for item in seen] == [(old, {}), (new, old)]
    assert record.load(str(path)).before is None

    def refused(found: object) -> None:
        raise LioError("nft is missing")

    monkeypatch.setattr(nft, "load", refused)
    before = path.read_bytes()
    with pytest.raises(LioError, match="nft is missing"):
        loading.load(str(path), old)
    assert path.read_bytes() == before
    with pytest.raises(LioError, match="nft is missing"):
        loading.load(str(tmp_path / "other.json"), old)
    assert not (tmp_path / "other.json").exists()


NAME = "192.0.2.1:3260"
OLD, NEW = {NAME: ("10.0.0.0/8",)}, {NAME: ("172.16.0.0/12",)}


def dies(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch, rules: Path, at: int) -> None:
    """Do something in another process, which is killed once it has loaded rules so many times."""
    count = 0

    def load(found: object) -> None:
        nonlocal count
        rules.write_text(json.dumps(found))
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(nft, "load", load)
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                work()
            os._exit(1)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("fails", [True, False])
def test_a_kill_while_networks_return(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change that failed, or was killed itself: the next one ends with the old ones."""
    path, rules = str(tmp_path / "networks.json"), tmp_path / "rules"
    monkeypatch.setattr(nft, "listed", lambda: "")
    monkeypatch.setattr(nft, "load", lambda found: rules.write_text(json.dumps(found)))
    loading.load(path, OLD)

    def failing() -> None:
        with loading.replacing(path, record.load(path), NEW):
            raise LioError("a step")

    if fails:
        dies(failing, monkeypatch, rules, 2)
    else:
        dies(failing, monkeypatch, rules, 1)
        dies(lambda: loading.recovered(path, undone=True), monkeypatch, rules, 1)
    loading.recovered(path, undone=True)
    found = record.load(path)
    assert (found.allowed, found.before) == (OLD, None)
    assert json.loads(rules.read_text()) == {NAME: [*OLD[NAME]]}


def test_an_interrupt_of_nft_loads_the_old_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = str(tmp_path / "networks.json"), []

    def load(found: Any) -> None:
        seen.append(found)
        if found == NEW:
            raise KeyboardInterrupt

    monkeypatch.setattr(nft, "load", load)
    loading.load(path, OLD)
    with pytest.raises(KeyboardInterrupt):
        loading.load(path, NEW)
    assert seen[-1] == OLD and record.load(path).allowed == OLD


def test_a_kill_while_records_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks need the record of the owners, to know whether the change was done."""
    files = beside.Files(str(tmp_path / "owners.json"), str(tmp_path / "networks.json"))
    with suppress(KeyboardInterrupt), owner_record.claiming(files.owners, {"/iscsi/x": "csi"}):
        Path(f"{files.owners}.kept").write_bytes(Path(files.owners).read_bytes())
        raise KeyboardInterrupt
    os.replace(f"{files.owners}.kept", files.owners)
    record.store(files.networks, record.Record(NEW, "", OLD))
    Path(completed.path(files.owners)).touch()
    monkeypatch.setattr(nft, "load", lambda _: None)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for owner, name in ((loading, "recovered"), (owner_record, "finish")):
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(owner, name, killed)
            beside.settle(files)
    beside.settle(files)
    assert record.load(files.networks).allowed == NEW
    assert owner_record.load(files.owners) == {"/iscsi/x": "csi"}
    assert not beside.is_unfinished(files)


def test_an_interrupted_change_that_cannot_be_rolled_back_keeps_its_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that recover ends them, once the cause is removed."""
    files = beside.Files(str(tmp_path / "owners.json"), str(tmp_path / "networks.json"))
    unfinished = {"before": {}, "after": {"/iscsi/x": "csi"}, "moving": [[], []]}
    Path(files.owners).write_text(
        json.dumps({"owners": {"/iscsi/x": "csi"}, "moving": [], "unfinished": unfinished})
    )
    record.store(files.networks, record.Record(NEW, "", OLD))
    monkeypatch.setattr(nft, "load", lambda _: None)
    replaced = beside.under_way(files)
    assert replaced.owners == {"/iscsi/x": ("", "csi")}
    before = [Path(path).read_bytes() for path in (files.owners, files.networks)]
    with suppress(LioError), beside.reverting(files, replaced):
        raise LioError("a step")
    assert [Path(path).read_bytes() for path in (files.owners, files.networks)] == before
    with beside.reverting(files, replaced):
        pass
    assert owner_record.load(files.owners) == {} and not beside.is_unfinished(files)
    assert record.load(files.networks).allowed == OLD
