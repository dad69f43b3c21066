# SPDX-License-Identifier: Apache-2.0
"""targets.conf of tgt, and what tgt-admin --dump prints, become a configuration."""

from __future__ import annotations

import re

import pytest

from rtslib_ext.config import inquiry
from rtslib_ext.config.model import StorageObject, Tpg
from rtslib_ext.errors import ParseError
from rtslib_ext.foreign import FORMATS, detect, tgt_store
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.source import Source, Texts

IQN = "iqn.2003-01.org.example:a"
HOST = "iqn.1994-05.com.example:host1"
SIZES = {f"/srv/{name}": 1 << 20 for name in ("a", "b", "c", "disk1", "disk2", "disk10")}


def read(text: str, **more: str) -> Imported:
    texts = {f"/etc/tgt/{name.replace('_', '/')}": each for name, each in more.items()}
    return FORMATS["tgt"].read(Source("/etc/tgt/targets.conf", text, Texts(texts, SIZES)))


def tpg_of(found: Imported, wwn: str = IQN) -> Tpg:
    return found.config.targets["iscsi", wwn].tpgs[1]


def paths(found: Imported, wwn: str = IQN) -> dict[int, str]:
    """Return the path of each LUN."""
    objects = found.config.storage_objects
    return {
        number: objects[lun.storage_object].backing.udev_path or ""
        for number, lun in tpg_of(found, wwn).luns.items()
    }


def naa_of(so: StorageObject) -> str:
    return inquiry.naa(so.wwn or "", so.identity.get("company_id", ""))


def target(*lines: str, name: str = IQN) -> str:
    return "\n".join((f"<target {name}>", *lines, "</target>", ""))


def remarks(found: Imported, *severities: str) -> list[tuple[int, str]]:
    return [(one.line, one.text) for one in found.remarks if one.severity in severities]


# -- numbers --------------------------------------------------------------------------------


def test_luns_are_numbered_by_path_backing_stores_first() -> None:
    found = read(
        target(
            "direct-store /srv/a",
            "backing-store /srv/disk10",
            "backing-store /srv/disk2",
            "backing-store /srv/disk1",
        )
    )
    assert paths(found) == {1: "/srv/disk1", 2: "/srv/disk10", 3: "/srv/disk2", 4: "/srv/a"}


def test_given_numbers_are_kept_and_others_fill_the_gaps() -> None:
    found = read(
        target(
            "<backing-store /srv/a>", "lun 2", "</backing-store>",
            "<backing-store /srv/b>", "scsi_sn B", "</backing-store>",
            "<backing-store /srv/c>", "</backing-store>",
            "<direct-store /dev/sdz>", "lun 9", "</direct-store>",
        )
    )  # fmt: skip
    assert paths(found) == {1: "/srv/b", 2: "/srv/a", 3: "/srv/c", 9: "/dev/sdz"}


def test_a_file_that_does_not_exist_takes_no_number() -> None:
    lines = [f"backing-store /srv/{name}" for name in ("a", "a1", "b")]
    found = read(target(*lines))
    assert paths(found) == {1: "/srv/a", 2: "/srv/b"}
    assert [line for line, _ in remarks(found, "lost")] == [3]
    rbd = ("<backing-store /srv/a1>", "bs-type rbd", "</backing-store>")
    found = read(target("<backing-store /srv/a>", "</x>", *rbd, "<backing-store /srv/b>", "</x>"))
    assert paths(found) == {1: "/srv/a", 3: "/srv/b"}


def test_a_number_of_the_target_counts_for_its_disk() -> None:
    assert paths(read(target("backing-store /srv/a", "lun 10"))) == {10: "/srv/a"}


def test_targets_are_numbered_by_name_and_the_identity_shows_it() -> None:
    found = read(
        target("backing-store /srv/b", name=f"{IQN}2")
        + target("backing-store /srv/a")
        + target("backing-store /srv/c", "controller_tid 17", name=f"{IQN}1")
    )
    naas = {so.backing.udev_path: naa_of(so) for so in found.config.storage_objects.values()}
    assert naas == {
        "/srv/a": _naa("00010001"),
        "/srv/c": _naa("00110001"),
        "/srv/b": _naa("00120001"),
    }


