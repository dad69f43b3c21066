# SPDX-License-Identifier: Apache-2.0
"""ietd.conf of the iSCSI Enterprise Target becomes a configuration."""

from __future__ import annotations

import pytest

from rtslib_ext.errors import ParseError
from rtslib_ext.foreign import detect
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.source import Source, Texts

IQN = "iqn.2003-01.org.example:a"


def read(text: str, beside: dict[str, str] | None = None, **sizes: int) -> Imported:
    texts = {f"/etc/iet/{name}": each for name, each in (beside or {}).items()}
    files = Texts(texts, {f"/srv/{name}": size for name, size in sizes.items()})
    return detect(text).read(Source("/etc/iet/ietd.conf", text, files))


def test_a_file() -> None:
    found = read(
        f"""
# Discovery
IncomingUser disco discosecret12
Target {IQN}
    IncomingUser joe  joesecret1234
    OutgoingUser
    Lun 0 Path=/srv/d,Type=fileio,IOMode=wb,ScsiId=x,ScsiSN=S-1   # the first
    Lun 7 Path=/dev/vg0/lv,Type=blockio,BlockSize=4096
    Alias Store
    maxburstlength 131072
    Wthreads 8
    Dest MA
Target {IQN}b
""",
        d=1 << 20,
    )
    config = found.config
    tpg = config.targets["iscsi", IQN].tpgs[1]
    assert {n: lun.storage_object for n, lun in tpg.luns.items()} == {
        0: ("fileio", "d"),
        7: ("block", "lv"),
    }
    one, two = config.storage_objects.values()
    assert (one.wwn, one.identity["vendor_id"]) == ("S-1", "IET")
    assert one.backing.write_back  # type: ignore[union-attr]
    assert two.attributes == {"block_size": "4096"}
    assert tpg.parameters == {"TargetAlias": "Store", "MaxBurstLength": "131072"}
    assert (tpg.auth.userid, tpg.auth.mutual_userid) == ("joe", None)
    assert config.fabrics["iscsi"].discovery_auth.userid == "disco"
    assert ("iscsi", f"{IQN}b") in config.targets
    assert [(one.line, one.severity) for one in found.remarks] == [
        (6, "note"),
        (7, "changed"),
        (8, "changed"),
        (11, "note"),
        (12, "note"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Target\n", "of no known format"),
        (f"Target {IQN}\nLun\n", ":2: expected a number and Path=… after Lun"),
        (f"Target {IQN}\nLun x Path=/d\n", ":2: expected a number"),
        (f"Target {IQN}\nLun 0 Type=fileio\n", ":2: expected Path= of LUN 0"),
    ],
)
def test_malformed(text: str, said: str) -> None:
    with pytest.raises(Exception, match=said.replace("(", r"\(")) as caught:
        read(text)
    assert isinstance(caught.value, ParseError) or "format" in said
