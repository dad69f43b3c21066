# SPDX-License-Identifier: Apache-2.0
"""iSNS: messages (RFC 4171), what a host registers, and servers that fail or lie."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.config.model import Config, Portal, Target, Tpg
from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.isns import connection, entity, messages, requests
from rtslib_ext.isns.connection import Connection, Disconnected, Refused
from rtslib_ext.isns.entity import Entity
from rtslib_ext.isns.messages import Attribute, Function, Malformed, Tag
from rtslib_ext.isns.requests import Listening
from rtslib_ext.isns.settings import Server, parse
from targetcli.isns import listener, service
from targetcli.isns.registrar import Registrar
from targetcli.isns.waker import Waker

IQN = "iqn.2003-01.org.example"


def config(**tpgs: dict[int, tuple[bool, tuple[str, ...]]]) -> Config:
    """Targets by the end of their names: for each tag whether it is enabled, and its portals."""
    targets = {}
    for name, of_target in tpgs.items():
        found = {
            tag: Tpg(tag, enable=enable, portals={text: portal(text) for text in portals})
            for tag, (enable, portals) in of_target.items()
        }
        targets["iscsi", f"{IQN}:{name}"] = Target("iscsi", f"{IQN}:{name}", found)
    return Config(targets=targets)


def portal(text: str) -> Portal:
    address, _, port = text.rpartition(":")
    return Portal(address, int(port))


def of(found: Config, *addresses: str, local: bool = False) -> Entity:
    return entity.of_config("host1", found, addresses, local=local)


TWO = config(
    a={1: (True, ("192.0.2.1:3260", "[2001:db8::1]:3260"))},
    b={1: (False, ("192.0.2.1:3260",)), 2: (True, ("192.0.2.2:3261",))},
)


# -- messages ---------------------------------------------------------------------------------


def test_bytes_of_a_message() -> None:
    """By hand from sections 5.1, 5.2 and 6.3.1."""
    found = messages.request(
        Function.DEREGISTER,
        7,
        [(Tag.NAME, messages.text("iqn.a")), (Tag.DELIMITER, b""), (Tag.ENTITY, b"h\0")],
    )
    expected = "0001 0004 0024 8c00 0007 0000"
    expected += "00000020 00000008 69716e2e61000000"
    expected += "00000000 00000000 00000001 00000004 68000000"
    assert found == bytes.fromhex(expected)
    assert messages.address("192.0.2.1").hex() == "00000000000000000000ffffc0000201"
    assert messages.as_address(messages.address("2001:db8::1")) == "2001:db8::1"


@given(
    st.integers(1, 0x7FFF),
    st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(max_size=64))),
    st.integers(1, 0xFFFF),
)
def test_what_is_written_is_read(
    function: int, attributes: list[Attribute], transaction: int
) -> None:
    data = messages.request(function, transaction, attributes)
    head = messages.header(data[:12])
    found = messages.joined([head], [data[12:]])
    padded = tuple((tag, value + bytes(-len(value) % 4)) for tag, value in attributes)
    assert (found.function, found.transaction, found.attributes) == (function, transaction, padded)
    assert head.is_last and found.status is None and found.answers == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        head = messages.header(data[:12])
        found = messages.joined([head], [data[12:]])
        requests.registered(found)
        requests.period_of(found)
        list(requests.answer(found))


@given(st.lists(st.tuples(st.sampled_from([0, 1, 6, 16, 17, 32]), st.binary(max_size=20))))
def test_any_response_to_a_query_is_read_or_refused(attributes: list[Attribute]) -> None:
    payload = bytes(4) + messages.packed(attributes)
    head = messages.Header(0x8000 | Function.QUERY, len(payload), 0x0C00, 1, 0)
    with suppress(Malformed):
        requests.registered(messages.joined([head], [payload]))


@pytest.mark.parametrize(
    ("head", "payload", "text"),
    [
        ("0002 0001 0000 0c00 0001 0000", "", "version 2"),
        ("0001 0001 0003 0c00 0001 0000", "", "no multiple of 4"),
        ("0001 0001 0004 0c00 0001 0000", "00000020", "ends within an attribute"),
        ("0001 0001 0008 0c00 0001 0000", "00000020 ffffffff", "a length of 4294967295"),
        ("0001 0001 000c 0c00 0001 0000", "00000020 00000003 61620000", "a length of 3"),
        ("0001 8001 0000 0c00 0001 0000", "", "without a status"),
        ("0001 0001 0000 0c00 0001 0005", "", "wrong order"),
    ],
)
def test_malformed_messages(head: str, payload: str, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        header = messages.header(bytes.fromhex(head))
        messages.joined([header], [bytes.fromhex(payload)])


def test_number_of_attributes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_ATTRIBUTES", 3)
    payload = messages.packed([(Tag.NAME, b"")] * 4)
    head = messages.Header(1, len(payload), 0x0C00, 1, 0)
    with pytest.raises(Malformed, match="more than 3 attributes"):
        messages.joined([head], [payload])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((Tag.NAME, b"\xff\xff\0\0"), "not UTF-8"),
        ((Tag.NAME, b"a" * 300), "a text of 300 bytes"),
        ((Tag.PORTAL_ADDRESS, bytes(4)), "an IP address of 4 bytes"),
        ((Tag.PORTAL_PORT, bytes(4)), "a port without an IP address"),
        ((Tag.PERIOD, bytes(8)), "a number of 8 bytes"),
    ],
)
def test_malformed_values(value: Attribute, text: str) -> None:
    message = messages.Message(0x8002, 1, ((Tag.DELIMITER, b""), value), 0)
    with pytest.raises(Malformed, match=text):
        requests.registered(message)


# -- what is registered -------------------------------------------------------------------------


def test_enabled_tpgs_are_the_portal_groups() -> None:
    found = of(TWO)
    assert found.portals == (("192.0.2.1", 3260), ("192.0.2.2", 3261), ("2001:db8::1", 3260))
    assert {name: dict(node.groups) for name, node in found.nodes.items()} == {
        f"{IQN}:a": {("192.0.2.1", 3260): 1, ("2001:db8::1", 3260): 1},
        f"{IQN}:b": {("192.0.2.2", 3261): 2},
    }


HOST = ("192.0.2.7", "2001:db8::7")


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("0.0.0.0:3260", False, ["192.0.2.7"]),
        ("[::0]:3260", False, ["192.0.2.7", "2001:db8::7"]),
        ("[::]:3260", False, ["192.0.2.7", "2001:db8::7"]),
        ("127.0.0.1:3260", False, []),
        ("127.0.0.1:3260", True, ["127.0.0.1"]),
        ("[::1]:3260", False, []),
        ("[fe80::1]:3260", True, []),
        ("[fe80::1%eth0]:3260", True, []),
    ],
)
def test_addresses_of_a_portal(name: str, local: bool, expected: list[str]) -> None:
    found = of(config(a={1: (True, (name,))}), *HOST, local=local)
    assert [address for address, _ in found.portals] == expected
    assert bool(found.nodes) is bool(expected)


def test_other_fabrics_are_not_registered() -> None:
    loop = Target("loopback", "naa.5001405000000001", {1: Tpg(1)})
    assert of(Config(targets={loop.key: loop})).nodes == {}


def test_a_target_has_no_group_where_it_does_not_listen() -> None:
    (attributes,) = requests.register(of(TWO), f"{IQN}:a", 300, Listening())
    at = attributes.index((Tag.NAME, messages.text(f"{IQN}:b")))
    groups = [value for tag, value in attributes[at:] if tag == Tag.GROUP_TAG]
    assert groups == [messages.number(2), b""]
    ports = [value for tag, value in attributes[at:] if tag == Tag.GROUP_PORT]
    assert ports == [messages.number(number) for number in (3261, 3260, 3260)]


def test_many_targets_take_several_messages() -> None:
    names = {f"t{number:04}": {1: (True, ("192.0.2.1:3260",))} for number in range(1000)}
    found = of(config(**names))
    parts = list(requests.register(found, found.source, 300, Listening()))
    assert len(parts) > 2
    assert all(len(messages.request(1, 1, part)) < 40_000 for part in parts)
    # Each begins with its source.
    told = [value for part in parts for tag, value in part[1:] if tag == Tag.NAME]
    assert told == [messages.text(name) for name in found.nodes]


# -- the file -----------------------------------------------------------------------------------


def test_the_file_of_target_isns() -> None:
    text = "# a comment\nisns_server = 192.0.2.9\nisns_port = 3206\nlog_level = debug\n"
    found = parse(text, "isns.conf")
    assert (found.servers, found.log_level) == ((Server("192.0.2.9", 3206),), "debug")
    assert (found.period, found.scn_port, found.esi_seconds) == (300, 0, 0)


def test_several_servers() -> None:
    text = "isns_server = a.example, [2001:db8::9]:3333\nisns_server=2001:db8::8\nscn_port = none"
    found = parse(text, "isns.conf")
    expected = [("a.example", 3205), ("2001:db8::9", 3333), ("2001:db8::8", 3205)]
    assert [(one.host, one.port) for one in found.servers] == expected
    assert [str(one) for one in found.servers][1:] == ["[2001:db8::9]:3333", "[2001:db8::8]:3205"]
    assert found.scn_port is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no iSNS server"),
        ("isns_serve = a", "line 1: unknown key 'isns_serve'"),
        ("a line", "line 1: 'a line' is not KEY = VALUE"),
        ("isns_server = a\nisns_port = 99999", "isns_port = '99999'"),
        ("isns_server = a:b", "isns_server = 'b' is not a number"),
        ("isns_server = :1", "is not a host name"),
        ("isns_server = a\nregistration_period = 5", "registration_period = '5'"),
        ("isns_server = a\nlog_level = loud", "unknown log_level 'loud'"),
        ("isns_server = a\nentity = " + "x" * 300, "at most 255 bytes"),
        ("isns_server = " + ",".join(f"h{n}" for n in range(17)), "names 17 servers"),
    ],
)
def test_mistakes_in_the_file(text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse(text, "isns.conf")


# -- servers ------------------------------------------------------------------------------------

Answer = Callable[[messages.Message], bytes]


class Fake:
    """A server that answers by a function, on loopback; ``heard`` are the functions asked for."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[int] = []
        self.links: list[socket.socket] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                link = self.listening.accept()[0]
                self.links.append(link)
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with suppress(LioError, OSError):
            while True:
                message = connection.receive(link, time.monotonic() + 30)
                self.heard.append(message.function)
                link.sendall(self.answer(message))

    def drop(self) -> None:
        """Close all connections."""
        for link in self.links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self.links.clear()

    def close(self) -> None:
        self.listening.close()
        self.drop()


