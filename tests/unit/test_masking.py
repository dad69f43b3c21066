# SPDX-License-Identifier: Apache-2.0
"""Secrets in lines and messages become stars; everything else stays as it is."""

from __future__ import annotations

import pytest

from targetcli.language import masking

LINES = [
    ("set auth userid=u password=S3", "set auth userid=u password=**"),
    ("/x set auth pasword=S3 secret = S3", "/x set auth pasword=** ****** = **"),
    ("/x/set auth S3", "/x/set auth **"),
    ("set auth password 'S3 S3'", "set auth ******** *******"),
    ("set password=S3 auth", "set password=** auth"),
    ("set group=auth mutual_userid=m S3", "set group=auth mutual_userid=m **"),
    (
        "set discovery_auth enable=1 password_mutual='S3",
        "set discovery_auth enable=1 password_mutual=***",
    ),
    ('set auth "password=S3 S3" userid=u', 'set auth "password=****** userid=u'),
    ('set auth password="S3\\" S3" userid=u', "set auth password=********* userid=u"),
    ("sett x 'password=S3 S3'", "sett x 'password=******"),
    ("create wwn=x password=S3\\'S3 y", "create wwn=x password=****** y"),
    ("nosuch password=S3 x", "nosuch password=** x"),
]
PLAIN = [
    "set attribute authentication=1",
    "set parameter AuthMethod=CHAP",
    "/x set auth userid=u mutual_userid= userid_mutual='a b' enable=1 --json",
    "/backstores/pscsi create pass /dev/sda",
    "get auth password",
    "help set auth",
    "it isn't here",
]


@pytest.mark.parametrize(("line", "masked"), LINES)
def test_a_secret_is_masked(line: str, masked: str) -> None:
    assert masking.mask_line(line) == masked
    assert masking.has_secret(line)


@pytest.mark.parametrize("line", PLAIN)
def test_other_words_stay(line: str) -> None:
    assert masking.mask_line(line) == line


def test_the_shell_keeps_lines_without_secrets() -> None:
    kept = [line for line in PLAIN if not masking.has_secret(line)]
    assert kept == [line for line in PLAIN if "set auth" not in line and "password" not in line]


def test_messages_keep_their_words() -> None:
    note = "it has no secret; set them with: /x set auth"
    assert masking.mask(note) == note
    assert masking.mask("refused: set auth password=S3") == "refused: set auth password=**"
