# SPDX-License-Identifier: Apache-2.0
"""Kernels of Debian suites, fetched with programs in place of apt's and dpkg's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.errors import InvalidValue, NotFound, Unsupported
from targetcli.sandbox import debian, suite_kernel

APT_GET = """
case "$*" in
    *indextargets*) echo "Debian-Security http://sec.example/d"; echo "Debian http://deb.example/d";;
    *update) cp "$2" "$LOGS/apt.conf"; cp "${2%apt.conf}sources.list" "$LOGS"
        if [ -e "$LOGS/offline" ]; then
            echo "E: Could not resolve deb.example" >&2
            echo "E: Some index files failed to download. They have been ignored" >&2
            exit 100
        fi;;
    *download*) shift 4; for name; do touch $name.deb; done;;
esac
"""
APT_CACHE = r"""
printf 'linux-image-x\n  Depends: linux-image-7.3\nlinux-image-7.3\nlinux-binary-7.3\nkmod\n'
"""
DPKG_DEB = """
name=$(basename "$2" .deb)
if [ "$1" = --show ]; then printf '%s\\t%s\\n' "$name" 1.0; exit; fi
case $name in
    user-mode-linux) mkdir -p "$3/usr/bin"; echo kernel >"$3/usr/bin/linux.uml";;
    libc6) mkdir -p "$3/usr/lib/x"; touch "$3/usr/lib/x/libc.so.6"
        echo '#!/bin/sh
printf "%s\\\\n" "$@" >>"$LOGS/patchelf"
[ ! -e "$LOGS/broken" ] || { echo bad ELF >&2; exit 1; }' >"$3/usr/lib/x/ld-linux-x.so.2"
        chmod 755 "$3/usr/lib/x/ld-linux-x.so.2";;
esac
"""


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the programs leave what they were given."""
    programs, folder = tmp_path / "programs", tmp_path / "logs"
    programs.mkdir()
    folder.mkdir()
    for name, text in (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("dpkg-deb", DPKG_DEB)):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >>"$LOGS/calls"{text}')
        (programs / name).chmod(0o755)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRING", keyring)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("LOGS", str(folder))
    return folder


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[Path]:
    """The directory of the kernels; in the end it contains kernels and the lock only."""
    folder = tmp_path / "the kernels"
    yield folder
    assert {path.name for path in folder.glob("*")} <= {"lock", "trixie"}


def test_fetched_once(logs: Path, kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = suite_kernel.fetch("trixie", kernels)
    assert path == kernels / "trixie/usr/bin/linux.uml" and path.read_text() == "kernel\n"
    err = capsys.readouterr().err
    assert "Fetching the user-mode kernel of Debian trixie" in err
    assert "Fetched libc6 1.0, user-mode-linux 1.0" in err
    calls = (logs / "calls").read_text()
    assert "download user-mode-linux libc6\n" in calls
    assert suite_kernel.fetch("trixie", kernels) == path
    assert (logs / "calls").read_text() == calls
    assert capsys.readouterr().err == ""


def test_the_loader_is_that_of_the_final_place(logs: Path, kernels: Path) -> None:
    suite_kernel.fetch("trixie", kernels)
    words = (logs / "patchelf").read_text().splitlines()
    place = f"{kernels}/trixie/usr/lib/x"
    assert words[words.index("--set-interpreter") + 1] == f"{place}/ld-linux-x.so.2"
    assert words[words.index("--set-rpath") + 1] == place
    assert Path(f"{place}/ld-linux-x.so.2").exists()


def test_a_moved_directory_is_fetched_again(logs: Path, kernels: Path) -> None:
    suite_kernel.fetch("trixie", kernels)
    kernels.rename(kernels.parent / "other")
    suite_kernel.fetch("trixie", kernels)
    (kernels.parent / "other/trixie").rename(kernels.parent / "moved")
    assert (logs / "calls").read_text().count(" update") == 2


def test_apt_has_files_and_settings_of_its_own(logs: Path, kernels: Path) -> None:
    suite_kernel.fetch("trixie", kernels)
    keyring = debian.KEYRING
    source = (logs / "sources.list").read_text()
    assert source == f"deb [signed-by={keyring}] http://deb.example/d trixie main\n"
    settings = (logs / "apt.conf").read_text()
    assert 'APT::Get::AllowUnauthenticated "false";' in settings
    assert "#clear APT::Update::Post-Invoke;" in settings
    for name in ("State::Lists", "State::Status", "Cache", "Etc::SourceList"):
        assert f'Dir::{name} "{kernels}/apt-' in settings


def test_a_failure_leaves_nothing_and_names_the_cause(logs: Path, kernels: Path) -> None:
    (logs / "offline").touch()
    with pytest.raises(NotFound, match=r"^Debian trixie: Could not resolve deb\.example$"):
        suite_kernel.fetch("trixie", kernels)
    assert not (kernels / "trixie").exists()
    (logs / "offline").unlink()
    (logs / "broken").touch()
    with pytest.raises(NotFound, match="patchelf failed: bad ELF"):
        suite_kernel.fetch("trixie", kernels)
    assert not (kernels / "trixie").exists()


@pytest.mark.parametrize("name", ["../x", "Trixie", "a b", "", "trixie/updates"])
def test_names_of_suites(logs: Path, kernels: Path, name: str) -> None:
    with pytest.raises(InvalidValue, match="not the name of a Debian suite"):
        suite_kernel.fetch(name, kernels)
    assert not (logs / "calls").exists()


def test_without_apt_or_keys(
    logs: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported, match="apt-get not found"):
        suite_kernel.fetch("trixie", kernels)
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "none.gpg")
    with pytest.raises(Unsupported, match="none.gpg not found"):
        suite_kernel.fetch("trixie", kernels)


def test_without_lists_of_debian(
    logs: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        debian, "_run", lambda *words, **_: "Debian-Security http://sec.example/d\n"
    )
    with pytest.raises(NotFound, match="name no archive of Debian"):
        suite_kernel.fetch("trixie", kernels)


def test_the_default_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert suite_kernel.default_folder() == Path("/x/targetcli/kernels")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert suite_kernel.default_folder() == Path("/h/.cache/targetcli/kernels")


def test_the_programs(logs: Path, kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert suite_kernel.main([str(kernels), "trixie"]) == 0
    assert capsys.readouterr().out == f"{kernels}/trixie/usr/bin/linux.uml\n"
    assert suite_kernel.main([str(kernels), "x/y"]) == 1
    assert capsys.readouterr().err.startswith("'x/y' is not the name of a Debian suite\n")


def test_dependencies_by_pattern(logs: Path, tmp_path: Path) -> None:
    with debian.opened("trixie", tmp_path / "apt") as suite:
        names = suite.depends("linux-image-x", "linux-[a-z]+-[0-9].*")
    assert names == ["linux-image-x", "linux-binary-7.3", "linux-image-7.3"]


def test_the_script_uses_the_same_code(logs: Path, kernels: Path) -> None:
    suite_kernel.fetch("trixie", kernels)
    script = Path(__file__).parents[2] / "packaging/user-mode-kernel"
    done = subprocess.run(
        [script, kernels, "trixie"],
        env={"PATH": os.environ["PATH"], "PYTHON3": sys.executable},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (f"{kernels}/trixie/usr/bin/linux.uml\n", "")