@contextmanager
def serving(answer: Answer) -> Iterator[Fake]:
    server = Fake(answer)
    try:
        yield server
    finally:
        server.close()


def good(message: messages.Message, *attributes: Attribute, status: int = 0) -> bytes:
    payload = struct.pack(">I", status) + messages.packed(attributes)
    head = struct.pack(
        ">HHHHHH", 1, message.function | 0x8000, len(payload), 0x4C00, message.transaction, 0
    )
    return head + payload


def ask(answer: Answer, seconds: float = 5.0) -> messages.Message:
    with serving(answer) as server, Connection("127.0.0.1", server.port, seconds) as link:
        assert link.is_local
        return link.ask(Function.QUERY, requests.query("host1", f"{IQN}:a"))


def test_a_refusal_has_the_words_of_the_standard() -> None:
    with pytest.raises(Refused, match=r"refuses: source unauthorized \(status 8\)") as caught:
        ask(lambda message: good(message, status=8))
    assert caught.value.status == 8


def test_a_response_to_another_request_is_skipped() -> None:
    def answer(message: messages.Message) -> bytes:
        other = messages.Message(message.function, message.transaction - 1 & 0xFFFF, ())
        return good(other, status=8) + good(message, (Tag.DELIMITER, b""))

    assert ask(answer).status == 0


