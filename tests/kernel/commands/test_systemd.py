# SPDX-License-Identifier: Apache-2.0
"""apply --confirm-within where systemd runs: a service of its own takes the change back."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import service_manager
from .harness import ETC, Shell, tree

WANTED = ETC / "wanted.json"

# Somebody is logged in, as a scope that ends with everything in it.
JOB = """
systemd-run --quiet --scope --unit=login bash -c {login} &
for _ in $(seq 300); do [ -e {folder}/applied ] && break; sleep 0.1; done
systemctl list-units --no-pager --plain --no-legend --type=service | grep 'Roll back'
systemctl kill --signal=KILL login.scope
unit=$(systemctl list-units --plain --no-legend --type=service | sed -n 's/ .*Roll back.*//p')
first=$(systemctl show --property=MainPID --value $unit)
kill -KILL $first
sleep 1
second=$(systemctl show --property=MainPID --value $unit)
[ $second -gt 0 ] && [ $second != $first ] && echo "started again"
echo "session: $(systemctl is-active login.scope)"
for _ in $(seq 300); do [ -d {old} ] && break; sleep 0.1; done
sleep 1
{python} -m targetcli confirm
"""


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user with a file that says something else than what runs."""
    shell.ok("/backstores/ramdisk create old 1M")
    shell.ok(f"saveconfig {WANTED}")
    wanted = json.loads(WANTED.read_text())
    wanted["storage_objects"][0]["name"] = "new"
    WANTED.write_text(json.dumps(wanted))
    yield shell
    WANTED.unlink()


def test_it_outlives_the_session_and_a_kill(user: Shell, disks: Path) -> None:
    before = tree()
    old = next(path for path in before if path.endswith("/old"))
    login = (
        f"{sys.executable} -m targetcli apply {WANTED} --confirm-within 6s && touch {disks}/applied"
    )
    words = {
        "login": shlex.quote(f"{login}; sleep 1000"),
        "folder": disks,
        "old": f"/sys/kernel/config/target/{old}",
        "python": sys.executable,
    }
    printed = service_manager.run(disks, JOB.format(**words))
    first = [n for n, line in enumerate(printed) if ".service" in line]
    assert first, printed
    said = printed[first[0] :]
    service, text = said[0], " ".join(said)
    assert service.startswith("run-") and "Roll back unless targetcli confirm is run" in service
    assert "session: inactive" in text or "session: failed" in text
    assert "started again" in text
    assert "rolled back at" in text
    assert tree() == before
