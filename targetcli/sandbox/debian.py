# SPDX-License-Identifier: Apache-2.0
"""Packages of a Debian suite: downloaded with apt and unpacked, without root.

apt's lists, archives and settings are in a directory of its own, so those of the host do not
change. apt verifies the packages by the signature of the suite's archive.

    python -m targetcli.sandbox.debian SUITE DIRECTORY PACKAGE [PATTERN]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtslib_ext.errors import InvalidValue, LioError, NotFound, Unsupported, reason

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = re.compile(r"[a-z]+(-[a-z]+)*")
"""A codename or a suite: trixie, trixie-backports, stable."""

EXAMPLES = "examples: bookworm, trixie, sid"
UNREACHABLE = "check the name of the suite, the network, and the proxy in apt's settings"
# apt's last error, which only says that there were others.
CONSEQUENCE = "Some index files failed to download"
DEPENDENCIES_OMITTED = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")

# An empty status: apt would prefer the installed version of a package to an older one of the suite.
# The hooks of this host's apt are for its own lists.
CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Default-Release "";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Dir::Cache "{folder}/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "{folder}/lists";
Dir::State::Status "{folder}/status";
"""


class Suite:
    """A suite whose lists apt has read; ``opened`` makes one."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._packages = folder / "packages"
        for part in ("lists/partial", "cache/archives/partial", "packages", "host/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        source = f"deb [signed-by={_keyring()}] {_archive(folder / 'host')} {name} main\n"
        (folder / "sources.list").write_text(source)
        (folder / "apt.conf").write_text(CONFIGURATION.format(folder=folder))

    def update(self) -> None:
        """Read the suite's list of packages; raises NotFound, with apt's reason."""
        self._apt("apt-get", "update")

    def depends(self, package: str, pattern: str) -> list[str]:
        """Return a package and all that it depends on, as far as the names match a pattern."""
        options = [f"--no-{kind}" for kind in DEPENDENCIES_OMITTED]
        lines = self._apt("apt-cache", "depends", "--recurse", *options, package).splitlines()
        names = {line for line in lines if re.fullmatch(pattern, line)}
        return [package, *sorted(names - {package})]

    def unpack(self, packages: Sequence[str], folder: Path) -> list[str]:
        """Download packages and unpack them to ``folder``; return "name version" of each."""
        self._apt("apt-get", "download", *packages)
        unpacked = []
        for file in sorted(self._packages.glob("*.deb")):
            _run("dpkg-deb", "--extract", str(file), str(folder))
            unpacked.append(_run("dpkg-deb", "--show", str(file)).strip().replace("\t", " "))
            file.unlink()
        return unpacked

    def _apt(self, program: str, *words: str) -> str:
        settings = ["-c", f"{self._folder}/apt.conf", "--quiet=2"]
        try:
            return _run(program, *settings, *words, directory=self._packages)
        except NotFound as err:
            err.prefix(f"Debian {self.name}")
            raise


def check_name(name: str) -> None:
    """Raise InvalidValue for a text that cannot name a suite."""
    if not SUITE.fullmatch(name):
        raise InvalidValue(f"{name!r} is not the name of a Debian suite", hint=EXAMPLES)


@contextmanager
def opened(name: str, beside: Path) -> Iterator[Suite]:
    """Yield a suite, read from its archive; apt's files are in ``beside`` until the end.

    Raises InvalidValue for a text that cannot name a suite, Unsupported where apt is missing,
    NotFound if the suite cannot be read.
    """
    check_name(name)
    if '"' in str(beside):
        raise InvalidValue(f"{beside}: apt's settings cannot contain this name")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="apt-", dir=beside)
    except OSError as err:
        raise InvalidValue(f"{beside}: {reason(err)}") from err
    try:
        suite = Suite(name, Path(folder))
        suite.update()
        yield suite
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keyring() -> Path:
    """Return the file with the keys of Debian's archive; raises Unsupported."""
    for file in (KEYRING, KEYRING.with_suffix(".pgp")):
        if file.exists():
            return file
    raise Unsupported(
        f"{KEYRING} not found: packages of Debian cannot be verified",
        hint="install the package debian-archive-keyring",
    )


def _archive(folder: Path) -> str:
    """Return the archive of Debian from which this host's packages come; raises NotFound.

    Where apt has no lists, as in an image, they are read from its sources to a directory.
    """
    own = ["-o", f"Dir::State::Lists={folder}", "-o", "APT::Sandbox::User="]
    found = _listed()
    if not found:
        _run("apt-get", *own, "update")
        found = _listed(*own)
    if found:
        return found
    raise NotFound(
        "apt's sources on this host name no archive of Debian",
        hint="add one, or give the path of a kernel",
    )


def _listed(*options: str) -> str:
    """Return the address of Debian's archive in apt's lists; "" without one.

    Security updates have a separate archive, which has no suites like backports or sid.
    """
    words = ["--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages", "Origin: Debian"]
    lines = [
        line.rpartition(" ")
        for line in _run("apt-get", *options, "indextargets", *words).splitlines()
    ]
    return next((address for label, _, address in lines if label == "Debian"), "")


def _run(program: str, *words: str, directory: Path | None = None) -> str:
    """Run a program; return its output. Raises NotFound with its error message."""
    try:
        done = subprocess.run(
            [program, *words],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as err:
        raise Unsupported(
            f"{program} not found: packages of Debian need apt and dpkg",
            hint="install them, or give the path of a kernel that you have",
        ) from err
    if done.returncode:
        raise NotFound("; ".join(_complaints(done.stderr)) or f"{program} failed", hint=UNREACHABLE)
    return done.stdout


def _complaints(text: str) -> Iterable[str]:
    """Return the reasons in apt's messages, each once: its errors, or else all lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line[3:] for line in lines if line.startswith("E: ") and CONSEQUENCE not in line]
    return dict.fromkeys(errors or lines)


def main(arguments: Sequence[str]) -> int:
    """Unpack a package of a suite, and those it depends on that match; return the status."""
    suite_name, directory, package, *pattern = arguments
    folder = Path(directory).absolute()
    try:
        with opened(suite_name, folder) as suite:
            names = suite.depends(package, *pattern) if pattern else [package]
            unpacked = suite.unpack(names, folder)
    except LioError as err:
        print(err, *filter(None, [err.hint]), sep="\n", file=sys.stderr)
        return 1
    print(*unpacked, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
