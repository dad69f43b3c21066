# SPDX-License-Identifier: Apache-2.0
"""Network portals: addresses, ports, what is in the way, iSER and offload."""

from __future__ import annotations

import json
import os
import socket

import pytest

from targetcli import session

from ..fabrics.table import has_module
from .harness import ETC, TARGET, Shell, tree
from .test_questions import Terminal

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
NP = TARGET / f"iscsi/{IQN}/tpgt_1/np"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user at the portals of a TPG that has none."""
    shell.ok("set global auto_add_default_portal=false")
    shell.ok(f"/iscsi create {IQN}")
    shell.cwd = f"{TPG}/portals"
    return shell


def answers(address: str, port: int) -> bool:
    """Tell whether somebody listens there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0


def test_defaults(user: Shell) -> None:
    assert user.ok("create").rows == [
        "Using default IP port 3260",
        "Binding to INADDR_ANY (::0)",
        "Created network portal ::0:3260.",
    ]
    assert (NP / "[::0]:3260").is_dir()
    assert answers("127.0.0.1", 3260) and answers("::1", 3260)
    assert user.ok("delete ::0 3260") == "Deleted network portal ::0:3260\n"
    assert list(NP.iterdir()) == [] and not answers("127.0.0.1", 3260)


@pytest.mark.parametrize(
    "words, address, port, folder",
    [
        ("127.0.0.1", "127.0.0.1", 3260, "127.0.0.1:3260"),
        ("ip_address=127.0.0.1 ip_port=3261", "127.0.0.1", 3261, "127.0.0.1:3261"),
        ("0.0.0.0 3261", "0.0.0.0", 3261, "0.0.0.0:3261"),
        ("::1 65535", "::1", 65535, "[::1]:65535"),
        ("[::1] 3261", "[::1]", 3261, "[::1]:3261"),
        (":: 3261", "::", 3261, "[::]:3261"),
    ],
)
def test_addresses(user: Shell, words: str, address: str, port: int, folder: str) -> None:
    rows = user.ok(f"create {words}").rows
    assert rows[-1] == f"Created network portal {address}:{port}."
    assert rows[:-1] == (["Using default IP port 3260"] if port == 3260 else [])
    assert [path.name for path in NP.iterdir()] == [folder]
    assert answers("::1" if "[" in folder else "127.0.0.1", port)
    assert user.ok(f"delete {address} {port}") == f"Deleted network portal {address}:{port}\n"
    assert list(NP.iterdir()) == []


def test_info_and_summary(user: Shell) -> None:
    user.ok("create ::1")
    for name in ("[::1]:3260", "::1:3260"):
        assert user.ok(f"{name}/ info").rows == [
            "ip_address: [::1]",
            "iser: False",
            "offload: False",
            "port: 3260",
        ]
    assert user.ok("ls").rows[1] == f"  o- [::1]:3260 {'.' * 111} [OK]"
    assert user.ok("ls [::1]:3260").rows[0].startswith("o- [::1]:3260 ..")
    assert user.ok("status") == f"Status for {TPG}/portals: Portals: 1\n"
    user.refuses("ls 0.0.0.0:3260", f"No such path {TPG}/portals/0.0.0.0:3260")


def test_address_of_nobody_is_told_of(user: Shell) -> None:
    made = user.ok("create 192.0.2.77 3261")
    assert made.rows == ["Created network portal 192.0.2.77:3261."]
    assert made.asides == ["Note: no interface of this host has the address 192.0.2.77 now"]
    assert (NP / "192.0.2.77:3261").is_dir()
    assert not user.ok("create 127.0.0.2 3261").asides


