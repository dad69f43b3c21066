# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: functions of bytes that raise only if the program is wrong.

Each gives an input to a reader of the program and uses what that returns, as a command would. A
LioError of one line is right; any other exception is a finding.
"""

from __future__ import annotations

import builtins
import gzip
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from zlib import crc32

from rtslib_ext import fabrics, foreign, savefile
from rtslib_ext.config import merge
from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError, ParseError
from rtslib_ext.fabrics import drop_ins
from rtslib_ext.files import mounts
from rtslib_ext.foreign import source as foreign_source
from rtslib_ext.foreign.imported import SEVERITIES
from rtslib_ext.host import (
    cpus,
    device_stack,
    devices,
    disk_identity,
    dm_status,
    kernel_threads,
    listeners,
    system,
    tcp,
    thin_pools,
)
from rtslib_ext.isns import messages as isns_messages
from rtslib_ext.isns import requests as isns_requests
from rtslib_ext.isns import settings as isns_settings
from rtslib_ext.kernel import log
from rtslib_ext.kernel.paths import HbaAllocator
from rtslib_ext.plan import build, interrupted
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.topology import TopologyReader
from rtslib_ext.savefile import unrestored
from rtslib_ext.statistics import counted, counters, latency, logins, mib, refused_logins
from rtslib_ext.steps import codec
from rtslib_ext.transaction import apply, confirmed_commit, journal, lock
from rtslib_ext.usage import exports, holders, reservations, sessions, sharing
from targetcli import dispatch, prefs_bin
from targetcli.audit import actor, history
from targetcli.changes.transaction import Transaction
from targetcli.env import Env, Session
from targetcli.language import grammar, masking
from targetcli.options import Options
from targetcli.prefs import Preferences
from targetcli.views import document, errors
from targetcli.views import history as history_view
from targetcli.views import plan as plan_view
from targetcli.views import remarks as remarks_view

from .recorded import NODES, RecordedFS

Target = Callable[[bytes], None]


@cache
def folder() -> Path:
    """Return the directory for the files of this process, below which it may write."""
    return Path(tempfile.mkdtemp(prefix="targetcli-fuzz-"))


def written(name: str, data: bytes) -> str:
    """Write a file; return its path."""
    path = folder() / name
    path.write_bytes(data)
    return str(path)


@contextmanager
def refusals() -> Iterator[None]:
    """Accept a LioError that can be shown: its first line names the cause, a mark may follow."""
    try:
        yield
    except LioError as err:
        shown = errors.error(err)
        assert shown and shown[0].strip(), repr(err)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# -- lines ----------------------------------------------------------------------------------


def line(data: bytes) -> None:
    """A line of the shell, its words as a one-shot command, and Tab in it."""
    text = text_of(data)
    masking.has_secret(text)
    assert len(masking.mask_line(text)) == len(text)
    for read in (lambda: grammar.parse(text), lambda: grammar.parse_words(text.split("\0"))):
        with refusals():
            grammar.written(read())
    grammar.complete_context(text, len(text) * 2 // 3)
    with refusals():
        grammar.context_of_words(text.split("\0"), "x")


def command(data: bytes) -> None:
    """A line in a dry run, on the recorded tree."""
    env = environment({})
    env.options.dry_run = True
    transaction = Transaction.for_dry_run(env)
    with refusals():
        run(env, text_of(data))
        list(transaction.plan().steps)


def environment(texts: dict[str, str]) -> Env:
    """Return an environment in which nothing is real but the directory of this process."""
    where = folder()
    return Env(
        Preferences(None),
        fs=RecordedFS(texts),
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        save_file=str(where / "saveconfig.json"),
        lock_file=str(where / "lock"),
        journal=str(where / "run/journal"),
        history=str(where / "history"),
        is_root=True,
        options=Options(),
        session=Session(),
    )


def run(env: Env, text: str) -> None:
    """Run a line and make all of its output, as text and as a document."""
    result = dispatch.run(env, grammar.parse(text))
    shown = [*result.lines, *result.notes]
    for failure in result.failures:
        shown += errors.error(failure)
    "\n".join(shown).encode("utf-8", "backslashreplace")
    env.session.report.take(result)
    document.line(env.session.report, secrets=False)


# -- files ----------------------------------------------------------------------------------


def save_file(data: bytes) -> None:
    """A save file, restored and applied on paper."""
    found = None
    with refusals():
        found = savefile.loads(text_of(data), "the file")
    if found is None:
        return
    with refusals():
        for problem in found.problems:
            assert str(problem).isprintable(), str(problem)
        # Some values have no key of their own, such as a user name that is empty.
        text = savefile.dumps(savefile.loads(savefile.dumps(found.config)).config)
        assert savefile.dumps(savefile.loads(text).config) == text
        running = running_config()
        steps = list(build.build(found.config, HbaAllocator(RecordedFS()), lambda key: None))
        for step in steps:
            codec.decode(json.loads(json.dumps(codec.encode(step))))
        missing = unrestored.find(found.config, running, running.storage_objects)
        unrestored.keep(running, missing)
    for wanted in (found.config, merge.merge(running, found.config)):
        with refusals():
            fs = RecordedFS()
            plan = apply.prepare(fs, wanted, running).plan
            plan_view.lines(plan, interrupted.of(fs, plan.steps, lambda _: None))
            json.dumps(plan_view.facts(plan))


@cache
def running_config() -> Config:
    return Reader(RecordedFS()).config()


def fabric_file(data: bytes) -> None:
    """A file that describes a fabric."""
    where = folder() / "fabrics"
    where.mkdir(exist_ok=True)
    (where / "x.conf").write_bytes(data)
    before = dict(fabrics.FABRICS)
    try:
        problems = drop_ins.add_drop_ins(str(where))
        assert len(problems) <= 1 and all(text.isprintable() for text in problems), problems
    finally:
        fabrics.FABRICS.clear()
        fabrics.FABRICS.update(before)


def preferences(data: bytes) -> None:
    """prefs.json."""
    where = folder() / "home"
    where.mkdir(exist_ok=True)
    (where / "prefs.json").write_bytes(data)
    use_preferences(Preferences.load(where))


def old_preferences(data: bytes) -> None:
    """prefs.bin."""
    try:
        prefs_bin.parse(data)
    except ValueError:
        return
    where = folder() / "old-home"
    where.mkdir(exist_ok=True)
    (where / "prefs.bin").write_bytes(data)
    use_preferences(Preferences.load(where))
    (where / "prefs.json").unlink(missing_ok=True)


def use_preferences(prefs: Preferences) -> None:
    from targetcli.preference import PREFERENCES

    for name in PREFERENCES:
        prefs.text(name)
    prefs.number("prompt_length")
    assert isinstance(prefs.last_path, str)
    prefs.visit("/a")
    prefs.back(lambda path: path == "/")
    prefs.set_bookmark("x", "/y")
    prefs.set("prompt_length", 3)
    assert prefs.number("prompt_length") == 3


def journal_file(data: bytes) -> None:
    """The journal of an interrupted change."""
    with refusals():
        found = journal.find(written("journal", data))
        if found:
            str(found), found.position(), found.is_repair
            [json.dumps(codec.encode(step)) for step in found.steps]


def pending_commit(data: bytes) -> None:
    """The file of a change that waits for confirmation."""
    from targetcli.commands import confirm

    with refusals():
        found = confirmed_commit.last(written("waiting", data))
        if found:
            confirm._description(found), found.left, confirmed_commit.asdict(found)


def record(data: bytes) -> None:
    """A record of the history: its document, and the compressed file."""
    where = folder() / "records"
    where.mkdir(exist_ok=True)
    for content in (gzip.compress(data, 1), data):
        (where / "00000007.json.gz").write_bytes(content)
        for found in history.read(str(where)):
            list(history_view.lines(found))
            json.dumps(history_view.facts(found, detailed=True))
            history_view.table([found], 80)


def lock_file(data: bytes) -> None:
    """The note of its holder in the lock file."""
    path = written("lock-file", data)
    with open(path, "rb") as file:
        lock._left(file.fileno())
        holder = lock._written(file.fileno())
        str(holder)


# -- texts of the kernel --------------------------------------------------------------------

_LINES = ("ls", "status", "sessions detail", "/backstores status")
_ABOVE = {"core": "/backstores"}


def kernel(data: bytes) -> None:
    """Texts of files in configfs, by path."""
    try:
        texts = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(texts, dict):
        return
    texts = {path: text for path, text in texts.items() if isinstance(text, str)}
    fs = RecordedFS(texts)
    with refusals():
        config = Reader(fs).config()
        savefile.loads(savefile.dumps(config))
    with refusals():
        TopologyReader(fs).topology()
    reader = Reader(fs)
    for read in (sessions.sessions, sessions.dynamic_sessions):
        with refusals():
            list(read(reader))
    for path in _storage_objects():
        with refusals():
            reservations.read(fs, path)
            exports.of_storage_object(fs, path)
    for text in (*_LINES, *_near(texts)):
        env = environment(texts)
        with refusals():
            run(env, text)


@cache
def _storage_objects() -> list[Any]:
    return [path for path in NODES if path.count("/") == 2 and f"{path}/udev_path" in NODES]


def _near(texts: dict[str, str]) -> Iterator[str]:
    """Yield lines that show the objects of the texts."""
    for path in list(texts)[:2]:
        yield from _SHOWN.get("/".join(path.split("/")[:3]), ())


IQN, NAA = "iqn.2003-01.org.example:a", "naa.5001405000000001"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/iqn.1994-05.com.example:h"
_OF_TPG = (
    f"{TPG} info",
    *(f"{TPG} get {group}" for group in ("attribute", "parameter", "auth")),
    *(f"{TPG}/luns/lun0 info", f"{TPG}/luns/lun0 get alua"),
    *(f"{ACL} info", f"{ACL} get attribute", f"{ACL} get auth", f"{ACL}/mapped_lun0 info"),
)
_OF_LOOPBACK = (f"/loopback/{NAA} info", f"/loopback/{NAA}/luns/lun0 info")


def _of_object(path: str) -> tuple[str, ...]:
    lines = ("info", "get attribute", "get device", "get identity", "get reservations")
    group = (f"{path}/alua/default_tg_pt_gp info", f"{path}/alua/default_tg_pt_gp get alua")
    return (*(f"{path} {text}" for text in lines), *group)


_SHOWN = {
    f"iscsi/{IQN}/tpgt_1": _OF_TPG,
    f"loopback/{NAA}/tpgt_1": _OF_LOOPBACK,
    "core/fileio_115520074/d1": _of_object("/backstores/fileio/d1"),
    "core/rd_mcp_1818352564/r1": _of_object("/backstores/ramdisk/r1"),
    "iscsi/discovery_auth/enforce_discovery_auth": ("/iscsi get discovery_auth",),
    "core/alua/lu_gps": ("/backstores/lu_gps ls",),
}


@contextmanager
def every_file_is(data: bytes) -> Iterator[None]:
    """Have all files of /proc, /sys and udev's database these contents, as far as open() shows."""
    really = builtins.open

    def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if not (isinstance(file, str) and file.startswith(_OF_KERNEL)):
            return really(file, mode, *rest, **named)
        raw = io.BytesIO(data)
        return raw if "b" in mode else io.TextIOWrapper(raw, **named)

    builtins.open = opened  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.open = really


