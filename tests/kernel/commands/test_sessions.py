# SPDX-License-Identifier: Apache-2.0
"""The command sessions where nobody is logged in."""

from __future__ import annotations

from .harness import Shell


def test_nobody_is_logged_in(shell: Shell) -> None:
    for line in ("sessions", "sessions list", "sessions action=detail", "/ sessions"):
        assert shell.ok(line) == "(no open sessions)\n"
    shell.ok("/iscsi create iqn.2003-01.org.example:a")
    tpg = "/iscsi/iqn.2003-01.org.example:a/tpg1"
    shell.ok(f"{tpg}/acls create iqn.2003-01.org.example:i")
    shell.ok("/loopback create")
    assert shell.ok("sessions detail") == "(no open sessions)\n"


def test_what_is_refused(shell: Shell) -> None:
    shell.refuses("sessions list 3", "no session found with sid 3", "sessions lists all sessions")
    shell.refuses("sessions list sid=x", "sid must be a number, 'x' given")
    shell.refuses("sessions show", "action must be one of: list, detail")
    shell.refuses(
        "/iscsi sessions", "/iscsi: Command not found sessions", "run it at the root: / sessions"
    )