def test_what_is_in_the_way_is_named(user: Shell) -> None:
    user.ok("create")
    text = f"Could not create NetworkPortal in configFS: [Errno 22] Invalid argument: '{NP}"
    user.refuses(
        "create 127.0.0.1",
        f"{TPG}/portals/127.0.0.1:3260: {text}/127.0.0.1:3260'",
        "the portal [::0]:3260 already listens on every address; delete it first: "
        f"{TPG}/portals delete ::0 3260",
    )
    user.ok("delete ::0 3260")
    user.ok("create 127.0.0.1")
    user.refuses(
        "create 0.0.0.0",
        f"{text}/0.0.0.0:3260'",
        "the portal 127.0.0.1:3260 conflicts with this one; delete it first: "
        f"{TPG}/portals delete 127.0.0.1 3260",
    )
    user.ok(f"/iscsi/{IQN} create 2")
    user.refuses(
        f"/iscsi/{IQN}/tpg2/portals create 127.0.0.1", f"portal 127.0.0.1:3260 of {TPG} conflicts"
    )


def test_program_in_the_way(user: Shell) -> None:
    with socket.create_server(("127.0.0.1", 3299)):
        user.refuses(
            "create 127.0.0.1 3299",
            "[Errno 22] Invalid argument",
            f"(process {os.getpid()}) already listens on port 3299",
            "end it, or use another port",
        )
    user.ok("create 127.0.0.1 3299")


def test_program_in_the_way_of_the_default_portal(user: Shell) -> None:
    user.ok("set global auto_add_default_portal=true")
    with socket.create_server(("127.0.0.1", 3260)):
        answer = user.ok("/iscsi create iqn.2003-01.org.example:b")
    assert f"(process {os.getpid()}) listens on port 3260; stop it" in answer.rows[-1]
    assert answer.rows[-1].startswith("Default portal not created: ")


def test_every_portal_in_the_way_is_named(user: Shell) -> None:
    user.ok("create")
    for name in "bcde":
        user.ok(f"/iscsi create iqn.2003-01.org.example:{name}")
        user.ok(f"/iscsi/iqn.2003-01.org.example:{name}/tpg1/portals create")
    answer = user.refuses(
        "create 127.0.0.1",
        "the portal [::0]:3260 already listens on every address; delete them first: "
        f"{TPG}/portals delete ::0 3260; /iscsi/iqn.2003-01.org.example:",
        "; and 2 more on port 3260",
    )
    for name in "bcde":
        user.ok(f"/iscsi delete iqn.2003-01.org.example:{name}")
    said = answer.stderr.partition("first: ")[2]
    user.ok(said.partition(";")[0])
    user.ok("create 127.0.0.1")


@pytest.mark.parametrize(
    "there, asked", [("::0", "0.0.0.0"), ("::", "0.0.0.0"), ("0.0.0.0", "::0"), ("::0", "::")]
)
def test_the_portal_of_all_addresses_goes_by_both_names(
    user: Shell, there: str, asked: str
) -> None:
    user.ok(f"create {there}")
    name, other = (f"[{text}]:3260" if ":" in text else f"{text}:3260" for text in (there, asked))
    note = f"Note: {other} does not exist, using {name}"
    path = f"{TPG}/portals/{name}"
    answer = user.ok(f"{other}/ status")
    assert (answer.rows, answer.asides) == ([f"Status for {path}: "], [note])
    assert user.ok(f"ls {other}").rows[0].startswith(f"o- {name} ..")
    answer = user.ok(f"{other}/ enable_iser false")
    assert (answer.rows, answer.asides) == (["iSER enable now: False"], [note])
    assert user.ok(f"{TPG}/portals/{other} info").asides == [note]
    user.refuses(f"{asked}:3261/ status", "No such path")
    answer = user.ok(f"delete {asked} 3260")
    assert answer.rows == [f"Deleted network portal {asked}:3260"]
    assert answer.asides[0].startswith(NONE_LEFT) and answer.asides[1:] == [note]
    assert list(NP.iterdir()) == []
    user.refuses(f"delete {asked} 3260", "No such NetworkPortal in configfs")


def test_ipv4_wildcard_is_there_already(user: Shell) -> None:
    user.ok("create")
    user.refuses(
        "create 0.0.0.0 3260",
        "0.0.0.0:3260: This NetworkPortal already exists in configFS",
        "[::0]:3260 also listens on every IPv4 address",
    )


def test_ipv6_wildcard_beside_an_ipv4_one(user: Shell) -> None:
    user.ok("create 0.0.0.0")
    user.refuses("create ::0", f"delete it first: {TPG}/portals delete 0.0.0.0 3260")