def test_endless_other_responses_end() -> None:
    other = messages.Message(Function.QUERY, 9999, ())
    with pytest.raises(Malformed, match="none of which is the response"):
        ask(lambda _: good(other) * 150)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(12)], ids=["http", "zeroes"]
)
def test_another_protocol_is_refused(answer: bytes) -> None:
    with pytest.raises(Malformed):
        ask(lambda _: answer)


def test_a_slow_server_is_given_up() -> None:
    def answer(message: messages.Message) -> bytes:
        time.sleep(0.5)
        return good(message)

    with pytest.raises(Disconnected, match="no complete message came in time"):
        ask(answer, seconds=0.2)


def test_a_server_that_sends_byte_by_byte_is_given_up() -> None:
    """The limit is that of the whole response."""
    with serving(lambda _: b"") as server, Connection("127.0.0.1", server.port, 0.4) as link:
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                for other in server.links:
                    with suppress(OSError):
                        other.sendall(b"\0")

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises((Disconnected, Malformed)):
            link.ask(Function.QUERY, [])
        stop.set()
        assert time.monotonic() - began < 2


def test_an_endless_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BYTES", 1000)

    def answer(message: messages.Message) -> bytes:
        head = struct.pack(">HHHHHH", 1, 0x8002, 600, 0x4400, message.transaction, 0)
        return (head + bytes(600)) * 2

    with pytest.raises(Malformed, match="more than 1000 bytes"):
        ask(answer)


