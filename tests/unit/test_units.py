# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd accepts them, and what they run is there."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from rtslib_ext.isns.settings import FILE
from targetcli import boot, env
from targetcli.boot import start, stop
from targetcli.command_table.rows import every_row
from targetcli.command_table.table import commands_of
from targetcli.language import binding, grammar
from targetcli.prefs import Preferences

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
EXPORTER = ROOT / "systemd/targetcli-exporter.service"
# They open no backing file, and do not change the target.
ONLY_READING = ("targetcli-exporter", "targetcli-firewall", "targetcli-isns")
EXECUTABLE = re.compile(r"^(Exec\w+=[-+!:@]*)(\S+)", re.MULTILINE)

every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)


def verify(folder: Path, unit: Path, text: str) -> str:
    """What systemd-analyze has to say of a unit whose programs are there."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: install Debian's package systemd"
    installed = folder / unit.name
    installed.write_text(EXECUTABLE.sub(r"\1/bin/true", text))
    words = [program, "verify", "--man=no", "--recursive-errors=no", str(installed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr or (f"status {done.returncode}" if done.returncode else "")


def commands(unit: Path) -> list[str]:
    """The command lines of a unit that run targetcli, without its path."""
    lines = [line.partition("=")[2] for line in unit.read_text().splitlines()]
    return [
        line.removeprefix("/usr/bin/targetcli ")
        for line in lines
        if line.startswith("/usr/bin/targetcli ")
    ]


@every_unit
def test_commands_of_the_services_are_known(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the limit that is the default of the program."""
    known = {
        "target": [("start", 45.0), ("stop", 10.0), ("reload",)],
        "target-pending": [("watch",)],
    }
    ran: list[tuple[object, ...]] = []
    monkeypatch.setattr(boot, "_run", lambda what, seconds: ran.append((what, *seconds)) or 0)
    values = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit.read_text(), re.MULTILINE))
    for text in re.findall(
        r"^Exec\w+=/usr/bin/targetcli-boot (.*)$", unit.read_text(), re.MULTILINE
    ):
        assert boot.main([values.get(word.strip("${}"), word) for word in text.split()]) == 0
    assert ran == known.get(unit.stem, [])
    assert (start.LIMIT, stop.LIMIT) == (45.0, 10.0)