_OF_KERNEL = ("/proc/", "/sys/", "/run/udev/")


def host(data: bytes) -> None:
    """Files of /proc and /sys, of udev's database and of tracing, records of the kernel's log.

    Also lists of CPUs, and the status of device-mapper.
    """
    text = text_of(data)
    with every_file_is(data):
        for read in (holders._mount, holders._swap):
            read({"8:1", "0:1", text})
        mounts.of_file("/srv/a", mounts.read())
        tcp.established()
        list(listeners._inodes(3260)), listeners._program(1)
        kernel_threads.started("iscsi_np")
        system.available_memory(), devices.sectors(os.devnull), devices.is_disk(os.devnull)
        list(devices.udev_property(0, name) for name in ("ID_SERIAL", "ID_FS_TYPE"))
        disk_identity.identifiers("/sys/block/sda"), disk_identity._line("/proc/x", "PARTUUID")
        device_stack.Stack().number("8:0")
        holders._device_above("/sys/block/sda"), list(sharing.extents(os.devnull))
        lock._state(1), lock._name(1)
        with really_open() as handle:
            lock._holding(handle)
        actor._login(), actor._address()
        refused_logins.parsed((1.0, line) for line in text.split("\n"))
        with refusals():
            cpus.check_cpus(text)
    log._record(text)
    latency.parse(text), latency.dropped(text)
    thin_pools.of_status("pool", 1 << 30, text)
    dm_status.parsed(data[:DM_HEADER].ljust(DM_HEADER, b"\0") + data[DM_HEADER:])


