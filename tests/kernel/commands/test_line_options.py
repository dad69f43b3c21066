# SPDX-License-Identifier: Apache-2.0
"""The program's options in a line: before the command and after it, in the shell and elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .harness import ETC, TARGET, Shell, differences, tree

RAMDISK = "/backstores/ramdisk"
# What another process made, and did not save.
R1_SAVED_TOO = (
    f"Note: this also saved what others changed, in the kernel or in the file: {RAMDISK}/r1\n"
)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a ramdisk."""
    shell.ok(f"{RAMDISK} create r1 1M")
    return shell


def run(user: Shell, *words: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "targetcli", *words],
        input=lines,
        capture_output=True,
        text=True,
        env={**os.environ, "TARGETCLI_HOME": str(user.home)},
    )


@pytest.mark.parametrize(
    "line",
    [
        f"--dry-run {RAMDISK} delete r1",
        f"{RAMDISK} delete r1 --dry-run",
        f"{RAMDISK} delete name=r1 --dry-run",
        f"--yes --wait 5 {RAMDISK} delete r1 --dry-run",
    ],
)
def test_dry_run(user: Shell, line: str) -> None:
    before = tree()
    assert user.ok(line).rows[0].startswith(f"- {RAMDISK}/r1")
    one_shot = run(user, *line.split())
    assert (one_shot.returncode, one_shot.stderr) == (0, "")
    assert one_shot.stdout.startswith(f"- {RAMDISK}/r1")
    assert differences(tree(), before) == []
    user.ok(f"{RAMDISK} delete r1")


def test_the_option_holds_for_one_line(user: Shell) -> None:
    user.ok(f"{RAMDISK} create r2 1M --dry-run")
    user.ok(f"{RAMDISK} create r2 1M")
    assert list(TARGET.glob("core/rd_mcp_*/r2"))
    assert json.loads(user.ok("--json pwd"))["data"] == {"path": "/"}
    assert json.loads(user.ok("pwd --json"))["data"] == {"path": "/"}
    assert user.ok("pwd") == "/\n"


@pytest.mark.parametrize("line", ["-v / undo", "/ undo -v", "/ undo --verbose"])
def test_verbose(user: Shell, line: str) -> None:
    assert user.ok(line).startswith("Undone: ")


def test_verbose_where_it_has_no_effect(user: Shell) -> None:
    user.refuses("-v pwd", "--verbose has no effect on pwd")
    user.refuses(f"{RAMDISK} create r2 1M -v", "--verbose has no effect on create")
    user.ok(f"{RAMDISK} create r2 1M -v --dry-run")
    one_shot = run(user, "-v", RAMDISK, "delete", "r1")
    assert "--verbose has no effect on delete" in one_shot.stderr
    assert run(user, "-v").stderr.startswith("targetcli version ")


def test_a_dry_run_does_not_move_the_shell(user: Shell) -> None:
    user.ok("set global auto_cd_after_create=true")
    user.ok(f"{RAMDISK} create r2 1M --dry-run")
    assert user.cwd == "/"
    user.ok("--dry-run set global auto_cd_after_create=false")
    assert user.ok("get global auto_cd_after_create") == "auto_cd_after_create=true \n"


def test_a_dry_run_in_a_transaction_queues_nothing(user: Shell, tmp_path: Path) -> None:
    """It sees what is queued, and shows what the line would add."""
    lines = f"""begin
{RAMDISK} create r2 1M
{RAMDISK}/r1 set attribute emulate_tas=0 --dry-run
{RAMDISK} delete r[1-2] --dry-run
--dry-run set global tree_max_depth=3
get global tree_max_depth
--dry-run cd {RAMDISK}
/backstores/fileio create f1 {tmp_path}/f1 1M --dry-run
/backstores/fileio create f1 {tmp_path}/f1 1M --dry-run
saveconfig --dry-run
--dry-run begin
exit --dry-run
rollback --dry-run
pwd
commit --dry-run
diff
commit
"""
    done = run(user, lines=lines)
    assert done.stderr == R1_SAVED_TOO, done.stderr
    rows = [re.sub(r"^(\*?/[^>]*> )+", "", row) for row in done.stdout.splitlines()]
    made = f"+ {RAMDISK}/r2: would create ramdisk r2 on memory"
    plans = [row.partition(" on /tmp")[0] for row in rows if row.startswith(("+", "-", "~"))]
    assert plans == [
        made,
        f"~ {RAMDISK}/r1: would set attribute emulate_tas: 1 -> 0",
        f"- {RAMDISK}/r1: would delete ramdisk r1 on memory",
        f"- {RAMDISK}/r2: would delete ramdisk r2 on memory",
        "~ /: would set the preference tree_max_depth=3",
        *["+ /backstores/fileio/f1: would create fileio f1"] * 2,
        "~ /: would save the configuration to /etc/target/saveconfig.json",
        made,
        made,
    ]
    assert sum(row.startswith("Queued: ") for row in rows) == 1
    assert "tree_max_depth=0 " in rows and "/" in rows
    assert "Committed: 1 change." in rows
    names = sorted(item.name for item in TARGET.glob("core/rd_mcp_*/r*"))
    assert names == ["r1", "r2"]
    assert not (tmp_path / "f1").exists()


def test_a_batch_in_the_shell(user: Shell, tmp_path: Path) -> None:
    file = tmp_path / "batch"
    file.write_text(f"cd {RAMDISK}\ncreate r2 1M\ncreate r3 1M\n")
    done = run(user, lines=f"--dry-run --batch {file}\n--batch {file}\npwd\n/ status\n")
    assert done.stderr == R1_SAVED_TOO
    assert f"+ {RAMDISK}/r2" in done.stdout and "Created ramdisk r3" in done.stdout
    assert "/> /\n" in done.stdout
    assert list(TARGET.glob("core/rd_mcp_*/r3"))
    assert "a command cannot be given" in run(user, lines=f"--batch {file} ls\n").stderr
    assert "there is no file /nosuch" in run(user, lines="--batch /nosuch\n").stderr
    file.write_text("--yes ls\n")
    assert "line 1: --yes is in a line of a batch" in run(user, "--batch", str(file)).stderr


def test_what_is_refused(user: Shell) -> None:
    user.refuses("--nosuch ls", "there is no option --nosuch")
    user.refuses("--sandbox ls", "--sandbox is not for a line")
    user.refuses("--wait x ls", "--wait must be a number of seconds")
    user.refuses("pwd --wait", "--wait needs a value")
    user.refuses("saveconfig --dryrun", "there is no option --dryrun (did you mean --dry-run?")
    user.refuses("saveconfig --dry-run=true", "there is no option --dry-run=true")
    assert not list(Path.cwd().glob("--*"))


def test_words_in_quotes_are_values(user: Shell, tmp_path: Path) -> None:
    user.ok(f"saveconfig '{ETC}/x'")
    user.refuses("help search '--yes' zzzz", "Nothing contains --yes and zzzz")


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_version_with_more_to_show(user: Shell, option: str) -> None:
    lines = run(user, "version", option).stdout.splitlines()
    assert lines[0].startswith("targetcli version ") and lines[1].startswith("Linux ")
