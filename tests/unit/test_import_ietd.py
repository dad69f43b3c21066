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
    assert (one.wwn, one.identity["vendor_id"]) == ("s-1", "IET")
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
        ("Target\n", "format of the file is not known"),
        (f"Target {IQN}\nLun\n", ":2: expected a number and Path=… after Lun"),
        (f"Target {IQN}\nLun x Path=/d\n", ":2: expected a number"),
        (f"Target {IQN}\nLun 0 Type=fileio\n", ":2: expected Path= of LUN 0"),
    ],
)
def test_malformed(text: str, said: str) -> None:
    with pytest.raises(Exception, match=said.replace("(", r"\(")) as caught:
        read(text)
    assert isinstance(caught.value, ParseError) or "format" in said


# -- LUNs -----------------------------------------------------------------------------------


def test_identities_as_iet_shows_them() -> None:
    found = read(
        f"Target {IQN}\nLun 0 Path=/dev/a\nLun 1 Path=/dev/b,ScsiId=ABC\n"
        "Lun 2 Path=/dev/c,ScsiSN=Serial-1,ScsiId=x\nLun 258 Path=/dev/d\n"
    )
    serials = [so.wwn for so in found.config.storage_objects.values()]
    # MD5 of the target's name and the LUN as 32 bits, and the bytes of the ScsiId.
    assert len(serials[0] or "") == 32
    assert serials[1:3] == ["61626300000000000000000000000000", "serial-1"]
    assert serials[3] != serials[0]
    assert {one.severity for one in found.remarks} == {"changed"}


def test_nullio_and_unknown_options_of_a_lun() -> None:
    found = read(f"Target {IQN}\nLun 0 Sectors=2048,Type=nullio\nLun 1 Path=/dev/a,Dest=MA\n")
    null = found.config.storage_objects["ramdisk", "null"].backing
    assert null.size == 1 << 20 and null.nullio  # type: ignore[union-attr]
    assert [one.text for one in found.remarks if one.severity == "note"] == [
        "Dest= is not known, and not imported"
    ]
    for wrong in ("٣", "0", "", "9" * 30):
        with pytest.raises(ParseError, match=":2: expected Sectors="):
            read(f"Target {IQN}\nLun 0 Sectors={wrong},Type=nullio\n")


def test_read_only_luns() -> None:
    found = read(f"Target {IQN}\nLun 0 Path=/dev/a,IOMode=ro\nLun 1 Path=/dev/b\n")
    one, two = (so.backing for so in found.config.storage_objects.values())
    assert one.readonly and not two.readonly  # type: ignore[union-attr]


def test_limits() -> None:
    found = read(
        f"iSNSServer 192.0.2.1\nTarget {IQN}\nMaxSessions 0\nMaxSessions 3\nNOPInterval 5\n"
        "QueuedCommands 64\nQueuedCommands 1000000\nMaxBurstLength 1\nTarget disk1\nLun 0 Path=/x\n"
    )
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert tpg.attributes["default_cmdsn_depth"] == "64" and tpg.parameters == {}
    assert [(one.line, one.severity) for one in found.remarks] == [
        (1, "lost"),
        (4, "lost"),
        (5, "changed"),
        (7, "changed"),
        (8, "changed"),
        (9, "lost"),
    ]


# -- access ---------------------------------------------------------------------------------

DISK = f"Target {IQN}\nLun 0 Path=/dev/a\nNOPInterval 5\nTarget {IQN}b\nLun 0 Path=/dev/b\n"
HOST = "iqn.1994-05.com.example:host1"


def test_allowed_initiators() -> None:
    allow = f"# comment\n{IQN}  iqn\\.1994-05\\.com\\.example:host1, 192.0.2.0/24 # one\n"
    found = read(DISK, {"initiators.allow": allow})
    tpg, other = (found.config.targets["iscsi", name].tpgs[1] for name in (IQN, f"{IQN}b"))
    assert list(tpg.acls) == [HOST] and tpg.acls[HOST].attributes == {"nopin_timeout": "5"}
    # No line allows anybody.
    assert other.attributes["generate_node_acls"] == "0" and not other.acls
    (lost,) = (one for one in found.remarks if one.severity == "lost")
    assert str(lost.place) == "/etc/iet/initiators.allow:2" and "cannot log in" in lost.text


def test_all_initiators_are_allowed() -> None:
    found = read(DISK, {"initiators.allow": "ALL ALL\n"})
    assert all(
        target.tpgs[1].attributes["generate_node_acls"] == "1"
        for target in found.config.targets.values()
    )
    assert not found.loses


def test_addresses_alone() -> None:
    found = read(DISK, {"initiators.allow": "ALL 192.0.2.1, [2001:db8::]/64\n"})
    assert not found.loses
    assert found.allowed_networks == {"[::]:3260": ("192.0.2.1/32", "2001:db8::/64")}
    # The other target on this portal has no line, so it admits none.
    found = read(DISK, {"initiators.allow": f"{IQN} 192.0.2.1\n"})
    (lost,) = (one for one in found.remarks if one.severity == "lost")
    assert lost.cure == f"/iscsi/{IQN}/tpg1/portals/[::0]:3260 allow 192.0.2.1"
    assert found.allowed_networks == {}


def test_denied_initiators() -> None:
    found = read(DISK, {"initiators.deny": f"{IQN} ALL\n{IQN}b 192.0.2.7\n"})
    tpg, other = (found.config.targets["iscsi", name].tpgs[1] for name in (IQN, f"{IQN}b"))
    assert tpg.attributes["generate_node_acls"] == "0"
    assert other.attributes["generate_node_acls"] == "1" and found.loses


def test_portals() -> None:
    allow = f"{IQN} 192.0.2.7, [2001:db8::7]\nALL 192.0.2.0/24\niqn.2003-01.org.example:z ALL\n"
    found = read(DISK, {"targets.allow": allow})
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert list(tpg.portals) == ["192.0.2.7:3260", "[2001:db8::7]:3260"]
    assert [one.line for one in found.remarks if one.file.endswith("allow")] == [2, 2, 3]


# -- files as they are found ----------------------------------------------------------------


def test_the_file_of_the_package_with_its_comments() -> None:
    text = f"""\
# Everything up to the first target is global: {{users}} for discovery, <host> of iSNS.
#IncomingUser joe secret
# iqn.yyyy-mm.<reversed domain name>[:identifier]

#Target {IQN}z
Target {IQN}\t# the only one
\t#Lun 0 Path=/dev/sdc,Type=fileio,ScsiId=xyz,ScsiSN=xyz
\tLun 0 Path=/dev/sdd,Type=blockio
\tMaxConnections\t\t1\t\t# Number of connections/session
"""
    found = read(text)
    assert list(found.config.targets) == [("iscsi", IQN)]
    assert found.config.targets["iscsi", IQN].tpgs[1].parameters == {"MaxConnections": "1"}
