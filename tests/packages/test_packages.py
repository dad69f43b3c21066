# SPDX-License-Identifier: Apache-2.0
"""The packages of Debian and Fedora, the wheel and the sdist: built, checked, installed and run.

They take minutes and fetch packages of Debian, so all but the tests of the recipes are long.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import targetcli

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# Tools of Debian run the python3 that they find first.
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
SUITE = "bookworm"
# What the program needs, and what the checks in the fresh root do.
NEEDED = (
    "python3-configshell-fb python3-rtslib-fb python3-pyudev python3-pyparsing python3-tqdm "
    "python3-urwid"
).split()
CHECKED_BY = ("man-db", "systemd", "bash-completion", "bsdutils")
SPEC = (ROOT / "packaging/rpm/targetcli.spec").read_text()


def run(*words: str | Path, cwd: Path | None = None) -> str:
    """Run a program that must succeed; return all of its output."""
    done = subprocess.run(words, cwd=cwd, env=ENV, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    return output


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory with everything that make dist builds."""
    folder = tmp_path_factory.mktemp("packages")
    run(ROOT / "packaging/make-packages", folder)
    return folder


# -- recipes --------------------------------------------------------------------------------


def requirements() -> list[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return [
        re.split(r"[ <>=]", line)[0]
        for line in setup["options"]["install_requires"].split("\n")
        if line
    ]


def test_the_versions_agree() -> None:
    version = targetcli.__version__
    apart = version.replace(".dev", "~dev")
    assert (ROOT / "debian/changelog").read_text().startswith(f"targetcli ({apart}) ")
    assert re.search(r"^%global pyversion (.*)$", SPEC, re.MULTILINE)[1] == version  # type: ignore[index]
    assert re.search(r"^Version: +(.*)$", SPEC, re.MULTILINE)[1] == apart  # type: ignore[index]


def test_both_packages_need_what_setup_needs() -> None:
    fedora = {"configshell-fb": "configshell", "rtslib-fb": "rtslib"}
    in_spec = re.findall(r"^Requires: +python3-(.*)$", SPEC, re.MULTILINE)
    assert sorted(in_spec) == sorted(fedora.get(name, name) for name in requirements())
    assert sorted(NEEDED) == sorted(f"python3-{name}" for name in requirements())


def test_both_packages_have_the_pages_that_help_and_readme_name() -> None:
    in_deb = (ROOT / "debian/targetcli.install").read_text().splitlines()
    (pages,) = [line.split() for line in in_deb if line.startswith("docs/")]
    assert pages[-1] == "usr/share/doc/targetcli/docs"
    given = {path.name for pattern in pages[:-1] for path in ROOT.glob(pattern)}
    here = {path.name for path in (ROOT / "docs").iterdir() if path.is_file()}
    assert {name for name in here - given if not name.endswith(".py")} == set()
    (in_rpm,) = re.findall(r"^%doc (.*)$", SPEC, re.MULTILINE)
    assert "docs" in in_rpm.split()


def test_the_wheel_has_every_unit_and_manual_page() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = {
        Path(line)
        for files in setup["options.data_files"].values()
        for line in files.split("\n")
        if line
    }
    present = [*(ROOT / "systemd").iterdir(), *(ROOT / "man").glob("*.[1-9]")]
    assert {path.relative_to(ROOT) for path in present} <= listed


def test_the_address_of_the_maintainers_is_in_one_place() -> None:
    tracked = run("git", "-C", str(ROOT), "ls-files").splitlines()
    domain = "targetcli" + ".invalid"
    having = [name for name in tracked if domain in (ROOT / name).read_text(errors="replace")]
    assert having == ["packaging/make-packages"]
    for name in ("control", "changelog"):
        assert (ROOT / "debian" / name).read_text().count("<@ADDRESS@>") == 1


def test_fedora_enables_the_service_only_if_it_was() -> None:
    """The removed package disables it, after %pre of this one and before %posttrans."""
    before = SPEC.partition("%pre\n")[2].partition("%post\n")[0]
    after = SPEC.partition("%posttrans\n")[2].partition("%files\n")[0]
    assert "systemctl is-enabled target.service > /run/targetcli-replaces" in before
    enabling = 'if [ "$(cat /run/targetcli-replaces)" = enabled ]; then\n        systemctl enable'
    assert enabling in after and after.count("systemctl enable") == 1


def test_nothing_is_stopped_with_a_package() -> None:
    """A stop of target.service ends the sessions of all initiators."""
    assert "--now" not in SPEC and "systemctl stop" not in SPEC and "restart" not in SPEC
    rules = (ROOT / "debian/rules").read_text()
    assert "dh_installsystemd --no-start --no-stop-on-upgrade" in rules
    for script in (ROOT / "debian").glob("*.p*"):
        assert not re.search(r"systemctl (?!--system daemon-reload)", script.read_text()), script


@pytest.mark.parametrize("name", ["debian/targetcli.postinst", "debian/targetcli.postrm"])
def test_scripts_of_the_maintainer(name: str) -> None:
    done = subprocess.run(["shellcheck", ROOT / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_script_of_the_fresh_root() -> None:
    done = subprocess.run(["shellcheck", HERE / "installed.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# -- Debian ---------------------------------------------------------------------------------


@pytest.mark.long
def test_lintian_finds_no_error(built: Path) -> None:
    output = run("lintian", "--fail-on", "error,warning", one(built, "*.changes"))
    assert not re.findall(r"^[EW]: .*$", output, re.MULTILINE)


@pytest.mark.long
def test_debian_package_in_a_fresh_root(built: Path) -> None:
    """Installed with the libraries of that release; run there; in the place of targetcli-fb."""
    deb = one(built, "*.deb")
    hooks = (
        'mkdir "$1/packages"',
        f"copy-in {deb} {HERE / 'installed.sh'} /packages",
        f'chroot "$1" bash /packages/installed.sh /packages/{deb.name}',
    )
    included: Sequence[str] = (*NEEDED, *CHECKED_BY)
    output = run(
        "mmdebstrap",
        "--variant=minbase",
        "--format=null",
        f"--include={','.join(included)}",
        *(f"--customize-hook={hook}" for hook in hooks),
        SUITE,
        "/dev/null",
    )
    assert "all steps done" in output, output[-6000:]


# -- Fedora ---------------------------------------------------------------------------------


@pytest.mark.long
def test_rpmlint_finds_no_error(built: Path) -> None:
    options = ("-c", str(ROOT / "packaging/rpm/rpmlint.toml"))
    output = run("rpmlint", *options, *built.glob("*.rpm"), ROOT / "packaging/rpm/targetcli.spec")
    assert "0 errors, 0 warnings" in output, output


@pytest.mark.long
def test_rpm_has_all_files_and_replaces_the_other_package(built: Path, tmp_path: Path) -> None:
    rpm = one(built, "*.noarch.rpm")
    files = run("rpm", "-qlp", rpm).splitlines()
    for unit in (ROOT / "systemd").glob("*.s*"):
        assert f"/usr/lib/systemd/system/{unit.name}" in files
    assert {"/usr/bin/targetcli", "/etc/target", "/usr/share/man/man8/targetcli.8"} <= set(files)
    about = run("rpm", "-qp", "--provides", "--obsoletes", "--conflicts", rpm)
    for word in ("target-restore < 4", "targetcli-fb = ", "lio-utils"):
        assert word in about
    unpacked = subprocess.run(["rpm2cpio", rpm], capture_output=True, check=True).stdout
    words = ["cpio", "--extract", "--make-directories", "--quiet"]
    subprocess.run(words, input=unpacked, cwd=tmp_path, check=True)
    (site,) = tmp_path.glob("usr/lib/python3*/site-packages")
    program = f"import sys; sys.path.insert(0, {str(site)!r}); from targetcli.__main__ import main"
    done = run("python3", "-ISc", f"{program}; sys.argv = ['targetcli', '--version']; main()")
    assert targetcli.__version__ in done


# -- pip ------------------------------------------------------------------------------------


@pytest.mark.long
def test_wheel_and_sdist_are_whole(built: Path) -> None:
    with zipfile.ZipFile(one(built, "*.whl")) as archive:
        wheel = archive.namelist()
    for name in (
        "share/man/man8/targetcli.8",
        "share/bash-completion/completions/targetcli.bash",
        "share/zsh/site-functions/_targetcli",
        "share/targetcli/systemd/target.service",
    ):
        assert any(path.endswith(f".data/data/{name}") for path in wheel), name
    with tarfile.open(one(built, "*.tar.gz")) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    tracked = run("git", "-C", str(ROOT), "ls-files").splitlines()
    kept = [name for name in tracked if not name.startswith(".")]
    assert sorted(name for name in kept if name not in names) == []
