# SPDX-License-Identifier: Apache-2.0
"""Secrets in lines and messages become stars; everything else stays as it is."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targetcli import secret_words
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
    ("sett x 'password=S3 S3'", "sett * 'password=******"),
    # A value of a one-shot command may be several words of the line.
    ("create wwn=x password=S3\\'S3 y=z z", "create wwn=x password=****** y=* *"),
    ("nosuch password=S3 x", "nosuch password=** *"),
    # Misspelled, quoted, without a group, in one word.
    ("set auht pasword=S3", "set **** pasword=**"),
    ("set auht S3 S3", "set **** ** **"),
    ("sett auth S3", "sett auth **"),
    ("ste auth S3", "ste auth **"),
    ("st discovery_auth S3", "st discovery_auth **"),
    ("set 'auth' S3", "set 'auth' **"),
    ("'set' au\"th\" S3", "'set' au\"th\" **"),
    ('set "auth S3', "set ********"),
    ("set 'auth password=S3 S3'", "set *********************"),
    ("/x set discoveryauth S3", "/x set ************* **"),
    ("/x/set 'group=auth' S3", "/x/set 'group=auth' **"),
    ("--yes /x setauth S3", "--yes /x setauth **"),
    ("auth S3", "auth **"),
    ("/x auth password S3", "/x auth ******** **"),
    ("set S3", "set **"),
    ("acls ensure i pasword=S3", "acls ensure i pasword=**"),
    ("acls ensure i passwrod = S3", "acls ensure i passwrod = **"),
    ("acls ensure i 'mutual_sercet'=S3", "acls ensure i 'mutual_sercet'=**"),
]
PLAIN = [
    "set attribute authentication=1",
    "set parameter AuthMethod=CHAP",
    "/x set auth userid=u mutual_userid= userid_mutual='a b' enable=1 --json",
    "/backstores/pscsi create pass /dev/sda",
    "get auth password",
    "help set auth",
    "it isn't here",
    "set global color_mode=false",
    "/backstores/fileio create set /srv/x",
    "/iscsi/iqn.2003-01.org.example:auth/tpg1 luns create x",
    "set group=parameter MaxBurstLength=1",
    "status",
    "set",
]


@pytest.mark.parametrize(("line", "masked"), LINES)
def test_a_secret_is_masked(line: str, masked: str) -> None:
    assert masking.mask_line(line) == masked
    assert masking.has_secret(line)


@pytest.mark.parametrize("line", PLAIN)
def test_other_words_stay(line: str) -> None:
    assert masking.mask_line(line) == line


def test_the_quick_look_finds_all_that_is_masked() -> None:
    for line in (*(line for line, _ in LINES), *PLAIN):
        if masking.mask_line(line) != line:
            assert secret_words.may_be_in(line), line
    assert not secret_words.may_be_in("")
    for line in (
        "/iscsi ls",
        "get attribute",
        "set global x=1",
        "/backstores/ramdisk create x 1M",
        "status",
    ):
        assert not secret_words.may_be_in(line), line


_PIECES = st.sampled_from(
    [
        *("set", "st", "sett", "ste", "s''et", "get", "pwd", "ls", "auth", "discovery_auth"),
        *("group=", "global", "alua", "attribute", "userid=", "pass", "word=", "sercet", "x"),
        *("/iscsi/", "--json", "=", " ", " ", " ", '"', "'", "\\", "SET"),
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_the_quick_look_finds_all_of_any_line(line: str) -> None:
    if masking.mask_line(line) != line:
        assert secret_words.may_be_in(line)


def test_the_shell_keeps_lines_without_secrets() -> None:
    kept = [line for line in PLAIN if not masking.has_secret(line)]
    assert kept == [line for line in PLAIN if "set auth" not in line and "password" not in line]


def test_messages_keep_their_words() -> None:
    note = "it has no secret; set them with: /x set auth"
    assert masking.mask(note) == note
    assert masking.mask("refused: set auth password=S3") == "refused: set auth password=**"


def test_every_group_without_secrets_is_listed() -> None:
    sources = Path(masking.__file__).parents[1]
    text = "".join(path.read_text() for path in (sources / "settings").glob("*.py"))
    named = set(re.findall(r'super\(\).__init__\("(\w+)"|^    name = "(\w+)"', text, re.MULTILINE))
    names = {one or other for one, other in named} - {"discovery_auth", "reservations"}
    assert names <= secret_words.PLAIN_GROUPS


@pytest.mark.parametrize(
    "unit", ["a", "password", "password=x ", "secret ", "'", "\\", "=", "set ", " "]
)
def test_a_long_line_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    start = time.thread_time()
    for line in (text, f"set auth {text}", f"ls {text}"):
        masking.has_secret(line)
        masking.mask_line(line)
        masking.mask(line)
    assert time.thread_time() - start < 5
