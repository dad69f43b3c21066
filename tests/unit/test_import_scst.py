# SPDX-License-Identifier: Apache-2.0
"""scst.conf becomes a configuration: what initiators saw, they see again."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from rtslib_ext.config import inquiry
from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.errors import ParseError
from rtslib_ext.foreign import detect
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.scst.devices import crc32c
from rtslib_ext.foreign.source import Source, Texts

IQN = "iqn.2003-01.org.example:a"
HOST, OTHER = "iqn.1994-05.com.example:host1", "iqn.1994-05.com.example:host2"


def read(text: str, **sizes: int) -> Imported:
    files = Texts({}, {f"/srv/{name}": size for name, size in sizes.items()})
    return detect(text).read(Source("/etc/scst.conf", text, files))


def disks(*names: str) -> str:
    """Return devices, each on a device of its own."""
    lines = "".join(
        f"\tDEVICE {name} {{\n\t\tfilename /dev/vg0/{name}\n"
        f"\t\tusn {ord(name):025x}\n\t\tnaa_id 0x6001405{ord(name):025x}\n"
        "\t\tprod_rev_lvl 1\n\t}\n"
        for name in names
    )
    return f"HANDLER vdisk_blockio {{\n{lines}}}\n"


def target(body: str, name: str = IQN, driver: str = "iscsi") -> str:
    return (
        f"TARGET_DRIVER {driver} {{\n\tenabled 1\n\tTARGET {name} {{\n\t\tenabled 1\n"
        f"{body}\n\t}}\n}}\n"
    )


def tpg(found: Imported, name: str = IQN, fabric: str = "iscsi") -> Tpg:
    return found.config.targets[fabric, name].tpgs[1]


def exported(of: Tpg) -> dict[int, str]:
    return {index: lun.storage_object[1] for index, lun in of.luns.items()}


def said(found: Imported, *severities: str) -> list[str]:
    return [one.text for one in found.remarks if one.severity in (severities or ("lost",))]


# -- devices --------------------------------------------------------------------------------


def test_devices() -> None:
    found = read(
        """# written by scstadmin
