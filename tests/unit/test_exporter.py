# SPDX-License-Identifier: Apache-2.0
"""The exporter: its text, its HTTP server, and what dashboard and alert rules name."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import sessions
from targetcli.commands.exporter import exporter
from targetcli.env import Env
from targetcli.exporter import exposition, metrics, server, states
from targetcli.exporter.metrics import METRICS, Chunk, chunk
from targetcli.prefs import Preferences
from targetcli.tree import walk

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "monitoring/dashboard.json").read_text())
ALERTS = (ROOT / "monitoring/alerts.yml").read_text()
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {"instance": "a", "target": "b", "storage_object": "c", "top": "5"}


def test_text_is_what_prometheus_reads() -> None:
    name = 'a "quoted" \\ name'
    chunks = [
        chunk("lio_up", ((), 1)),
        chunk("lio_storage_object_resets", ((name,), 3)),
        chunk("lio_storage_object_resets", (("ramdisk/r",), 2**60)),
        chunk("lio_reservation_info"),
    ]
    text = b"".join(exposition.text(chunks)).decode()
    assert text.count("# TYPE lio_storage_object_resets_total counter") == 1
    assert "lio_reservation_info" not in text
    up, resets = text_string_to_metric_families(text)
    assert (up.name, up.type, up.samples[0].value) == ("lio_up", "gauge", 1)
    assert [(item.name, item.labels, item.value) for item in resets.samples] == [
        ("lio_storage_object_resets_total", {"storage_object": name}, 3),
        ("lio_storage_object_resets_total", {"storage_object": "ramdisk/r"}, 2**60),
    ]


def test_names_follow_the_conventions_of_prometheus() -> None:
    for row in metrics.ROWS:
        assert re.fullmatch(r"lio_[a-z_]+", row.name), row.name
        assert not row.name.endswith("_total") and row.text.endswith("."), row.name
        assert "mib" not in row.name and "ms" not in row.name.split("_"), row.name
    assert len(METRICS) == len(metrics.ROWS)
    assert metrics.STATES["1"] == "active_non_optimized"


def named(text: str) -> set[str]:
    return set(re.findall(r"\blio_\w+", text))


def test_dashboard_and_alerts_name_only_metrics_that_are_exported() -> None:
    known = {row.full_name for row in metrics.ROWS}
    texts = [*EXPRESSIONS, ALERTS, json.dumps(DASHBOARD["templating"])]
    used = set().union(*map(named, texts))
    assert used <= known
    # What nobody looks at need not be exported.
    ignored = {"lio_exporter_info", "lio_up", "lio_logins_total", "lio_logouts_total"}
    ignored |= {name for name in known if name.startswith("lio_session_")}
    ignored |= {"lio_tpg_enabled", "lio_storage_object_bytes", "lio_saved_config_timestamp_seconds"}
    ignored |= {name for name in known if re.match("lio_storage_object_(commands|read|writ)", name)}
    assert known - used <= ignored


def labels_of(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics of an expression, with the labels that choose among their samples."""
    for name, matchers in re.findall(r"\b(lio_\w+)\{([^}]*)\}", expression):
        yield name, set(re.findall(r"(\w+)\s*[=!]", matchers))


def test_labels_exist() -> None:
    by_name = {row.full_name: row for row in metrics.ROWS}
    of_rules = re.findall(r"expr: (.*)", ALERTS)
    assert len(of_rules) == ALERTS.count("- alert:")
    for expression in (*EXPRESSIONS, *of_rules):
        for name, labels in labels_of(expression):
            assert labels <= {"instance", *by_name[name].labels}, expression
        every = {label for row in metrics.ROWS for label in row.labels} | {"instance"}
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(group.split(", ")) <= every, expression


