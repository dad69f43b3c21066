# SPDX-License-Identifier: Apache-2.0
"""Files of other targets made of their own words: read, or refused with a place in the file."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rtslib_ext import foreign, savefile
from rtslib_ext.errors import LioError, ParseError
from rtslib_ext.foreign.source import Source, Texts

SIZES = dict.fromkeys(("/srv/a", "/srv/b"), 4096)
VALUES = st.sampled_from(
    (
        *("", "1", "0", "-1", "65536", "99999999999999999999", "on", "off", "yes", "ALL"),
        *("/srv/a", "/srv/b", "/dev/sda", "joe secret12chars", "joe", "joe a b", '"q w"'),
        *("iqn.2003-01.org.example:a", "iqn.2003-01.org.example:*", "IQN.x", "192.0.2.1/99"),
        *("2001:db8::/32", "[::1]", "a=b", "x\\", "\\#", "<<EOF", "Ünïcode", "\x00", "٣"),
        *("Path=/srv/a", "0 Path=/srv/a", "1 Path=/dev/x,IOMode=ro", "2 Type=nullio,Sectors=8"),
        *("aio", "sg", "rbd", "cd", "pt", "iser", "PLEASE_CORRECT_THE_PASSWORD"),
    )
) | st.text(max_size=12)
OF_TGT = st.sampled_from(
    (
        *("backing-store", "direct-store", "lun", "scsi_id", "scsi_sn", "vendor_id", "product_id"),
        *("readonly", "write-cache", "bs-type", "device-type", "block-size", "incominguser"),
        *("outgoinguser", "initiator-name", "initiator-address", "MaxBurstLength", "driver"),
        *("controller_tid", "default-driver", "include", "incomingdiscoveryuser", "x", "#", "<x"),
    )
)
OF_IETD = st.sampled_from(
    (
        *("Target", "Lun", "Alias", "IncomingUser", "OutgoingUser", "MaxBurstLength", "Wthreads"),
        *("QueuedCommands", "NOPInterval", "MaxSessions", "iSNSServer", "HeaderDigest", "x", "#"),
    )
)
KINDS = st.sampled_from(("target", "backing-store", "direct-store", "x"))


def lines(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.builds(lambda name, value: f"{name} {value}", names, VALUES), max_size=6)


def blocks(contents: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """Lines, or blocks of lines; some of them have no end."""
    block = st.builds(
        lambda kind, name, inner, ends: [f"<{kind} {name}>", *inner, *[f"</{kind}>"] * ends],
        KINDS,
        VALUES,
        contents,
        st.sampled_from((1, 1, 1, 1, 0, 2)),
    )
    return st.lists(block | contents, max_size=4).map(lambda parts: sum(parts, []))


def check(name: str, text: str) -> None:
    """Read a text: the result can be saved; an error names the file and the line."""
    source = Source("/etc/x.conf", text, Texts({}, SIZES))
    try:
        found = foreign.FORMATS[name].read(source)
    except ParseError as err:
        assert re.match(r"/etc/x\.conf:\d+: expected ", str(err)), err
        return
    except LioError as err:
        raise AssertionError(f"{err!r} names no line") from err
    number = text.count("\n") + 1
    assert all(one.file == "/etc/x.conf" and 1 <= one.line <= number for one in found.remarks)
    places = [one.line for one in found.remarks]
    assert places == sorted(places)
    assert savefile.loads(savefile.dumps(found.config)).problems == ()
    assert "PLEASE_CORRECT" not in savefile.dumps(found.config).partition('"name"')[0]


@settings(max_examples=150, deadline=None)
@given(blocks(blocks(lines(OF_TGT))))
def test_tgt(text: list[str]) -> None:
    check("tgt", "\n".join(text))


@settings(max_examples=150, deadline=None)
@given(lines(OF_IETD) | st.lists(lines(OF_IETD), max_size=6).map(lambda parts: sum(parts, [])))
def test_ietd(text: list[str]) -> None:
    check("ietd", "\n".join(text))