@pytest.mark.parametrize("number", ["9" * 5000, "\u0663", "-1", ""])
def test_a_number_that_tgt_does_not_know_is_no_number(number: str) -> None:
    found = read(target("backing-store /srv/a", f"controller_tid {number}"))
    (so,) = found.config.storage_objects.values()
    assert naa_of(so) == _naa("00010001")


def _naa(number: str) -> str:
    return f"naa.{tgt_store.naa(f'IET     {number}')}"


@pytest.mark.parametrize(
    ("scsi_id", "naa"),
    [
        ("IET     00010001", "60000000000000000e00000000010001"),
        ("my:ID0123456789abc", "60000000000000" + "0000d0123456789abc"),
        ("", "6" + "0" * 31),
    ],
)
def test_naa_identifiers_as_tgtd_shows_them(scsi_id: str, naa: str) -> None:
    assert tgt_store.naa(scsi_id) == naa


def test_the_default_identity_and_the_remarks_about_it() -> None:
    found = read(target("backing-store /srv/a", "backing-store /srv/b"))
    so = found.config.storage_objects["fileio", "a"]
    assert so.identity == {
        "company_id": "0x000000",
        "vendor_id": "IET",
        "product_id": "VIRTUAL-DISK",
        "revision": "0001",
    }
    serials = [one for one in remarks(found, "changed") if "serial number" in one[1]]
    assert len(serials) == 2 and not found.loses
    assert len({text for _, text in serials}) == 1
    assert sum("NAA 3" in text for _, text in remarks(found, "changed")) == 1
    assert len(remarks(found, "note")) == 2


def test_keep_serial() -> None:
    text = target("backing-store /srv/a")
    files = Texts({}, SIZES)
    found = FORMATS["tgt"].read(Source("/x", text, files, keep_serial=True))
    so = found.config.storage_objects["fileio", "a"]
    assert so.wwn == "beaf11" and "company_id" not in so.identity


# -- options --------------------------------------------------------------------------------


def test_options_of_a_store_win_over_those_of_the_target() -> None:
    found = read(
        target(
            "vendor_id MyCompany Inc.",
            "write-cache off",
            "<backing-store /srv/a>",
            "  vendor_id Other",
            "  write-cache on",
            "  block-size 4096",
            "  scsi_sn S1",
            "</backing-store>",
            "<backing-store /srv/b>",
            "  product_rev 12345",
            "  bs-type aio",
            "</backing-store>",
        )
    )
    one, two = (found.config.storage_objects["fileio", name] for name in "ab")
    assert one.identity["vendor_id"] == "Other" and two.identity["vendor_id"] == "MyCompan"
    assert one.backing.write_back and not two.backing.write_back  # type: ignore[union-attr]
    assert two.backing.aio and two.identity["revision"] == "1234"  # type: ignore[union-attr]
    assert (one.attributes, two.attributes) == ({"block_size": "4096"}, {})


@pytest.mark.parametrize(
    ("line", "severity", "said"),
    [
        ("device-type tape", "lost", "the tape /srv/a is left out"),
        ("bs-type rbd", "lost", "rbd of /srv/a is left out"),
        ("removable 1", "changed", "removable"),
        ("online 0", "changed", "offline"),
        ("mode_page 8:0:18", "changed", "mode_page is not imported"),
        ("params thin_provisioning=1", "changed", "params is not imported"),
        ("path /srv/b", "changed", "names another file"),
        ("colour red", "note", "colour is not known"),
    ],
)
def test_what_lio_lacks_is_a_remark(line: str, severity: str, said: str) -> None:
    found = read(target("<backing-store /srv/a>", line, "</backing-store>"))
    assert any(said in text for _, text in remarks(found, severity)), found.remarks


def test_sg_is_passed_through() -> None:
    found = read(target("<backing-store /dev/sg1>", "bs-type sg", "device-type pt", "</x>"))
    assert list(found.config.storage_objects) == [("pscsi", "sg1")]


def test_iser() -> None:
    found = read(f"default-driver iser\n{target('backing-store /srv/a')}")
    (portal,) = tpg_of(found).portals.values()
    assert portal.iser
    assert read(target("driver fcoe")).config.targets == {}


