# SPDX-License-Identifier: Apache-2.0
"""scsi_target.lio: the language of Datera's rtslib, its objects, and what LIO has no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtslib_ext import foreign
from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.errors import ParseError
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.lio_syntax import statements
from rtslib_ext.foreign.source import Source, Texts
from tests.growth import growth

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.1994-05.com.example:host1"

# As saveconfig of targetcli 3 wrote it, with fewer attributes.
SAVED = f"""
storage fileio disk mail {{
    buffered yes
    path /srv/mail.img
    size 1.5GB
    wwn 0b8f35a1-62c4-4f7e-8d02-7c1e55f0a9d3
    attribute {{
        block_size 512
        emulate_tpu yes
        emulate_3pc no
        fabric_max_sectors 8192
        unmap_zeroes_data 4294967295
    }}
}}
storage iblock disk db {{
    path /dev/vg0/db
    wwn 71c3aa52-0d1b-4c55-a1d7-1f3a7c1b9e20
}}
fabric iscsi {{
    discovery_auth {{
        enable yes
        mutual_password ""
        mutual_userid ""
        password "se cret; #1"
        userid finder
    }}
    target {IQN} tpgt 1 {{
        enable yes
        attribute {{
            authentication yes
            generate_node_acls no
            default_cmdsn_depth 64
        }}
        parameter {{
            AuthMethod "CHAP,None"
            ErrorRecoveryLevel no
            ImmediateData yes
            MaxBurstLength 262144
            TargetAlias "LIO Target"
        }}
        auth {{
            password ""
            userid ""
        }}
        acl {HOST} {{
            attribute dataout_timeout 5
            auth {{
                password pw1
                password_mutual pw2
                userid user1
                userid_mutual user2
            }}
            mapped_lun 4 {{
                target_lun 0
                write_protect yes
            }}
            tcq_depth 32
        }}
        lun 0 backend fileio:mail
        lun 7 backend iblock:db
        portal 192.0.2.10:3260
        portal [2001:db8::10]:3260
    }}
}}
"""


def read(text: str) -> Imported:
    source = Source("/etc/target/scsi_target.lio", text, Texts({}))
    assert foreign.detect(text).name == "lio"
    return foreign.FORMATS["lio"].read(source)


def tpg_of(config: Config, wwn: str = IQN, tag: int = 1, fabric: str = "iscsi") -> Tpg:
    return config.targets[fabric, wwn].tpgs[tag]


def remarks(imported: Imported) -> list[tuple[str, int, str]]:
    return [(one.severity, one.line, one.text) for one in imported.remarks]


def test_storage_objects_keep_their_identity() -> None:
    objects = read(SAVED).config.storage_objects
    mail, db = objects["fileio", "mail"], objects["block", "db"]
    assert mail.backing == FileIO("/srv/mail.img", size=3 << 29, write_back=True)
    assert mail.wwn == "0b8f35a1-62c4-4f7e-8d02-7c1e55f0a9d3"
    assert db.backing == Block("/dev/vg0/db")
    assert db.wwn == "71c3aa52-0d1b-4c55-a1d7-1f3a7c1b9e20"
    assert mail.attributes == {"block_size": "512", "emulate_tpu": "1", "emulate_3pc": "0"}


def test_what_a_kernel_takes_no_more_is_remarked_with_its_line() -> None:
    lines = SAVED.split("\n")
    gone, wrong = read(SAVED).remarks
    assert (gone.severity, wrong.severity) == ("note", "changed")
    assert "fabric_max_sectors" in lines[gone.line - 1] and "fabric_max_sectors" in gone.text
    assert "unmap_zeroes_data" in lines[wrong.line - 1] and "4294967295" in wrong.text


def test_the_target_with_its_luns_acls_and_credentials() -> None:
    config = read(SAVED).config
    tpg = tpg_of(config)
    assert tpg.enable is True
    assert {index: lun.storage_object for index, lun in tpg.luns.items()} == {
        0: ("fileio", "mail"),
        7: ("block", "db"),
    }
    assert list(tpg.portals) == ["192.0.2.10:3260", "[2001:db8::10]:3260"]
    assert tpg.attributes["authentication"] == "1"
    assert tpg.parameters["ErrorRecoveryLevel"] == "0"
    assert tpg.parameters["ImmediateData"] == "Yes"
    assert dict(tpg.auth.items()) == {}
    acl = tpg.acls[HOST]
    assert (acl.auth.userid, acl.auth.password) == ("user1", "pw1")
    assert (acl.auth.mutual_userid, acl.auth.mutual_password) == ("user2", "pw2")
    assert acl.cmdsn_depth == "32" and acl.attributes == {"dataout_timeout": "5"}
    mapped = acl.mapped_luns[4]
    assert (mapped.index, mapped.tpg_lun, mapped.write_protect) == (4, 0, True)
    discovery = config.fabrics["iscsi"]
    assert discovery.discovery_enable is True
    assert (discovery.discovery_auth.userid, discovery.discovery_auth.password) == (
        "finder",
        "se cret; #1",
    )


def test_one_line_blocks_and_comments_say_the_same() -> None:
    text = (
        "# a comment\n"
        "storage fileio disk vm1 {path /srv/vm1.img; size 1MB;} # another\n"
        "storage rd_mcp disk 'fast disk' {\n\tsize 8MB\n}\n"
        "storage pscsi disk tape path /dev/st0\n"
        f"fabric iscsi target {IQN} tpgt 2 enable no\n"
        f"fabric iscsi target {IQN} tpgt 2 lun 3 backend fileio:vm1\n"
        f"fabric iscsi target {IQN} tpgt 2 attribute generate_node_acls yes"
    )
    config = read(text).config
    kinds = {key: so.backing for key, so in config.storage_objects.items()}
    assert kinds == {
        ("fileio", "vm1"): FileIO("/srv/vm1.img", size=1 << 20),
        ("ramdisk", "fast_disk"): RamDisk(8 << 20),
        ("pscsi", "tape"): Pscsi("/dev/st0"),
    }
    tpg = tpg_of(config, tag=2)
    assert tpg.enable is False and list(tpg.luns) == [3]
    assert tpg.attributes == {"generate_node_acls": "1"}


def test_a_later_value_replaces_an_earlier_one() -> None:
    text = "storage fileio disk d { path /a; size 1MB; }\nstorage fileio disk d path /b\n"
    assert read(text).config.storage_objects["fileio", "d"].backing == FileIO("/b", size=1 << 20)


def test_fabrics_without_several_tpgs() -> None:
    text = """