setup_id 0x12
HANDLER vdisk_fileio {
	DEVICE f1 {
		filename /srv/f1
		blocksize 4096   # a comment takes the blank before it along
		rotational 0
		thin_provisioned 1
	}
	DEVICE f2 {
		filename "/srv/f 2"
		write_through 1
		usn "S 2"
		t10_vend_id ACME
		prod_id "Big Disk"
		prod_rev_lvl 7
		naa_id 0x60014051234567890123456789012345
	}
}
HANDLER vdisk_blockio {
	DEVICE b1 {
		filename /dev/vg0/b1
		read_only 1
		write_through 1
	}
}
HANDLER vdisk_nullio {
	DEVICE n1 {
		size_mb 3
	}
	DEVICE n2
	DEVICE empty {
		dummy 1
	}
}
HANDLER dev_disk {
	DEVICE 1:0:0:5
}
HANDLER vcdrom {
	DEVICE cd {
		filename /srv/x.iso
	}
}
""",
        **{"f1": 8192, "f 2": 4096},
    )
    by_name = {name: so for (_, name), so in found.config.storage_objects.items()}
    assert by_name["f1"].backing == FileIO("/srv/f1", size=8192, write_back=True)
    assert by_name["f1"].attributes == {
        "block_size": "4096",
        "is_nonrot": "1",
        "emulate_tpu": "1",
        "emulate_tpws": "1",
    }
    assert by_name["f2"].backing == FileIO("/srv/f 2", size=4096)
    assert by_name["f2"].identity == {
        "vendor_id": "ACME",
        "product_id": "Big Disk",
        "revision": "7",
    }
    assert inquiry.naa(by_name["f2"].wwn or "") == "naa.60014051234567890123456789012345"
    assert by_name["b1"].backing == Block("/dev/vg0/b1", readonly=True)
    assert by_name["b1"].attributes == {"emulate_write_cache": "0"}
    assert by_name["n1"].backing == RamDisk(3 << 20, nullio=True)
    assert by_name["n2"].backing == RamDisk(5 << 39, nullio=True)
    assert by_name["1_0_0_5"].backing == Pscsi("1:0:0:5")
    assert said(found) == ["cd is left out: LIO has nothing like vcdrom"]


def test_default_identity_is_that_of_scst() -> None:
    # crc32c of "123456789" with the seed of the kernel's crc32c(0, …), as SCST calls it.
    assert crc32c(b"123456789") == 0x58E3FA20
    found = read("HANDLER vdisk_nullio {\n\tDEVICE d {\n\t\tsize 4096\n\t}\n}\n")
    so = found.config.storage_objects["ramdisk", "d"]
    assert so.wwn == f"{crc32c(bytes([ord('d'), 0])):x}"
    assert so.identity == {"vendor_id": "SCST_FIO", "product_id": "d"}
    (changed,) = (one for one in found.remarks if one.severity == "changed")
    eui = f"{so.wwn}-d"[:8].encode().hex()
    assert f"d was {eui}" in changed.text and changed.cure.endswith(f"instead of 2{eui}")


def test_a_missing_file_is_lost_with_its_luns() -> None:
    found = read(
        "HANDLER vdisk_fileio {\n\tDEVICE d {\n\t\tfilename /srv/d\n\t}\n}\n"
        + target("\t\tLUN 0 d\n\t\tLUN 1 e")
    )
    assert exported(tpg(found)) == {}
    assert [(one.line, one.text) for one in found.remarks if one.severity == "lost"] == [
        (2, "/srv/d does not exist here, so its size is not known: it is left out"),
        (11, "the device e is not in this file: its LUNs are left out"),
    ]


def test_unknown_and_lost_attributes_are_remarks() -> None:
    text = disks("a").replace(
        "prod_rev_lvl 1", "prod_rev_lvl 1\n\t\tcluster_mode 1\n\t\tthreads_num 4\n\t\tfoo 1"
    )
    found = read(text.replace("foo 1", "foo 1\n\t\tremovable 0"))
    assert [(one.severity, one.line) for one in found.remarks[-3:]] == [
        ("lost", 7),
        ("note", 8),
        ("note", 9),
    ]


# -- who sees what --------------------------------------------------------------------------


def test_luns_of_the_target_are_for_all() -> None:
    found = read(disks("a", "b") + target("\t\tLUN 3 a\n\t\tLUN 5 b"))
    of = tpg(found)
    assert exported(of) == {3: "a", 5: "b"}
    assert of.enable and of.attributes["generate_node_acls"] == "1"
    assert of.attributes["authentication"] == "0" and not of.acls
    assert list(of.portals) == ["[::0]:3260"]


def test_groups_become_acls_with_their_lun_numbers() -> None:
    found = read(
        disks("a", "b", "c")
        + target(
            f"""
		GROUP one {{
			LUN 0 a
			LUN 7 b {{
				read_only 1
			}}
			INITIATOR {HOST}
		}}
		GROUP two {{
			LUN 0 c
			LUN 1 a
			INITIATOR {OTHER}
		}}"""
        )
    )
    of = tpg(found)
    assert of.attributes["generate_node_acls"] == "0"
    # The device of LUN 0 in the second group is another one, so its TPG LUN is a free one.
    assert exported(of) == {0: "a", 7: "b", 8: "c"}
    seen = {
        wwn: {m.index: (m.tpg_lun, m.write_protect) for m in acl.mapped_luns.values()}
        for wwn, acl in of.acls.items()
    }
    assert seen == {HOST: {0: (0, False), 7: (7, True)}, OTHER: {0: (8, False), 1: (0, False)}}
    assert not said(found)


def test_luns_of_the_target_and_groups() -> None:
    group = f"\t\tLUN 0 a\n\t\tGROUP g {{\n\t\t\tLUN 4 {{}}\n\t\t\tINITIATOR {HOST}\n\t\t}}"
    found = read(disks("a", "b") + target(group.replace("{}", "a")))
    assert tpg(found).attributes["generate_node_acls"] == "1"
    assert list(tpg(found).acls[HOST].mapped_luns) == [4]
    # In demo mode, LIO would show the disk of the group to everybody.
    found = read(disks("a", "b") + target(group.replace("{}", "b")))
    assert tpg(found).attributes["generate_node_acls"] == "0"
    assert [text.partition(":")[0] for text in said(found)] == [
        "initiators in no group no longer see LUN 0"
    ]


@pytest.mark.parametrize("pattern", ["iqn.1994-05.*", "!iqn.1994-05.com.example:x", "iqn.?", "x y"])
def test_a_pattern_is_lost(pattern: str) -> None:
    group = f"\t\tGROUP g {{\n\t\t\tLUN 0 a\n\t\t\tINITIATOR {pattern}\n\t\t}}"
    found = read(disks("a") + target(group))
    of = tpg(found)
    assert not of.acls and of.attributes["generate_node_acls"] == "0"
    assert exported(of) == {0: "a"}
    assert "is a pattern, not the name of one initiator" in said(found)[0]


def test_a_group_for_all_is_demo_mode() -> None:
    group = "\t\tLUN 9 b\n\t\tGROUP g {\n\t\t\tLUN 0 a\n\t\t\tINITIATOR *\n\t\t}"
    found = read(disks("a", "b") + target(group))
    assert exported(tpg(found)) == {0: "a"}
    assert tpg(found).attributes["generate_node_acls"] == "1"
    assert said(found, "note")[1:] == [
        "LUN 9 is left out: group g matches all initiators, so none sees the LUNs of the target "
        "itself"
    ]


def test_a_pattern_of_portals_does_not_open_all_addresses() -> None:
    found = read(disks("a") + target("\t\tallowed_portal 192.0.2.*\n\t\tLUN 0 a"))
    assert not tpg(found).portals


def test_portals_of_truenas() -> None:
    group = (
        "\t\tper_portal_acl 1\n\t\tGROUP security_group {\n"
        "\t\t\tINITIATOR *\\#192.0.2.1\n\t\t\tINITIATOR *\\#192.0.2.2\n\t\t\tLUN 0 a\n\t\t}"
    )
    found = read(disks("a") + target(group))
    assert list(tpg(found).portals) == ["192.0.2.1:3260", "192.0.2.2:3260"]
    assert tpg(found).attributes["generate_node_acls"] == "1"
    group = group.replace("*\\#192.0.2.1", f"{HOST}\\#*").replace("*\\#192.0.2.2", f"{OTHER}\\#*")
    found = read(disks("a") + target(group))
    assert list(tpg(found).acls) == [HOST, OTHER]
    assert list(tpg(found).portals) == ["[::0]:3260"]
    assert [text[:10] for text in said(found, "lost", "changed", "note")] == ["the T10 id"]


def test_write_protected_for_all() -> None:
    luns = "\t\tLUN 0 a {\n\t\t\tread_only 1\n\t\t}\n\t\tLUN 1 b"
    found = read(disks("a", "b") + target(luns.replace("\n\t\tLUN 1 b", "")))
    assert tpg(found).attributes["demo_mode_write_protect"] == "1"
    found = read(disks("a", "b") + target(luns))
    assert exported(tpg(found)) == {1: "b"}
    group = f"\n\t\tGROUP g {{\n\t\t\tLUN 0 a\n\t\t\tINITIATOR {HOST}\n\t\t}}"
    found = read(disks("a", "b") + target(luns + group))
    assert exported(tpg(found)) == {0: "a", 1: "b"}
    assert tpg(found).attributes["generate_node_acls"] == "0"
    # The group writes to it, so the device itself stays writable.
    assert found.config.storage_objects["block", "a"].backing == Block("/dev/vg0/a")


# -- targets --------------------------------------------------------------------------------


def test_settings_of_an_iscsi_target() -> None:
    found = read(
        disks("a")
        + target(
            f"""
		alias "Store one"
		rel_tgt_id 7
		IncomingUser "joe joesecret1234"
		IncomingUser1 "max maxsecret1234"
		OutgoingUser "us oursecret1234"
		HeaderDigest CRC32C,None
		QueuedCommands 64
		NopInInterval 20
		allowed_portal 192.0.2.7
		allowed_portal 198.51.100.*
		redirect 192.0.2.9
		GROUP g {{
			LUN 0 a
			INITIATOR {HOST}
		}}"""
        ).replace("enabled 1", 'enabled 1\n\tIncomingUser "disco discosecret12"', 1)
    )
    of = tpg(found)
    assert of.parameters == {"TargetAlias": "Store one", "HeaderDigest": "CRC32C,None"}
    assert of.attributes["default_cmdsn_depth"] == "64"
    assert of.attributes["authentication"] == "1"
    assert of.files == {"rtpi": "7"}
    acl = of.acls[HOST]
    assert (acl.auth.userid, acl.auth.mutual_userid) == ("joe", "us")
    assert acl.attributes == {"nopin_timeout": "20"}
    assert list(of.portals) == ["192.0.2.7:3260"]
    assert found.config.fabrics["iscsi"].discovery_auth.userid == "disco"
    assert said(found) == [
        "LIO has one user for each initiator: max is left out",
        "LIO has portals for single addresses, not for 198.51.100.*: none is made",
        "redirect is lost: LIO does not redirect logins",
    ]
    assert not any("secret" in f"{one.text} {one.cure}" for one in found.remarks)


def test_a_driver_that_is_not_enabled() -> None:
    found = read(disks("a") + target("\t\tLUN 0 a").replace("enabled 1", "enabled 0", 1))
    assert tpg(found).enable is False
    found = read(disks("a") + target("\t\tLUN 0 a").replace("\t\tenabled 1\n", ""))
    assert tpg(found).enable is False


@pytest.mark.parametrize(
    ("driver", "name", "fabric", "wwn"),
    [
        ("qla2x00t", "50:01:40:5a:bc:de:f0:12", "qla2xxx", "naa.5001405abcdef012"),
        ("fcst", "20:00:00:22:15:81:74:2b", "tcm_fc", "naa.200000221581742b"),
        (
            "ib_srpt",
            "fe80:0000:0000:0000:0002:c903:0005:f34b",
            "srpt",
            "ib.fe800000000000000002c9030005f34b",
        ),
        ("scst_local", "naa.5001405000000001", "loopback", "naa.5001405000000001"),
    ],
)
def test_other_fabrics(driver: str, name: str, fabric: str, wwn: str) -> None:
    group = (
        "\t\tLUN 0 a"
        if fabric == "loopback"
        else ("\t\tGROUP g {\n\t\t\tLUN 0 a\n\t\t\tINITIATOR 50:01:43:80:12:34:56:78\n\t\t}")
    )
    found = read(disks("a") + target(group, name, driver))
    of = tpg(found, wwn, fabric)
    assert exported(of) == {0: "a"} and not of.portals
    assert "authentication" not in of.attributes
    if fabric in ("qla2xxx", "tcm_fc"):
        assert list(of.acls) == ["naa.5001438012345678"]


def test_what_lio_has_not() -> None:
    found = read(
        disks("a")
        + target("\t\tLUN 0 a", "copy_manager_tgt", "copy_manager")
        + target("\t\tLUN 0 a", "x", "usb_gadget")
        + target("\t\tLUN 0 a", "not a name")
    )
    assert not found.config.targets
    assert len(said(found)) == 2


def test_alua() -> None:
    found = read(
        disks("a").replace("prod_rev_lvl 1", "prod_rev_lvl 1\n\t\texpl_alua 1")
        + target("\t\tLUN 0 a")
        + f"""