def test_an_address_is_found_however_it_is_written(user: Shell) -> None:
    user.ok("create 0:0::1 3261")
    assert user.ok("delete ::1 3261").rows[0] == "Deleted network portal ::1:3261"
    assert list(NP.iterdir()) == []


def test_restoring_tells_of_portals_what_creating_tells(user: Shell) -> None:
    user.ok("create 127.0.0.1 3270")
    user.ok("create 192.0.2.77 3271")
    user.ok("/iscsi create iqn.2003-01.org.example:b")
    user.ok("/iscsi/iqn.2003-01.org.example:b/tpg1/portals create ::0 3270")
    user.ok("/ saveconfig")
    restored = user.ok("/ restoreconfig clear_existing=true")
    assert len(restored.rows) == 1
    assert restored.asides == [
        f"Note: {TPG}/portals/192.0.2.77:3271: no interface of this host has the address"
        " 192.0.2.77 now",
        "Note: /iscsi/iqn.2003-01.org.example:b/tpg1/portals/[::0]:3270: the kernel serves"
        " [::0]:3270 only on the address of another portal on port 3270; delete both and create"
        " this one first",
    ]
    assert not answers("::1", 3270)


def test_link_local_address(user: Shell) -> None:
    user.refuses(
        "create fe80::1",
        f"{TPG}/portals/[fe80::1]:3260",
        "the kernel's target does not support link-local addresses (use a global address",
    )


def test_wildcard_that_shares_an_ipv4_socket_is_told_of(user: Shell) -> None:
    user.ok("create 127.0.0.1 3270")
    user.ok("/iscsi create iqn.2003-01.org.example:b")
    answer = user.ok("/iscsi/iqn.2003-01.org.example:b/tpg1/portals create ::0 3270")
    note = "Note: the kernel serves [::0]:3270 only on the address of another portal"
    assert answer.asides[0].startswith(note)
    assert not answers("::1", 3270)


def test_iser_and_offload_need_a_card(user: Shell) -> None:
    user.ok("create 127.0.0.1")
    user.cwd = f"{TPG}/portals/127.0.0.1:3260"
    assert user.ok("enable_iser false") == "iSER enable now: False\n"
    assert user.ok("enable_offload boolean=false") == "offload enable now: False\n"
    if not has_module("ib_isert"):
        user.refuses("enable_iser true", user.cwd, "Cannot change iser", "ib_isert")
    else:
        # It waits for a card on that address.
        assert user.ok("enable_iser true") == "iSER enable now: True\n"
        assert user.ok("enable_iser false") == "iSER enable now: False\n"
    user.refuses("enable_offload 1", user.cwd, "Cannot change offload", "cxgbit")


def test_portal_without_its_card_is_not_created(user: Shell) -> None:
    """It would listen for plain TCP, and the next save would forget the offload, or iSER."""
    user.ok("create 127.0.0.1")
    user.ok("/ saveconfig")
    file = ETC / "saveconfig.json"
    document = json.loads(file.read_text())
    portals = document["targets"][0]["tpgs"][0]["portals"]
    portals.append({**portals[0], "port": 3261, "offload": True})
    file.write_text(json.dumps(document))
    user.ok("/ clearconfig confirm=true")
    answer = user("/ restoreconfig")
    path = f"{TPG}/portals/127.0.0.1:3261"
    assert answer.exit == 1 and answer.stderr.splitlines()[1].startswith(f"{path}: ")
    assert [item.name for item in NP.iterdir()] == ["127.0.0.1:3260"]
    assert path in user("/ status")
    user.ok("/ saveconfig")
    saved = json.loads(file.read_text())["targets"][0]["tpgs"][0]["portals"]
    assert [item["offload"] for item in saved] == [False, True]


def test_delete_leaves_no_trace(user: Shell) -> None:
    before = tree()
    user.ok("create 127.0.0.1")
    user.ok("delete ip_address=127.0.0.1 ip_port=3260")
    assert tree() == before