storage iblock disk d { path /dev/sdb; wwn abc; }
fabric loopback target naa.60014051234567890123456789012345 {
    lun 0 backend iblock:d
    nexus naa.6001405abcdefabcdefabcdefabcdefa
}
fabric qla2xxx target 21:00:00:24:ff:12:34:56 {
    acl 21:00:00:24:ff:65:43:21 mapped_lun 1 target_lun 0
    lun 0 backend iblock:d
}
fabric usb_gadget target naa.6001405000000000 lun 0 backend iblock:d
"""
    imported = read(text)
    loop = tpg_of(imported.config, "naa.60014051234567890123456789012345", fabric="loopback")
    assert loop.nexus == "naa.6001405abcdefabcdefabcdefabcdefa" and loop.enable is None
    fibre = tpg_of(imported.config, "naa.21000024ff123456", fabric="qla2xxx")
    assert fibre.enable is True
    assert fibre.acls["naa.21000024ff654321"].mapped_luns[1].tpg_lun == 0
    (lost,) = imported.remarks
    assert lost.severity == "lost" and lost.line == 11 and "usb_gadget" in lost.text


def test_a_disk_without_serial_is_a_new_disk_for_initiators() -> None:
    (remark,) = read("storage iblock disk d path /dev/sdb\n").remarks
    assert remark.severity == "changed" and remark.line == 1 and "new disk" in remark.text


def test_what_cannot_be_expressed() -> None:
    text = f"""storage virtual disk v {{ path /x; wwn a; }}