def test_a_message_in_two_parts_is_joined() -> None:
    def answer(message: messages.Message) -> bytes:
        body = messages.packed([(Tag.DELIMITER, b""), (Tag.NAME, messages.text(f"{IQN}:a"))])
        parts = (bytes(4) + body[:12], body[12:])
        heads = (
            struct.pack(">HHHHHH", 1, 0x8002, len(part), flags, message.transaction, number)
            for number, (part, flags) in enumerate(zip(parts, (0x4400, 0x4800), strict=True))
        )
        return b"".join(head + part for head, part in zip(heads, parts, strict=True))

    assert requests.registered(ask(answer)).names == {f"{IQN}:a"}


# -- the registrar ------------------------------------------------------------------------------


class Database:
    """As much of a server as tells what a registrar did; loses all with ``clear``."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.portals: dict[tuple[str, int], None] = {}
        self.no_esi = False

    def __call__(self, message: messages.Message) -> bytes:
        match message.function:
            case Function.REGISTER:
                return self._register(message)
            case Function.QUERY:
                found = [(Tag.DELIMITER, b"")]
                found += [(Tag.NAME, messages.text(name)) for name in self.names]
                for address, port in self.portals:
                    found.append((Tag.PORTAL_ADDRESS, messages.address(address)))
                    found.append((Tag.PORTAL_PORT, messages.number(port)))
                return good(message, *found)
            case Function.DEREGISTER:
                self._deregister(message)
        return good(message)

    def _register(self, message: messages.Message) -> bytes:
        attributes = message.attributes[3:]
        if self.no_esi and any(tag == Tag.ESI_PORT for tag, _ in attributes):
            return good(message, status=messages.ESI_NOT_AVAILABLE)
        address = ""
        for tag, value in attributes:
            if tag == Tag.NAME:
                self.names[messages.as_text(value)] = None
            elif tag == Tag.PORTAL_ADDRESS:
                address = messages.as_address(value)
            elif tag == Tag.PORTAL_PORT:
                self.portals[address, messages.as_number(value)] = None
        return good(message, (Tag.PERIOD, messages.number(60)))

    def _deregister(self, message: messages.Message) -> None:
        address = ""
        for tag, value in message.attributes[2:]:
            if tag == Tag.ENTITY:
                self.clear()
            elif tag == Tag.NAME:
                self.names.pop(messages.as_text(value))
            elif tag == Tag.PORTAL_ADDRESS:
                address = messages.as_address(value)
            elif tag == Tag.PORTAL_PORT:
                self.portals.pop((address, messages.as_number(value)))

    def clear(self) -> None:
        self.names.clear()
        self.portals.clear()

    def has(self, found: Entity) -> bool:
        return set(self.names) == set(found.nodes) and set(self.portals) == set(found.portals)


NONE = Listening()


class Life:
    """A registrar and what it is to register."""

    def __init__(self, port: int, found: Entity, listening: Listening = NONE) -> None:
        self.entity, self.said = found, list[str]()
        self.registrar = Registrar(
            Server("127.0.0.1", port),
            lambda local: self.entity,
            60,
            listening,
            lambda level, text: self.said.append(f"{level} {text}"),
        )

    def __enter__(self) -> Life:
        self.registrar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.registrar.stop()
        self.registrar.join(5)
        assert not self.registrar.is_alive()

    def change(self, found: Entity) -> None:
        self.entity = found
        self.registrar.wake()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("targetcli.isns.registrar._LEAST_SECONDS", 0.02)
    monkeypatch.setattr("targetcli.isns.registrar._FIRST_PAUSE", 0.02)


def test_changes_are_followed() -> None:
    known, only_b = Database(), of(config(b={2: (True, ("192.0.2.2:3261",))}))
    with serving(known) as server:
        with Life(server.port, of(TWO)) as life:
            until(lambda: known.has(of(TWO)))
            # The target that spoke for all leaves.
            life.change(only_b)
            until(lambda: known.has(only_b))
            life.change(of(Config()))
            until(lambda: known.has(of(Config())))
            life.change(of(TWO))
            until(lambda: known.has(of(TWO)))
        assert known.has(of(Config()))
        assert life.said[-1].endswith("deregistered")


@pytest.mark.parametrize("how", ["restarted", "told"])
def test_a_lost_registration_is_made_again(how: str) -> None:
    known = Database()
    with serving(known) as server, Life(server.port, of(TWO)) as life:
        until(lambda: known.has(of(TWO)))
        known.clear()
        if how == "restarted":
            server.drop()
        else:
            life.registrar.wake(verify=True)
        until(lambda: known.has(of(TWO)))
        until(lambda: any("was lost; registering again" in text for text in life.said))


def test_what_another_run_left_is_replaced() -> None:
    known = Database()
    known.names[f"{IQN}:old"] = None
    flags = []

    def answer(message: messages.Message) -> bytes:
        if message.function == Function.REGISTER:
            flags.append(True)
            known.clear()
        return known(message)

    with serving(answer) as server, Life(server.port, of(TWO)):
        until(lambda: known.has(of(TWO)))
    assert flags == [True]


def test_the_registration_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a query, a third into the period that the server grants."""
    known = Database()

    def answer(message: messages.Message) -> bytes:
        if message.function == Function.REGISTER:
            known(message)
            return good(message, (Tag.PERIOD, messages.number(1)))
        return known(message)

    with serving(answer) as server, Life(server.port, of(TWO)):
        until(lambda: server.heard.count(Function.QUERY) >= 3)
        assert server.heard.count(Function.REGISTER) == 1


