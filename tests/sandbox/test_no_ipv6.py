# SPDX-License-Identifier: Apache-2.0
"""A host without IPv6: portals, restore and apply fall back to 0.0.0.0, and say so."""

from __future__ import annotations

import subprocess
import sys

import pytest

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
NOTE = "this host has no IPv6, so 0.0.0.0:3260 is used instead of [::0]:3260"

# The sandbox with one more parameter of the kernel.
BOOT = """
import sys
from targetcli import sandbox
from targetcli.sandbox import kernel
kernel.PARAMETERS += ("ipv6.disable=1",)
sys.exit(sandbox.main(sys.argv[1:]))
"""
SAVED = f"""{{"targets": [{{"fabric": "iscsi", "wwn": "{IQN}", "tpgs": [{{"tag": 1,
"portals": [{{"ip_address": "[::0]", "port": 3260}}]}}]}}]}}"""


def _run(script: str) -> str:
    """Run lines of bash in such a sandbox; return the output, with exit statuses."""
    lines = f't() {{ "{sys.executable}" -m targetcli "$@"; echo "status $?"; }}\n{script}'
    words = [sys.executable, "-c", BOOT, "--env", "PYTHONPATH", "bash", "-c", lines]
    return subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def output() -> dict[str, list[str]]:
    """The output of each command, by its name."""
    text = _run(f"""
        echo '{SAVED}' >/tmp/saved
        echo '# create'; t /iscsi create {IQN}
        echo '# ls'; t {TPG}/portals ls
        echo '# delete'; t {TPG}/portals delete ::0 3260
        echo '# portal'; t {TPG}/portals create
        echo '# ensure'; t {TPG}/portals ensure
        echo '# address'; t {TPG}/portals create 2001:db8::1
        echo '# restore'; t restoreconfig /tmp/saved clear_existing=true
        echo '# restored'; t {TPG}/portals ls
        echo '# apply'; t apply /tmp/saved
        echo '# diff'; t diff /tmp/saved
    """)
    parts = [part.splitlines() for part in f"\n{text}".split("\n# ")[1:]]
    return {lines[0]: lines[1:] for lines in parts}


def test_the_default_portal(output: dict[str, list[str]]) -> None:
    said = output["create"]
    assert "Created default portal listening on all IPs (0.0.0.0), port 3260." in said
    assert f"Note: {NOTE}" in said and said[-1] == "status 0"
    assert any("0.0.0.0:3260" in line for line in output["ls"])


def test_a_portal_that_is_asked_for(output: dict[str, list[str]]) -> None:
    said = output["portal"]
    assert output["delete"][-1] == "status 0"
    assert "Binding to INADDR_ANY (0.0.0.0)" in said
    assert "Created network portal 0.0.0.0:3260." in said
    assert f"Note: {NOTE}" in said and said[-1] == "status 0"
    assert output["ensure"][-1] == "status 0"


def test_the_cause_is_named(output: dict[str, list[str]]) -> None:
    (error, status) = output["address"][-2:]
    assert "[Errno 22] Invalid argument" in error and "this host has no IPv6" in error
    assert status == "status 1"


def test_restore_and_apply(output: dict[str, list[str]]) -> None:
    path = f"{TPG}/portals/[::0]:3260"
    assert f"Note: {path}: {NOTE}" in output["restore"]
    assert output["restore"][-1] == output["apply"][-1] == output["diff"][-1] == "status 0"
    assert any("0.0.0.0:3260" in line for line in output["restored"])
    assert any(NOTE in line for line in output["apply"])