DEVICE_GROUP dg {{
	DEVICE a
	TARGET_GROUP here {{
		group_id 1
		state active
		preferred 1
		TARGET {IQN}
	}}
	TARGET_GROUP there {{
		group_id 2
		state nonoptimized
		TARGET other {{
			rel_tgt_id 9
		}}
	}}
}}
"""
    )
    groups = found.config.storage_objects["block", "a"].alua_groups
    assert {name: (group.tag, dict(group.settings)) for name, group in groups.items()} == {
        "here": (1, {"alua_access_type": "3", "alua_access_state": "0", "preferred": "1"}),
        "there": (2, {"alua_access_type": "3", "alua_access_state": "1"}),
    }
    assert tpg(found).luns[0].alua_group == "here"
    assert "a port of another node" in said(found)[0]


# -- files that are wrong -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("HANDLER a {\n\tDEVICE b {\n", 2, "a } that closes this section"),
        ("HANDLER a {\n}\n}\n", 3, "no }: nothing is open"),
        ("HANDLER a {\n\tDEVICE b { filename /x }\n}\n", 2, "a line of its own for }"),
        ("HANDLER a {\n}\nTARGET_DRIVER iscsi\n{\n}\n", 4, "the name of the section"),
        ('HANDLER vdisk_nullio {\n\tDEVICE "b\n}\n', 2, 'a closing "'),
        ("[HANDLER vdisk]\nDEVICE a,/b\n", 1, "sections in braces"),
        ("HANDLER vdisk_fileio {\n\tDEVICE a\n}\n", 2, "the attribute filename"),
        ("HANDLER vdisk_nullio {\n\tDEVICE a\n\tDEVICE a\n}\n", 3, "another name"),
        ("HANDLER vdisk_nullio {\n\tDEVICE\n}\n", 2, "a name after DEVICE"),
        ("HANDLER vdisk_nullio {\n\tDEVICE a {\n\t\tsize x\n\t}\n}\n", 3, "a number after size"),
        (target("\t\tLUN x a"), 5, "a number and a device after LUN"),
        (target("\t\tLUN 0"), 5, "a number and a device after LUN"),
        (target("\t\tIncomingUser joe"), 5, "a user name and a password"),
        (target("") + target(""), 10, "another name"),
        ("HANDLER a {\nb {\nc {\nd {\ne {\nf {\n}\n}\n}\n}\n}\n}\n", 5, "no section here"),
        (
            disks("a") + "DEVICE_GROUP g {\n\tDEVICE a\n\tTARGET_GROUP t {\n\t\tstate x\n\t}\n}\n",
            12,
            "one of active",
        ),
    ],
)
def test_malformed(text: str, line: int, expected: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert caught.value.message.startswith(f"/etc/scst.conf:{line}: expected {expected}")


def test_a_comment_in_quotes_is_one() -> None:
    text = target('\t\tIncomingUser "joe secret#1234567"')
    with pytest.raises(ParseError, match="a # before it starts a comment"):
        read(text)
    found = read(target('\t\tIncomingUser "joe secret\\#1234567"'))
    assert tpg(found).auth.password == "secret#1234567"


def names_of(config: Config) -> Sequence[str]:
    return [name for _, name in config.storage_objects]


def test_lines_of_windows() -> None:
    found = read((disks("a") + target("\t\tLUN 0 a")).replace("\n", "\r\n"))
    assert exported(tpg(found)) == {0: "a"} and names_of(found.config) == ["a"]


@pytest.mark.parametrize("end", ["", "{", "\t\tx {"])
def test_time_is_linear(end: str) -> None:
    """Of a file that does not match too."""

    def seconds(count: int) -> float:
        devices = "".join(
            f"\tDEVICE d{n} {{\n\t\tfilename /dev/vg/d{n}  # {n}\n\t\tusn S{n}\n\t}}\n"
            for n in range(count)
        )
        luns = "".join(f"\t\tLUN {n} d{n}\n" for n in range(count))
        text = f"HANDLER vdisk_blockio {{\n{devices}}}\n{target(luns)}" + f"{end} \n" * count
        start = time.process_time()
        try:
            assert len(tpg(read(text)).luns) == count
        except ParseError as err:
            assert end, err
        return time.process_time() - start

    # The fastest of three: a pause of the machine is no time of the program.
    small, large = (min(seconds(count) for _ in range(3)) for count in (200, 2000))
    assert large < 30 * small


def test_a_file_of_truenas_scale() -> None:
    """As its middleware writes it, with the targets for the other node of a pair."""
    found = read(
        f"""
