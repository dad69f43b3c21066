# SPDX-License-Identifier: Apache-2.0
"""The resource agent for Pacemaker: what ocf-tester of resource-agents checks, and its statuses."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import targetcli

from .harness import ETC, Shell
from .test_owners import A, fragment, put

CHECKOUT = Path(targetcli.__file__).parent.parent
AGENT = CHECKOUT / "packaging" / "pacemaker" / "lio-owner"
POOL = ETC / "pairs" / "pool.json"
OCF_ROOT = Path(os.environ.get("OCF_ROOT", "/usr/lib/ocf"))
TESTER = os.environ.get("OCF_TESTER", "/usr/sbin/ocf-tester")
# OCF_SUCCESS, OCF_ERR_GENERIC, OCF_ERR_CONFIGURED, OCF_NOT_RUNNING
SUCCESS, FAILED, CONFIGURED, NOT_RUNNING = 0, 1, 6, 7


@pytest.fixture
def program(shell: Shell, tmp_path: Path) -> Path:
    """The program that the agent runs; the fragment of the pool exists."""
    put(POOL, fragment("p1", "p2"))
    path = tmp_path / "targetcli"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m targetcli "$@"\n')
    path.chmod(0o755)
    return path


def agent(program: Path, action: str, owner: str = "pool") -> subprocess.CompletedProcess[str]:
    """Run the agent as Pacemaker does."""
    return subprocess.run(
        [AGENT, action],
        env={
            **os.environ,
            "OCF_ROOT": str(OCF_ROOT),
            "OCF_RESOURCE_INSTANCE": "target",
            "OCF_RA_VERSION_MAJOR": "1",
            "OCF_RESKEY_owner": owner,
            "OCF_RESKEY_targetcli": str(program),
            "OCF_RESKEY_timeout": "1s",
            "HA_RSCTMP": str(program.parent),
        },
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_the_statuses_of_the_agent(shell: Shell, program: Path) -> None:
    ElementTree.fromstring(agent(program, "meta-data").stdout)
    assert agent(program, "validate-all").returncode == SUCCESS
    for name in ("", "no name", "-x", "pool\nno name"):
        assert agent(program, "validate-all", name).returncode == CONFIGURED
    assert agent(program, "monitor").returncode == NOT_RUNNING
    for _ in range(2):
        done = agent(program, "start")
        assert done.returncode == SUCCESS, done.stderr
    assert agent(program, "monitor").returncode == SUCCESS
    shell.ok(f"/iscsi/{A}/tpg1 disable")
    assert agent(program, "monitor").returncode == FAILED
    for _ in range(2):
        done = agent(program, "stop")
        assert done.returncode == SUCCESS, done.stderr
    assert agent(program, "monitor").returncode == NOT_RUNNING
    POOL.unlink()
    assert agent(program, "start").returncode not in (SUCCESS, NOT_RUNNING)
    assert agent(program, "stop").returncode == SUCCESS


@pytest.mark.long
def test_ocf_tester(program: Path) -> None:
    done = subprocess.run(
        [TESTER, "-v", "-n", "pool", "-o", "owner=pool", "-o", f"targetcli={program}"]
        + ["-o", "timeout=1s", AGENT],
        env={**os.environ, "OCF_ROOT": str(OCF_ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{AGENT} passed all tests" in done.stdout