# -- access ---------------------------------------------------------------------------------


def test_users_and_initiators() -> None:
    found = read(
        "incomingdiscoveryuser disco secret12chars\n"
        + target(
            "backing-store /srv/a",
            "incominguser user1 secret12chars",
            "incominguser user2 secret23chars",
            "outgoinguser us secret34chars",
            f"initiator-name {HOST}",
            "MaxBurstLength 131072",
            "<backing-store /srv/b>",
            "readonly 1",
            "</backing-store>",
        )
    )
    tpg = tpg_of(found)
    acl = tpg.acls[HOST]
    assert (acl.auth.userid, acl.auth.mutual_userid) == ("user1", "us")
    assert acl.auth.password == "secret12chars" and tpg.parameters["MaxBurstLength"] == "131072"
    assert [lun.write_protect for lun in acl.mapped_luns.values()] == [False, True]
    assert found.config.fabrics["iscsi"].discovery_auth.userid == "disco"
    assert [line for line, _ in remarks(found, "lost")] == [5]


def test_addresses_become_allowed_networks() -> None:
    found = read(target("initiator-address 192.0.2.0/24", "initiator-name ALL"))
    assert found.allowed_networks == {"[::]:3260": ("192.0.2.0/24",)} and not found.loses
    (one,) = (one for one in found.remarks if "allowed networks" in one.text)
    assert one.severity == "changed" and one.text.endswith(": 192.0.2.0/24")
    found = read(target("initiator-address 192.0.2.0/24", "initiator-address ALL"))
    assert found.allowed_networks == {} and not found.loses


def test_remarks_have_no_secrets() -> None:
    users = ("incominguser joe\tsecret12chars", "incominguser jim secret12chars")
    found = read(target(*users, "outgoinguser NULL secret12chars", "backing-store /srv/a"))
    assert tpg_of(found).auth.userid == "joe"
    assert "secret12chars" not in repr(found.remarks) and len(remarks(found, "lost")) == 2


def test_a_dump() -> None:
    found = read(
        "default-driver iscsi\n\n"
        + target(
            "\tbacking-store /srv/a",
            "\tincominguser joe PLEASE_CORRECT_THE_PASSWORD",
            "\tinitiator-name 192.0.2.0/24",
            "\tinitiator-name 2001:db8::1",
        )
    )
    tpg = tpg_of(found)
    assert tpg.attributes["authentication"] == "1" and tpg.auth.userid is None
    assert "PLEASE" not in repr(found.config)
    changed = [one for one in found.remarks if "no LUN numbers" in one.text]
    assert [(one.severity, one.line) for one in changed] == [("changed", 1)]
    (lost,) = (one for one in found.remarks if one.severity == "lost")
    assert "set auth userid=joe password=-" in lost.cure
    assert found.allowed_networks == {"[::]:3260": ("192.0.2.0/24", "2001:db8::1/128")}


# -- the grammar ----------------------------------------------------------------------------


def test_detection() -> None:
    assert detect("# x\ninclude /etc/tgt/conf.d/*.conf\n").name == "tgt"
    assert detect(target("backing-store /srv/a")).name == "tgt"


def test_quotes_comments_continued_lines_and_equals_signs() -> None:
    found = read(
        target(
            'backing-store "/srv/a"  # the first',
            "# nothing",
            "vendor_id = \\",
            "   Quoted",
            'product_id "Two words"',
            r"scsi_sn A\#1",
        )
    )
    so = found.config.storage_objects["fileio", "a"]
    assert (so.identity["vendor_id"], so.identity["product_id"]) == ("Quoted", "Two words")
    assert any(r"A#1" in one.text for one in found.remarks)


def test_included_files_and_their_lines() -> None:
    found = read(
        "include conf.d/*.conf\ninclude none/*\n" + target("backing-store /srv/a", "colour 1"),
        **{"conf.d_one.conf": target("backing-store /srv/b", "colour 2", name=f"{IQN}b")},
    )
    assert paths(found, f"{IQN}b") == {1: "/srv/b"}
    colours = [str(one.place) for one in found.remarks if "colour" in one.text]
    assert colours == ["/etc/tgt/targets.conf:5", "/etc/tgt/conf.d/one.conf:3"]