cluster_name HA
HANDLER dev_disk {{
}}
TARGET_DRIVER copy_manager {{
        TARGET copy_manager_tgt {{
                LUN 0 vm
        }}
}}

HANDLER vdisk_fileio {{
    DEVICE file1 {{
        filename /srv/file1
        blocksize 4096
        lb_per_pb_exp 0
        read_only 1
        usn 0a1b2c3d4e5f601
        naa_id 0x6589cfc000000a1b2c3d4e5f60718294
        prod_id "iSCSI Disk"
        rotational 1
        t10_vend_id TrueNAS
        t10_dev_id 0a1b2c3d4e5f601
    }}

}}
HANDLER vdisk_blockio {{
    DEVICE vm {{
        filename /dev/zvol/tank/vm
        blocksize 512
        read_only 0
        usn 0a1b2c3d4e5f600
        naa_id 0x6589cfc000000a1b2c3d4e5f60718293
        prod_id "iSCSI Disk"
        rotational 0
        t10_vend_id TrueNAS
        t10_dev_id 0a1b2c3d4e5f600
        cluster_mode 1
    }}

}}

TARGET_DRIVER iscsi {{
    enabled 1
    iSNSServer 192.0.2.9

    TARGET iqn.2005-10.org.freenas.ctl:vm {{
        rel_tgt_id 1
        enabled 1
        per_portal_acl 1
        alias "vm store"
        IncomingUser "joe joesecret1234"
        IncomingUser "max maxsecret1234"

        GROUP security_group {{
            INITIATOR {HOST}\\#192.0.2.1
            INITIATOR {HOST}\\#192.0.2.2

            LUN 0 vm

            LUN 7 file1
        }}
    }}
    TARGET iqn.2005-10.org.freenas.ctl:HA:vm {{
        allowed_portal 169.254.10.1
        rel_tgt_id 32001
        enabled 1
        forward_dst 1
        aen_disabled 1
        forwarding 1
        LUN 0 vm
    }}
}}
DEVICE_GROUP targets {{
        DEVICE file1
        DEVICE vm

        TARGET_GROUP controller_A {{
                group_id 101
                state active

                TARGET iqn.2005-10.org.freenas.ctl:vm
        }}

        TARGET_GROUP controller_B {{
                group_id 102
                state nonoptimized

                TARGET iqn.2005-10.org.freenas.ctl:HA:vm
        }}
}}
""",
        file1=1 << 20,
    )
    of = tpg(found, "iqn.2005-10.org.freenas.ctl:vm")
    assert sorted(of.portals) == ["192.0.2.1:3260", "192.0.2.2:3260"]
    mapped = of.acls[HOST].mapped_luns
    assert {one.index: one.write_protect for one in mapped.values()} == {0: False, 7: True}
    assert {lun.alua_group for lun in of.luns.values()} == {"controller_A"}
    vm = found.config.storage_objects["block", "vm"]
    naa = inquiry.naa(vm.wwn or "", vm.identity["company_id"])
    assert naa == "naa.6589cfc000000a1b2c3d4e5f60718293"
    assert [group.tag for group in vm.alua_groups.values()] == [101, 102]
    other = tpg(found, "iqn.2005-10.org.freenas.ctl:ha:vm")
    assert list(other.portals) == ["169.254.10.1:3260"]
    assert {lun.alua_group for lun in other.luns.values()} == {"controller_B"}
    assert said(found) == [
        "cluster_mode is lost: LIO does not share persistent reservations between nodes",
        "LIO has one user for each initiator: max is left out",
    ]