storage iblock disk d {{ path /dev/sdb; wwn b; attribute {{ emulate_magic yes; }} }}
fabric iscsi target {IQN} tpgt 1 {{
    lun 0 backend virtual:v
    lun 1 backend iblock:d
    portal host.example:3260
    acl someone mapped_lun 0 target_lun 1
    acl {HOST} {{
        mapped_lun 0 target_lun 0
        mapped_lun 1 target_lun 9
    }}
}}
fabric iscsi target {IQN[:3]} tpgt 1
"""
    imported = read(text)
    tpg = tpg_of(imported.config)
    assert list(tpg.luns) == [1] and not tpg.portals
    assert list(tpg.acls) == [HOST] and not tpg.acls[HOST].mapped_luns
    assert [(severity, line) for severity, line, _ in remarks(imported)] == [
        ("lost", 1),
        ("changed", 2),
        ("lost", 6),
        ("lost", 7),
        ("lost", 10),
        ("lost", 13),
    ]
    assert imported.loses


@pytest.mark.parametrize(
    "text, line, words",
    [
        ("storage fileio disk d path /a\0b", 1, "UTF-8 without NUL"),
        ("\nstorage fileio disk d path /a\udcff", 2, "UTF-8 without NUL"),
        ("storage fileio disk", 1, "a name after disk"),
        ("storage fileio disk d {\n  path", 2, "a setting and its value, not path"),
        ("\nstorage fileio disk d {\n  path /a\n", 2, "a } that closes"),
        ("storage fileio disk d { path /a; size 1MB; }\n}", 2, "a { before"),
        ("storage fileio disk d path '/a\n", 1, "is a quote missing?"),
        ("{ storage fileio disk d path /a }", 1, "a word before {"),
        ("storage fileio disk d size 1MB", 1, "the path of the disk d"),
        ("storage fileio disk d { path /a; size big; }", 1, "a size such as 10GB"),
        ("storage fileio disk d attribute\n", 1, "a setting after attribute"),
        ("storage fileio disk d path /a size 1MB", 1, "a setting and its value, not path"),
        (f"fabric iscsi target {IQN} tpgt x {{\n enable yes\n}}", 1, "a number up to 65535"),
        (f"fabric iscsi target {IQN} tpgt 1 lun 0 backend fileio:d3", 1, "a disk of this file"),
        ("fabric iscsi discovery_auth\n", 1, "a setting after discovery_auth"),
        ("storage fileio disk d path {", 1, "a setting and its value"),
        ("storage fileio disk d attribute a { b", 1, "a setting and its value"),
        ("storage fileio disk d attribute " + "a { " * 40, 1, "a setting and its value"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        foreign.FORMATS["lio"].read(Source("f.lio", text, Texts({})))
    assert caught.value.message.startswith(f"f.lio:{line}: ")
    assert words in caught.value.message
    assert caught.value.hint == "nothing was imported"


def test_no_message_shows_a_password() -> None:
    text = f"fabric iscsi target {IQN} tpgt 1 auth password hidden word"
    with pytest.raises(ParseError) as caught:
        foreign.FORMATS["lio"].read(Source("f.lio", text, Texts({})))
    assert "hidden" not in str(caught.value)
    long = read(f"fabric iscsi target {IQN} tpgt 1 auth password {'hidden' * 60}")
    assert long.remarks and not any("hidden" in one.text for one in long.remarks)


def test_a_deep_file_is_refused() -> None:
    with pytest.raises(ParseError, match="at most 32 blocks"):
        list(statements(Source("f.lio", "a {" * 40, Texts({}))))


def test_time_is_linear() -> None:
    def work(count: int) -> Callable[[], object]:
        disks = "".join(
            f"storage iblock disk d{number} {{\n path /dev/vg/d{number}\n wwn w{number}\n"
            " attribute {\n  block_size 512\n  emulate_tpu yes\n }\n}\n"
            for number in range(count)
        )
        luns = "".join(f" lun {number} backend iblock:d{number}\n" for number in range(count))
        text = f"{disks}fabric iscsi target {IQN} tpgt 1 {{\n{luns}}}\n"
        return lambda: read(text)

    # Ten times as much, and the noise of a busy host.
    assert growth(work, 200, 2000) < 20