def test_blocks_of_one_name_are_one() -> None:
    found = read(target("backing-store /srv/a") + target("backing-store /srv/b"))
    assert paths(found) == {1: "/srv/a", 2: "/srv/b"}


def test_an_empty_block() -> None:
    assert paths(read(target("<backing-store /srv/a/>"))) == {1: "/srv/a"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<target a\n", ":1: expected an option, or a block as <target NAME>"),
        ("\n</target>\n", ":2: expected an option, or a block"),
        (f"<target {IQN}>\nlun 1\n", ":1: expected the end of this block"),
        ("<target a>\n<b x>\nlun 1\n</b>\n", ":1: expected the end of this block"),
        ("<target a>\n<b>\n<c>\n</c>\n</b>\n</target>", ":3: expected an option, or the end of"),
        (target("backing-store /srv/a", "lun x"), ":3: expected a number, not 'x'"),
        (target("backing-store /srv/a", "lun ٣"), ":3: expected a number"),
        (target("scsi_id <<EOF"), ":2: expected a value on this line"),
        (target("backing-store /srv/a", "scsi_sn 1", "scsi_sn 2"), ":4: expected scsi_sn once"),
    ],
)
def test_malformed(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=re.escape(f"/etc/tgt/targets.conf{said}")):
        read(text)


def test_files_that_include_each_other_end() -> None:
    with pytest.raises(ParseError, match="expected no circle, but /etc/tgt/again.conf"):
        read("include again.conf\n", **{"again.conf": "include again.conf\n"})


# -- files as they are found ----------------------------------------------------------------


def test_a_volume_of_cinder() -> None:
    found = read(
        "include volumes/*\n",
        volumes_one=f"""
                <target {IQN}>
                    backing-store /dev/cinder/volume-1
                    driver iscsi
                    incominguser someuser secret12chars
                    bsoflags direct
                    write-cache on
                </target>
""",
    )
    assert paths(found) == {1: "/dev/cinder/volume-1"}
    assert tpg_of(found).auth.userid == "someuser" and not found.loses


def test_an_image_of_maas() -> None:
    found = read(
        f"""\
default-driver iscsi

<target {IQN}>
    readonly 1
    allow-in-use yes
    backing-store "/srv/a"
    driver iscsi
</target>
"""
    )
    assert paths(found) == {1: "/srv/a"} and not found.loses
    assert tpg_of(found).attributes["demo_mode_write_protect"] == "1"


def test_the_example_of_the_package() -> None:
    found = read(
        target(
            "<direct-store /dev/sdd>",
            "    vendor_id VENDOR1",
            "    removable 1",
            "    device-type cd",
            "    lun 1",
            "</direct-store>",
            "<direct-store /dev/sda>",
            "    vendor_id VENDOR2",
            "    lun 2",
            "</direct-store>",
            "<backing-store /dev/sdb1>",
            "    vendor_id back1",
            "    scsi_sn SERIAL",
            "    write-cache on",
            "    # lun 3        # allocated automatically",
            "    sense_format 1",
            "</backing-store>",
            "<backing-store /dev/sdd1>",
            "    vendor_id back2",
            "    lun 15",
            "</backing-store>",
            "write-cache off",
            "scsi_sn multipath-10",
            "initiator-address 192.168.100.1",
            "initiator-address 192.168.200.5",
            "MaxRecvDataSegmentLength 8192",
            "IFMarker No",
            "incominguser user1 secretpass12",
            "incominguser user2 secretpass23",
            "outgoinguser userA secretpassA",
            "controller_tid 10",
        )
    )
    assert paths(found) == {2: "/dev/sda", 3: "/dev/sdb1", 15: "/dev/sdd1"}
    assert [so.identity["vendor_id"] for so in found.config.storage_objects.values()] == [
        "back1",
        "back2",
        "VENDOR2",
    ]
    assert [line for line, _ in remarks(found, "lost")] == [2, 30]
    assert list(found.allowed_networks.values()) == [("192.168.100.1/32", "192.168.200.5/32")]