def test_the_dashboard_is_complete() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids) and DASHBOARD["uid"] == "lio-target"
    for panel in PANELS:
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
    used = set(re.findall(r"\$(\w+)", " ".join(EXPRESSIONS))) - {"__rate_interval"}
    assert used <= {item["name"] for item in DASHBOARD["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


def test_each_alert_has_a_cure() -> None:
    for rule in ALERTS.split("- alert: ")[1:]:
        name = rule.partition("\n")[0]
        for part in ("severity: ", 'summary: "{{ $labels.instance }}: ', "description: "):
            assert part in rule, name
    for command in re.findall(r"targetcli (\w+)", ALERTS):
        assert command in ("status", "diff", "sessions", "logins", "check", "exporter"), command


def test_promtool_accepts_rules_and_expressions(tmp_path: Path) -> None:
    """Where Prometheus is installed; the tests above hold what the rules name everywhere."""
    promtool = shutil.which("promtool")
    rules = [f"      - {{record: 'r:{n}', expr: {json.dumps(e)}}}" for n, e in enumerate(plain())]
    (tmp_path / "rules.yml").write_text("\n".join(["groups:", "  - name: g", "    rules:", *rules]))
    if promtool:
        folder = ROOT / "monitoring"
        for words in (
            ("check", "rules", str(folder / "alerts.yml")),
            ("test", "rules", str(folder / "alerts_test.yml")),
            ("check", "rules", str(tmp_path / "rules.yml")),
        ):
            done = subprocess.run((promtool, *words), capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    assert all("$" not in expression for expression in plain())


def plain() -> list[str]:
    """The expressions of the dashboard with values in the places of its variables."""
    found = []
    for expression in EXPRESSIONS:
        text = expression.replace("$__rate_interval", "5m")
        for name, value in VARIABLES.items():
            text = text.replace(f"${name}", value)
        found.append(text)
    return found


@pytest.fixture
def serving() -> Iterator[str]:
    """A server on a free port, of two pieces."""
    pieces = [b"lio_up 1.0\n", b"", b"lio_sessions 2.0\n"]
    made = server.Server(server.listening("127.0.0.1", 0), lambda: pieces)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def test_http(serving: str) -> None:
    with urllib.request.urlopen(f"{serving}/metrics?x=1", timeout=10) as answer:
        assert answer.read() == b"lio_up 1.0\nlio_sessions 2.0\n"
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    with urllib.request.urlopen(serving, timeout=10) as answer:
        assert b"/metrics" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{serving}/other", timeout=10)


def served(pieces: server.Pieces) -> tuple[server.Server, str]:
    made = server.Server(server.listening("127.0.0.1", 0), pieces)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made, f"http://127.0.0.1:{made.server_address[1]}/metrics"


def test_more_clients_than_there_are_threads_are_refused() -> None:
    made, url = served(lambda: [b"lio_up 1.0\n"])
    address = ("127.0.0.1", made.server_address[1])
    with made, contextlib.ExitStack() as idle:
        clients = [
            idle.enter_context(socket.create_connection(address, timeout=10)) for _ in range(40)
        ]
        assert clients[-1].recv(1) == b""
        made.shutdown()


def test_a_client_that_sends_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen of them would keep all others out."""
    monkeypatch.setattr(server._Handler, "timeout", 0.5)
    made, _ = served(lambda: [b"lio_up 1.0\n"])
    address = ("127.0.0.1", made.server_address[1])
    with made, socket.create_connection(address, timeout=0.05) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        begun = time.monotonic()
        found: bytes | None = None
        while found != b"" and time.monotonic() < begun + 10:
            try:
                client.sendall(b"x")
                found = client.recv(1 << 16)
            except TimeoutError:
                continue
            except ConnectionError:
                break
        made.shutdown()
    assert time.monotonic() < begun + 5


def request(made: server.Server) -> socket.socket:
    """A client that sends a request, and reads nothing of the answer."""
    client = socket.create_connection(("127.0.0.1", made.server_address[1]), timeout=10)
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    return client


def test_a_client_that_reads_nothing_keeps_no_other_waiting() -> None:
    size = 16 << 20
    made, url = served(lambda: [bytes(size)])
    with made, request(made), request(made):
        for _ in range(2):
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert len(answer.read()) == size
        made.shutdown()


def test_a_scrape_that_takes_too_long_fails() -> None:
    scrapes = iter([itertools.repeat(b"x" * 65536), [b"lio_up 1.0\n"]])
    made, url = served(lambda: next(scrapes))
    made.seconds = 0.2
    with made:
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(url, timeout=10)
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == b"lio_up 1.0\n"
        made.shutdown()


def test_waiting_texts_are_compressed() -> None:
    text = [b'lio_lun_commands_total{target="%d"} 1\n' % number for number in range(30_000)]
    size, packed = server._packed(text, 60)
    assert size == sum(map(len, text)) and sum(map(len, packed)) < size / 5
    parts = list(server._unpacked(packed))
    assert b"".join(parts) == b"".join(text) and max(map(len, parts)) <= 1 << 16


def test_a_client_gets_the_whole_answer_in_time_or_none() -> None:
    size = 16 << 20
    made, _ = served(lambda: [bytes(size)])
    made.seconds = 1
    with made, request(made) as slow:
        # It takes a little again and again, which is no reason to wait for it.
        got = sum(len(slow.recv(1000)) for _ in range(20) if not time.sleep(0.1))
        with suppress(ConnectionError):
            while part := slow.recv(1 << 20):
                got += len(part)
        assert got < size
        made.shutdown()


def test_clients_that_leave_are_not_reported(capfd: pytest.CaptureFixture[str]) -> None:
    going = threading.Event()

    def pieces() -> Iterator[bytes]:
        going.wait(10)
        yield bytes(16 << 20)

    made, _ = served(pieces)
    with made:
        client = request(made)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        going.set()
        time.sleep(0.3)
        made.shutdown()
    assert capfd.readouterr().err == ""


def test_a_failed_scrape_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    errors = [LioError("configfs is gone"), OSError(28, "No space left"), ValueError("bad")]

    def pieces() -> Iterator[bytes]:
        yield b"lio_up 1.0\n"
        raise errors.pop(0)

    made, url = served(pieces)
    with made:
        for text in (b"configfs is gone", b"no space left"):
            with pytest.raises(urllib.error.HTTPError, match="500") as caught:
                urllib.request.urlopen(url, timeout=10)
            assert text in caught.value.read()
        with pytest.raises(OSError):
            urllib.request.urlopen(url, timeout=10)
        made.shutdown()
    assert capfd.readouterr().err == "A scrape failed: ValueError('bad')\n"


def test_an_address_in_use_is_named(serving: str) -> None:
    port = int(serving.rpartition(":")[2])
    with pytest.raises(LioError, match=f"cannot serve on 127.0.0.1 port {port}: [a-z ]*in use$"):
        server.listening("127.0.0.1", port)


def test_all_addresses_are_not_the_meaning_of_none() -> None:
    with pytest.raises(InvalidValue, match="address is empty"):
        server.listening("", 0)


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    link, fifo = tmp_path / "link.prom", tmp_path / "fifo"
    link.symlink_to("/dev/null")
    os.mkfifo(fifo)
    env = Env(Preferences("", {}), fs=ConfigFS(str(tmp_path)))
    for path in (fifo, link, tmp_path, Path("/dev/null")):
        with pytest.raises(LioError, match=f"{path} is not a regular file"):
            exporter(env, walk.root(env), str(path), "", 0, drift=False)
    exporter(env, walk.root(env), str(tmp_path / "new.prom"), "", 0, drift=False)
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link.prom", "new.prom"]
    assert fifo.is_fifo() and link.is_symlink()


ACTIVATED = """
import os, socket, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "targetcli", "exporter"])
"""


def test_the_socket_of_systemd_is_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        port, fd = waiting.getsockname()[1], waiting.fileno()
        program = subprocess.Popen(
            [sys.executable, "-c", ACTIVATED, str(fd)],
            pass_fds=(fd,),
            env={**os.environ, "HOME": str(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        url = f"http://127.0.0.1:{port}/metrics"
        text = urllib.request.urlopen(url, timeout=30).read().decode()
        assert re.search(r"^lio_up [01]$", text, re.MULTILINE), text
    finally:
        program.terminate()
        _, said = program.communicate(timeout=30)
    assert said == f"Serving http://127.0.0.1:{port}/metrics\n"


def test_a_metric_is_never_whole_in_memory() -> None:
    samples = [((f"fileio/{number}",), 1.0) for number in range(3000)]
    parts = [Chunk(METRICS["lio_storage_object_bytes"], samples[:1000])]
    sizes = [len(piece) for piece in exposition.text(parts * 3)]
    assert len(sizes) == 3 and max(sizes) < 100_000
    assert all(first >= second for first, second in pairwise(sizes))


def test_names_of_targets_are_printable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte that is no UTF-8 would end the scrape, a line end would begin another metric."""
    guest = sessions.DynamicSession("iqn.e:\udcff", "iqn.t:\udcff\nlio_up 0", 1, "iscsi")
    monkeypatch.setattr(states.sessions, "dynamic_sessions", lambda reader: [guest])
    found = exposition.text(states.of_sessions(Reader(ConfigFS(str(tmp_path)))))
    assert rb'target="iqn.t:\\udcff\\nlio_up 0"' in b"".join(found)