NONE_LEFT = f"Note: {TPG} is enabled and has no portal: no initiator can log in "


def test_the_last_portal_of_an_enabled_target_is_noted(user: Shell) -> None:
    user.ok("create 127.0.0.1 3261")
    user.ok("create 127.0.0.1 3262")
    assert user.ok("delete 127.0.0.1 3261").stderr == ""
    assert user.ok("delete 127.0.0.1 3262").stderr.startswith(NONE_LEFT)
    user.ok(f"{TPG} disable")
    assert user.ok(f"{TPG} enable").stderr.startswith(NONE_LEFT)
    user.ok("create 127.0.0.1 3261")
    user.ok(f"{TPG} disable")
    assert user.ok("delete 127.0.0.1 3261").stderr == ""


def test_a_target_that_is_created_without_a_portal_is_noted_at_a_terminal(shell: Shell) -> None:
    shell.ok("set global auto_add_default_portal=false")
    assert shell.ok(f"/iscsi create {IQN}").stderr == "", "scripts create the portal next"

    def told(line: str) -> str:
        env = shell.env()
        env.stdout = Terminal()
        session.run_line(env, lambda: session.grammar.parse(line))
        return env.stdout.getvalue() + env.stderr.getvalue()  # type: ignore[attr-defined,no-any-return]

    text = (
        "tpg2 is enabled and has no portal: no initiator can log in (portals/ create creates one)"
    )
    assert f"Note: /iscsi/{IQN}/{text}" in told(f"/iscsi/{IQN} create 2")
    assert "no portal" not in told("/loopback create")
    told("set global auto_enable_tpgt=false")
    assert "tpg3" not in told(f"/iscsi/{IQN} create 3")


def test_apply_and_restore_of_a_target_without_a_portal_are_noted(user: Shell) -> None:
    file = ETC / "saveconfig.json"
    user.ok("/ saveconfig")
    user.ok("/ clearconfig confirm=true")
    text = f"Note: {TPG}: it is enabled and has no portal: no initiator can log in"
    assert any(row.startswith(text) for row in user(f"/ diff {file}").rows)
    assert any(row.startswith(text) for row in user.ok(f"/ apply {file}").rows)
    assert not any(row.startswith(text) for row in user.ok(f"/ apply {file}").rows)
    user.ok("/ clearconfig confirm=true")
    assert any(row.startswith(text) for row in user.ok("/ restoreconfig").asides)


def test_restore_whose_only_portal_is_refused_notes_that(user: Shell) -> None:
    user.ok("create 127.0.0.1 3261")
    user.ok("/ saveconfig")
    user.ok("/ clearconfig confirm=true")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 3261))
        other.listen()
        answer = user("/ restoreconfig")
    assert answer.exit == 1
    assert f"{TPG}: it is enabled and has no portal: no initiator can log in" in answer.stderr


def test_an_enabled_target_without_a_portal_is_marked(user: Shell) -> None:
    told = json.loads(user.ok(f"{TPG}/portals status", json=True))["data"]
    assert told == {"summary": "Portals: 0", "healthy": False, "notes": []}
    user.ok(f"{TPG} disable")
    assert json.loads(user.ok(f"{TPG}/portals status", json=True))["data"]["healthy"] is None


def test_a_portal_whose_address_this_host_does_not_have_is_marked(user: Shell) -> None:
    user.ok("create 127.0.0.1 3261")
    user.ok("create 192.0.2.7 3261")
    user.ok("create 2001:db8::7 3261")
    text = "no interface has this address"
    for name in ("192.0.2.7:3261", "[2001:db8::7]:3261"):
        assert user.ok(f"{name}/ status") == f"Status for {TPG}/portals/{name}: {text}\n"
        assert f"problem: {text}" in user.ok(f"{name}/ info").rows
        assert any(
            f"o- {name} .." in row and row.endswith(f"[{text}]") for row in user.ok("ls").rows
        )
    assert user.ok("127.0.0.1:3261/ status") == f"Status for {TPG}/portals/127.0.0.1:3261: \n"
    assert "problem" not in user.ok("127.0.0.1:3261/ info")