DM_HEADER = 312


@contextmanager
def really_open() -> Iterator[int]:
    """Yield a descriptor."""
    handle = os.open(os.devnull, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


class Counting(RecordedFS):
    """The recorded tree with texts for the files of its statistics, by turns."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.lines = texts

    def read(self, path: str) -> str:
        if "statistics/" in path:
            return self.lines[crc32(path.encode()) % len(self.lines)]
        return super().read(path)


def statistics(data: bytes) -> None:
    """Files of statistics: a line is a text of some of them."""
    fs = Counting(text_of(data).split("\n"))
    objects = list(counted.objects(Reader(fs)))
    rows = list(counters.read(fs, objects))
    counters.exported(fs, rows)
    list(mib.read(fs, objects)), list(logins.read(Reader(fs)))
    for text in ("stats", "stats mib", "logins"):
        env = environment({})
        env.fs = fs
        with refusals():
            run(env, text)


# -- messages of iSNS servers ----------------------------------------------------------------


def isns(data: bytes) -> None:
    """A message, as a response and as a request of a server; and the file of servers."""
    with refusals():
        head = isns_messages.header(data[:12])
        found = isns_messages.joined([head], [data[12:]])
        isns_requests.registered(found)
        isns_requests.period_of(found)
        attributes = tuple(isns_requests.answer(found))
        if len(isns_messages.packed(attributes)) < isns_messages.PDU_BYTES - 4:
            isns_messages.response(found, 0, attributes)
    with refusals():
        isns_settings.parse(text_of(data), "isns.conf")


# -- files of other targets -----------------------------------------------------------------

_ANY_DISK = {f"/srv/{name}": 1 << 20 for name in "abcd"}
_JSON = ("ceph", "truenas")


def foreign_file(name: str, data: bytes) -> None:
    """A file of a format: what it gives can be saved, planned and shown; its export is read."""
    kind = foreign.FORMATS[name]
    text, files = text_of(data), foreign_source.Texts({}, _ANY_DISK)
    with refusals():
        foreign.detect(text)
    try:
        found = kind.read(foreign_source.Source("/etc/file", text, files))
    except ParseError as err:
        # Errors of JSON are in the words of its reader.
        place = r"/etc/file\b" if name in _JSON else r"/etc/file:[1-9]\d*: expected "
        assert re.match(place, err.message) and "\n" not in err.message, err.message
        return
    except LioError as err:
        assert errors.error(err), repr(err)
        return
    for remark in found.remarks:
        assert bool(remark.line) != (name in _JSON) and remark.severity in SEVERITIES, remark
    assert all("\n" not in shown for shown in remarks_view.lines(found.remarks))
    json.dumps(remarks_view.facts(found.remarks))
    loaded = savefile.loads(savefile.dumps(found.config))
    assert not loaded.problems, loaded.problems
    with refusals():
        wanted = merge.merge(running_config(), found.config)
        plan_view.lines(apply.prepare(RecordedFS(), wanted, running_config()).plan)
    exported = None
    with refusals():
        exported = kind.export(found.config)
    if exported:
        kind.read(foreign_source.Source("/etc/file", exported.text, files))


TARGETS: dict[str, Target] = {
    item.__name__: item
    for item in (
        *(line, command, save_file, fabric_file, preferences, old_preferences),
        *(journal_file, pending_commit, record, lock_file, kernel, host, statistics),
        isns,
    )
}
TARGETS |= {name: partial(foreign_file, name) for name in foreign.FORMATS}


# -- the safety net -------------------------------------------------------------------------

_CHANGING = {
    *("os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr"),
}
_RUNNING = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill"}
_WRITES = {"w", "a", "x", "+"}


def prepare(*others: str) -> None:
    """Guard this process, once what may run a program is imported: ctypes runs ldconfig."""
    import pyudev  # noqa: F401
    import rtslib_fb  # noqa: F401

    guard(*others)


def guard(*others: str) -> None:
    """From now on, make a change of the host by this process an error; ``others`` are allowed."""
    # A target imports on demand. In a new clone Python would write the compiled module.
    sys.dont_write_bytecode = True
    allowed = (str(folder()), "/dev/null", *others)

    def is_allowed(path: object) -> bool:
        # A name alone is below the descriptor of a directory, which was opened by its path.
        return str(path).startswith(allowed) or "/" not in str(path)

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event in _RUNNING:
            raise AssertionError(f"{event} {values!r}")
        if event in _CHANGING and not is_allowed(values[0]):
            raise AssertionError(f"{event} {values!r}")
        if event == "open" and isinstance(values[0], str) and _writes(values):
            if not is_allowed(values[0]):
                raise AssertionError(f"{event} {values!r}")

    sys.addaudithook(hook)


def _writes(values: tuple[Any, ...]) -> bool:
    mode, flags = values[1], values[2]
    if isinstance(mode, str):
        return bool(_WRITES & set(mode))
    return bool(flags & 3)