def test_a_server_that_is_down_is_tried_again_and_reported_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Life(port, of(TWO)) as life:
        until(lambda: bool(life.said))
        time.sleep(0.3)
        assert life.said == [f"warning 127.0.0.1:{port}: connection refused; trying again"]


def test_a_refused_registration_is_tried_again() -> None:
    known, refused = Database(), [8, 8]

    def answer(message: messages.Message) -> bytes:
        if message.function == Function.REGISTER and refused:
            return good(message, status=refused.pop())
        return known(message)

    with serving(answer) as server, Life(server.port, of(TWO)) as life:
        until(lambda: known.has(of(TWO)))
        assert [text for text in life.said if "source unauthorized" in text]


def test_status_inquiries_are_left_out_where_there_are_none() -> None:
    known = Database()
    known.no_esi = True
    with serving(known) as server, Life(server.port, of(TWO), Listening(4711, 30)) as life:
        until(lambda: known.has(of(TWO)))
        assert any("offers no status inquiries" in text for text in life.said)
        until(lambda: Function.SCN_REGISTER in server.heard)


def test_a_server_that_talks_nonsense_does_no_harm() -> None:
    with serving(lambda _: b"\xff" * 4096) as server, Life(server.port, of(TWO)) as life:
        until(lambda: bool(life.said))
        assert "trying again" in life.said[0]


