# SPDX-License-Identifier: Apache-2.0
"""The scripts for full kernels, with other programs in place of apt, dpkg, depmod and virtme-ng."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
OLD = ("linux-image-6.12.1-amd64", "boot/vmlinuz-6.12.1-amd64", "lib/modules/6.12.1-amd64/x.ko")
# Since Linux 7.2 the package that linux-image-amd64 depends on is empty, as that one itself is.
NEW = (
    "linux-binary-7.3.4-amd64",
    "usr/lib/modules/7.3.4-amd64/vmlinuz",
    "usr/lib/modules/7.3.4-amd64/x.ko",
)


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{text}\n")
    (folder / name).chmod(0o755)


def fetch(folder: Path, package: str, files: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run debian-kernel where one package has these files."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    program(
        programs,
        "apt-get",
        """if [[ $1 == indextargets ]]; then echo "Debian http://deb.example/d"; fi
        if [[ $4 == download ]]; then for name in "${@:5}"; do touch "$name.deb"; done; fi""",
    )
    program(programs, "apt-cache", f"printf 'linux-image-amd64\\n{package}\\nkmod\\n'")
    program(programs, "depmod", f'echo "$@" >>{folder}/depmod')
    program(
        programs,
        "dpkg-deb",
        f"""name=$(basename "$2" .deb)
        if [[ $1 == --show ]]; then printf '%s\\t1.0\\n' "$name"; exit; fi
        if [[ $name == {package} ]]; then
            for file in {shlex.join(files)}; do install -D /dev/null "$3/$file"; done
        fi""",
    )
    return subprocess.run(
        [PACKAGING / "debian-kernel", folder / "kernels", "trixie"],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "PYTHON3": sys.executable},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("package", "image", "module"), [OLD, NEW], ids=["6.12", "7.3"])
def test_both_layouts_of_packages(tmp_path: Path, package: str, image: str, module: str) -> None:
    place, release = tmp_path / "kernels/trixie", package.partition("-")[2].partition("-")[2]
    done = fetch(tmp_path, package, [image, module])
    assert done.stdout == f"{place}/{image}\n", done.stderr
    assert f"Fetched {package} 1.0, linux-image-amd64 1.0; delete {place}" in done.stderr
    assert (tmp_path / "depmod").read_text() == f"--basedir {place} {release}\n"
    # What depmod and modprobe look for, in both layouts.
    assert (place / "lib/modules" / release / "x.ko").exists()
    again = fetch(tmp_path, package, [])
    assert (again.stdout, again.stderr) == (done.stdout, "")


def test_packages_without_an_image(tmp_path: Path) -> None:
    done = fetch(tmp_path, OLD[0], ["usr/share/doc/x"])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(" of Debian trixie has no image")
    assert not (tmp_path / "kernels/trixie/complete").exists()


@pytest.mark.parametrize("image", [OLD[1], NEW[1]], ids=["6.12", "7.3"])
@pytest.mark.parametrize(
    ("command", "run"), [("bash", "bash"), ("./x", "{here}/x"), ("/bin/true", "/bin/true")]
)
def test_the_command_in_the_guest(tmp_path: Path, image: str, command: str, run: str) -> None:
    program(tmp_path, "vng", 'printf "%s\\n" "${@: -1}"')
    kernel = tmp_path / "the kernel" / image
    kernel.parent.mkdir(parents=True)
    kernel.touch()
    done = subprocess.run(
        [PACKAGING / "qemu", kernel, command, "a b"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "VNG": str(tmp_path / "vng")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    words = shlex.split(done.stdout.rpartition("exec bash ")[2])
    modules = kernel.parents[1] / ("lib/modules" if "boot" in image else "")
    assert words[1:] == [str(modules), str(tmp_path), run.format(here=tmp_path), "a b"]


def test_qemu_without_a_command(tmp_path: Path) -> None:
    done = subprocess.run([PACKAGING / "qemu", "x"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: qemu IMAGE COMMAND...\n")