def section(unit: Path, name: str) -> dict[str, str]:
    """The keys of a section; of one that is given twice, the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    return dict(parser[name])


def test_there_is_a_unit() -> None:
    assert [unit.stem for unit in UNITS] == [
        "target-pending",
        "target",
        "targetcli-exporter",
        "targetcli-firewall",
        "targetcli-isns",
    ]


@every_unit
def test_systemd_accepts(unit: Path, tmp_path: Path) -> None:
    assert verify(tmp_path, unit, unit.read_text()) == ""


@every_unit
def test_the_check_would_find_a_mistake(unit: Path, tmp_path: Path) -> None:
    wrong = unit.read_text().replace("NoNewPrivileges=", "NoNewPrivilege=")
    assert "NoNewPrivilege" in verify(tmp_path, unit, wrong)


@every_unit
def test_commands_are_in_the_table(unit: Path) -> None:
    known = {
        "target": [],
        "target-pending": [],
        "targetcli-exporter": ["exporter"],
        "targetcli-firewall": [f"firewall apply file={env.SAVE_FILE}", "firewall apply"],
        "targetcli-isns": ["isns serve file=${CREDENTIALS_DIRECTORY}/isns.conf"],
    }
    assert commands(unit) == known[unit.stem]
    for text in commands(unit):
        line = grammar.parse_words(text.split())
        command = commands_of("root")[line.command]
        binding.bind(command, line.positional, line.keywords, "/")


@every_unit
def test_condition_is_the_file_that_it_restores(unit: Path) -> None:
    record = f"|{Path(env.JOURNAL).parent}/unrestored.json"
    known = {"target": f"|{env.SAVE_FILE}", "target-pending": record, "targetcli-isns": FILE}
    known["targetcli-firewall"] = f"|{env.SAVE_FILE}"
    if unit.stem == "target":
        # A host may have fragments of owners only.
        fragments = f"{env.Env(Preferences()).fragments}/*.json"
        assert section(unit, "Unit")["ConditionPathExistsGlob"] == f"|{fragments}"
    assert section(unit, "Unit").get("ConditionPathExists") == known.get(unit.stem)


@every_unit
def test_exposure(unit: Path, tmp_path: Path) -> None:
    """4.0 of 10: the rest is named in the unit, with its reason."""
    installed = tmp_path / unit.name
    installed.write_text(EXECUTABLE.sub(r"\1/bin/true", unit.read_text()))
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(installed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_is_restored_after_a_stop() -> None:
    """A stop of the service ends the other one first, and it does not start without the service."""
    unit = section(ROOT / "systemd/target-pending.service", "Unit")
    names = ("Requisite", "PartOf", "After")
    assert [unit[name] for name in names] == ["target.service"] * 3


@pytest.mark.parametrize("name", ["target", "target-pending"])
def test_a_killed_process_is_started_again(name: str) -> None:
    assert section(ROOT / f"systemd/{name}.service", "Service")["Restart"] == "on-abort"


def test_both_units_have_the_same_sandbox() -> None:
    names = (
        "CapabilityBoundingSet",
        "NoNewPrivileges",
        "RestrictNamespaces",
        "UMask",
        "DevicePolicy",
    )
    one, other = (section(unit, "Service") for unit in UNITS if unit.stem not in ONLY_READING)
    assert [one[name] for name in names] == [other[name] for name in names]


def test_no_directive_gives_the_service_a_mount_namespace() -> None:
    """The kernel would keep backing files open in it, and umount on the host succeed."""
    private = re.compile(
        r"^(Private|Protect(?!Hostname|Clock)|ProcSubset|Root|ReadWrite|ReadOnly|Bind)"
    )
    for unit in UNITS:
        if unit.stem in ONLY_READING:
            continue
        assert [name for name in section(unit, "Service") if private.match(name)] == []


# -- the generator ---------------------------------------------------------------------------

GENERATOR = ROOT / "systemd/target-generator"


def run_generator(folder: Path, file: Path) -> None:
    program = (
        f"import runpy; runpy.run_path({str(GENERATOR)!r})['main']({str(folder)!r}, {str(file)!r})"
    )
    subprocess.run([sys.executable, "-ISc", program], check=True, timeout=30)


def generated(folder: Path, saved: str) -> str:
    """Run the generator with a save file; return its drop-in, "" without one."""
    file = folder / "saved.json"
    file.write_text(saved)
    run_generator(folder, file)
    found = folder / "target.service.d/50-storage.conf"
    return found.read_text() if found.exists() else ""


def test_generator_orders_after_mounts_and_devices(tmp_path: Path) -> None:
    paths = ["/srv/a b/d-1.img", "/dev/vg0/disk%1", "/dev/mapper/ü", "relative", 7, "/x/../y"]
    paths += ["/srv/\ud800/x", "/srv/\0/x"]
    objects = [{"plugin": "block", "dev": path} for path in paths]
    text = generated(tmp_path, json.dumps({"storage_objects": [*objects, None, {}]}))
    words = {
        suffix: subprocess.check_output(
            ["systemd-escape", "--path", f"--suffix={suffix}", *names], text=True
        ).split()
        for suffix, names in (
            ("mount", ["/srv", "/srv/a b"]),
            ("device", ["/dev/vg0/disk%1", "/dev/mapper/ü"]),
        )
    }
    lines = text.replace("%%", "%").splitlines()
    assert {*lines[2:]} == {
        *(f"Wants={name}" for name in words["mount"]),
        *(f"After={name}" for name in (*words["mount"], *words["device"])),
    }


def test_generator_reads_fragments_too(tmp_path: Path) -> None:
    """Also without a save file, and although one of them is broken."""
    (tmp_path / "conf.d").mkdir()
    for name, text in (("a.json", "{"), ("b.json", '{"storage_objects": [{"dev": "/dev/ram7"}]}')):
        (tmp_path / "conf.d" / name).write_text(text)
    (tmp_path / "conf.d/c.json.bak").write_text('{"storage_objects": [{"dev": "/dev/ram8"}]}')
    for saved in ("{", '{"storage_objects": [{"dev": "/srv/x"}]}'):
        text = generated(tmp_path, saved)
        assert "After=dev-ram7.device" in text and "ram8" not in text
    assert "Wants=srv.mount" in text
    (tmp_path / "saved.json").unlink()
    (tmp_path / "target.service.d/50-storage.conf").unlink()
    run_generator(tmp_path, tmp_path / "saved.json")
    assert "ram7" in (tmp_path / "target.service.d/50-storage.conf").read_text()


# No file has such a path; its directories are a hundred thousand.
LONG = json.dumps({"storage_objects": [{"dev": "/a" * 100_000}]})
BROKEN = ["", "{", "[]", "7", '{"storage_objects": 7}', "[" * 100_000, LONG]


@pytest.mark.parametrize("saved", BROKEN, ids=range(len(BROKEN)))
def test_generator_does_nothing_on_errors(tmp_path: Path, saved: str) -> None:
    with suppress(subprocess.CalledProcessError):
        assert generated(tmp_path, saved) == ""
    assert not (tmp_path / "target.service.d").exists()
    os.mkfifo(tmp_path / "pipe")
    with suppress(subprocess.CalledProcessError):
        run_generator(tmp_path, tmp_path / "pipe")
    done = subprocess.run([GENERATOR, tmp_path / "none"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_exporter_is_served_to_this_host_only_and_not_as_root(tmp_path: Path) -> None:
    unit, waiting = EXPORTER.with_suffix(".socket"), EXPORTER
    (row,) = (row for row in every_row() if row.name == "exporter")
    port = next(item.default for item in row.parameters if item.name == "port")
    assert section(unit, "Socket")["ListenStream"] == f"127.0.0.1:{port}"
    assert section(waiting, "Service")["DynamicUser"] == "yes"
    # Backing files in directories that it hides would seem to be missing.
    hiding = {"PrivateTmp": "no", "ProtectHome": "read-only", "PrivateDevices": None}
    assert all(section(waiting, "Service").get(name) == hiding[name] for name in hiding)
    for each in (unit, waiting):
        text = EXECUTABLE.sub(r"\1/bin/true", each.read_text())
        (tmp_path / each.name).write_text(text)
    words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@every_unit
def test_manual_pages_are_there(unit: Path) -> None:
    for page in section(unit, "Unit")["Documentation"].split():
        name, number = re.fullmatch(r"man:(.+)\((\d)\)", page).groups()  # type: ignore[union-attr]
        assert (ROOT / "man" / f"{name}.{number}").is_file()
