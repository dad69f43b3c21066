# SPDX-License-Identifier: Apache-2.0
"""No importer shows more of a line that it does not know than a word that can be a name."""

from __future__ import annotations

import pytest

from rtslib_ext import foreign
from rtslib_ext.errors import LioError
from rtslib_ext.foreign.source import Source, Texts
from tests.fuzz import corpus_files

SECRET = "hunter2secret"
SHADOW = f"root:$6${SECRET}$hash:19000:0:99999:7:::"
# The secret is never a word alone at the beginning of a line, in which a setting has its name.
LINES = (
    *(SHADOW, f"x:{SECRET}", f"colour {SECRET}", f"password {SECRET} x y", f"colour = {SECRET}!;"),
    *(f"password={SECRET}", f"password: '{SECRET}'", f"--{SECRET}! x", f"Pa${SECRET}"),
    *(f'"my {SECRET} text" is here', f"{SECRET}! {{", f"{SECRET}/x y", f'colour "{SECRET}" {{'),
    *(f'"{SECRET}!": 1,', f'"colour": "{SECRET}",', f'"colour": {SECRET},', f"[{SECRET}]"),
    *(f"<password {SECRET}>", f"<colour {SECRET}/>", f"<{SECRET}! x>"),
)


def shown(name: str, text: str) -> str:
    """Return all that an import of a text shows."""
    try:
        found = foreign.FORMATS[name].read(Source("/etc/file", text, Texts({})))
    except LioError as err:
        return f"{err} {err.hint}"
    return "\n".join(f"{one.place} {one.text} {one.cure}" for one in found.remarks)


@pytest.mark.parametrize("name", foreign.FORMATS)
def test_a_file_of_another_kind_is_not_shown(name: str) -> None:
    for text in (*LINES, "\n".join((*LINES, ""))):
        assert SECRET not in shown(name, text), text


@pytest.mark.parametrize("name", foreign.FORMATS)
def test_a_secret_at_an_unexpected_place_is_not_shown(name: str) -> None:
    for data in corpus_files.inputs(name):
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        for number in range(len(lines) + 1):
            for line in LINES:
                text = "\n".join((*lines[:number], line, *lines[number:]))
                assert SECRET not in shown(name, text), (number, line)


@pytest.mark.parametrize("name", ("ceph", "truenas"))
def test_a_secret_in_json_of_another_kind_is_not_shown(name: str) -> None:
    for text in (
        f'{{"disks": {{}}, "gateways": {{}}, "x!{SECRET}": 1}}',
        f'{{"targets": {{"iqn.2003-01.org.example:a": {{"disks": [{{"key": "{SECRET}"}}]}}}}}}',
        f'{{"disks": {{"a/b": {{"pool": "a", "image": "b", "controls": {{"!{SECRET}": 1}}}}}}}}',
        f'[{{"blocksize": 512, "extra": "{SECRET}"}}, "{SECRET}"]',
    ):
        assert SECRET not in shown(name, text), text


def test_only_words_of_unknown_lines_are_shown() -> None:
    """In the formats in which a line is a word and its value."""
    for name in ("tgt", "ietd"):
        assert shown(name, f"{SHADOW}\ncolour red\n").split("\n") == [
            "/etc/file:1 this line is not known, and not imported ",
            "/etc/file:2 colour is not known, and not imported ",
        ]


def test_files_beside_ietd_conf_are_not_shown() -> None:
    texts = Texts({"/etc/initiators.allow": f"{SHADOW} x\niqn.2003-01.org.example:b ALL\n"})
    source = Source("/etc/ietd.conf", "Target iqn.2003-01.org.example:a\n", texts)
    told = [one.text for one in foreign.FORMATS["ietd"].read(source).remarks]
    assert "there is no target of this line" in told
    assert "there is no target iqn.2003-01.org.example:b" in told