# -- state changes and status inquiries ---------------------------------------------------------


@pytest.fixture
def hearing() -> Iterator[tuple[int, list[str]]]:
    """The port of a listener, and what it heard."""
    heard: list[str] = []
    link = listener.listening(0)
    one = listener.Listener(link, "host1", lambda: heard.append("changed"), lambda *_: None)
    one.start()
    yield one.port, heard
    link.close()


def exchange(port: int, function: int, *attributes: Attribute) -> messages.Message:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(messages.request(function, 5, attributes))
        return connection.receive(link, time.monotonic() + 5)


def test_a_state_change_is_answered_and_reported(hearing: tuple[int, list[str]]) -> None:
    port, heard = hearing
    name = (Tag.NAME, messages.text(f"{IQN}:a"))
    found = exchange(port, Function.SCN, name, (Tag.TIMESTAMP, bytes(8)), (35, bytes(4)))
    assert (found.function, found.status, len(found.attributes)) == (0x8008, 0, 1)
    until(lambda: heard == ["changed"])


def test_a_status_inquiry_is_answered_with_its_attributes(hearing: tuple[int, list[str]]) -> None:
    port, heard = hearing
    given = ((Tag.TIMESTAMP, bytes(8)), (Tag.ENTITY, messages.text("host1") + b"\0\0"))
    found = exchange(port, Function.ESI, *given)
    assert (found.function, found.status, found.attributes) == (0x800D, 0, given)
    assert exchange(port, Function.ESI, (Tag.ENTITY, messages.text("host2"))).status == 9
    assert exchange(port, Function.REGISTER).status == 15
    assert heard == []


def test_strangers_are_limited(
    hearing: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond eight connections, more are closed; those that say nothing are, too."""
    monkeypatch.setattr(listener, "_IDLE_SECONDS", 0.3)
    port, _ = hearing
    links = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(12)]
    assert [link.recv(1) for link in links] == [b""] * 12
    for link in links:
        link.close()
    assert exchange(port, Function.SCN, (Tag.NAME, messages.text("x"))).status == 0


def test_no_file_of_this_room_knows_the_program() -> None:
    """It is pure but for the sockets of ``connection``."""
    folder = Path(messages.__file__).parent
    users = [path.stem for path in folder.glob("*.py") if "import socket" in path.read_text()]
    assert users == ["connection"]


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 64}.example"])
def test_a_name_that_no_host_has_is_tried_again(host: str) -> None:
    """Its error is not an OSError, and would end the thread of the server."""
    with pytest.raises(Disconnected, match="is not the name of a host"):
        Connection(host, 3205)


def test_a_signal_that_comes_as_the_time_ends_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may receive it: select ends after its time, then the handler runs."""
    waker = Waker()

    def select_then_signal(*_: object) -> tuple[list[int], list[int], list[int]]:
        waker.wake()
        return [], [], []

    with monkeypatch.context() as patch:
        patch.setattr("select.select", select_then_signal)
        assert waker.wait(0)
    assert not waker.wait(0)


@pytest.mark.parametrize("name", ["s\udce6n", "a\x1bb", "x" * 256])
def test_an_entity_is_a_printable_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidValue, match="entity"):
        parse(f"isns_server = 192.0.2.9\nentity = {name}\n", "isns.conf")
    monkeypatch.setattr("socket.gethostname", lambda: name[:3])
    if not name.isprintable():
        with pytest.raises(LioError, match="cannot stand for this host"):
            service.entity_name(parse("isns_server = 192.0.2.9\n", "isns.conf"))
