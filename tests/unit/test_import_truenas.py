# SPDX-License-Identifier: Apache-2.0
"""The answers of TrueNAS: in one file or several, the identity of extents, groups as TPGs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rtslib_ext import foreign
from rtslib_ext.config import inquiry
from rtslib_ext.config.backing import Block, FileIO
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.errors import ParseError
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.source import Source, Texts
from tests.growth import growth

BASE = "iqn.2005-10.org.freenas.ctl"
HOST = "iqn.1994-05.com.example:host1"
NAA = "6589cfc0000004c025f61cbddb466907"


def extent(number: int, name: str, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "serial": f"000c29aef78501{number}",
        "type": "DISK",
        "path": f"zvol/tank/{name}",
        "disk": f"zvol/tank/{name}",
        "filesize": "0",
        "blocksize": 512,
        "pblocksize": False,
        "avail_threshold": None,
        "comment": "",
        "naa": f"0x{NAA[:-1]}{number}",
        "insecure_tpc": True,
        "xen": False,
        "rpm": "SSD",
        "ro": False,
        "enabled": True,
        "vendor": "TrueNAS",
        "product_id": "iSCSI Disk",
        "locked": False,
        **values,
    }


def user(number: int, tag: int, name: str, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "tag": tag,
        "user": name,
        "secret": f"{name}secret1234",
        "peeruser": "",
        "peersecret": "",
        "discovery_auth": "NONE",
        **values,
    }


def target(number: int, name: str, *groups: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "alias": None,
        "mode": "ISCSI",
        "groups": list(groups),
        "auth_networks": [],
        **values,
    }


def group(portal: int, initiator: int | None = None, **values: Any) -> dict[str, Any]:
    return {
        "portal": portal,
        "initiator": initiator,
        "authmethod": "NONE",
        "auth": None,
        **values,
    }


def answers() -> dict[str, Any]:
    return {
        "extent": [
            extent(1, "vm"),
            extent(2, "old", rpm="7200", blocksize=4096, insecure_tpc=False),
            extent(
                3,
                "file",
                type="FILE",
                disk=None,
                path="/mnt/tank/file.img",
                filesize="1073741824",
                ro=True,
            ),
        ],
        "target": [
            target(
                1,
                "vms",
                group(1, 1, authmethod="CHAP_MUTUAL", auth=7),
                group(2),
                alias="Virtual machines",
            ),
            target(2, "iqn.2011-03.org.example:own", group(1, 1)),
        ],
        "targetextent": [
            {"id": 1, "lunid": 0, "extent": 1, "target": 1},
            {"id": 2, "lunid": 3, "extent": 2, "target": 1},
            {"id": 3, "lunid": 1, "extent": 3, "target": 2},
        ],
        "portal": [
            {"id": 1, "tag": 1, "comment": "", "listen": [{"ip": "192.0.2.1", "port": 3261}]},
            {
                "id": 2,
                "tag": 2,
                "comment": "",
                "listen": [{"ip": "0.0.0.0"}, {"ip": "2001:db8::1"}],
            },
        ],
        "initiator": [{"id": 1, "initiators": [HOST], "comment": ""}],
        "auth": [user(1, 7, "joe", peeruser="nas", peersecret="nassecret12345")],
        "global": {"basename": BASE, "isns_servers": [], "listen_port": 3260, "alua": False},
    }


def read(value: Any, path: str = "/root/truenas.json", **beside: Any) -> Imported:
    text = json.dumps(value)
    texts = {f"/root/{name}.json": json.dumps(other) for name, other in beside.items()}
    source = Source(path, text, Texts(texts))
    assert foreign.detect(text).name == "truenas"
    return foreign.FORMATS["truenas"].read(source)


def tpg_of(config: Config, wwn: str = f"{BASE}:vms", tag: int = 1) -> Tpg:
    return config.targets["iscsi", wwn].tpgs[tag]


def lost(imported: Imported) -> list[str]:
    return [one.path for one in imported.remarks if one.severity == "lost"]


def test_extents_keep_the_naa_identifier() -> None:
    imported = read(answers())
    vm, old, file = imported.config.storage_objects.values()
    assert vm.backing == Block("/dev/zvol/tank/vm")
    assert file.backing == FileIO("/mnt/tank/file.img", size=1 << 30)
    assert inquiry.naa(vm.wwn or "", vm.identity["company_id"]) == f"naa.{NAA[:-1]}1"
    assert (vm.identity["vendor_id"], vm.identity["product_id"]) == ("TrueNAS", "iSCSI Disk")
    assert (vm.attributes["is_nonrot"], old.attributes["is_nonrot"]) == ("1", "0")
    assert old.attributes["block_size"] == "4096" and old.attributes["emulate_3pc"] == "0"
    # The serial number cannot be kept as well, which is said.
    assert {one.path for one in imported.remarks if "serial number" in one.text} == {
        "extent[0]",
        "extent[1]",
        "extent[2]",
    }
    assert not imported.loses


def test_each_group_is_a_tpg() -> None:
    config = read(answers()).config
    first, second = tpg_of(config), tpg_of(config, tag=2)
    assert list(first.portals) == ["192.0.2.1:3261"]
    assert list(second.portals) == ["0.0.0.0:3260", "[2001:db8::1]:3260"]
    for tpg in (first, second):
        assert {n: lun.storage_object[1] for n, lun in tpg.luns.items()} == {0: "vm", 3: "old"}
        assert tpg.parameters == {"TargetAlias": "Virtual machines"}
    assert first.attributes["generate_node_acls"] == "0"
    assert dict(first.acls[HOST].auth.items()) == {
        "userid": "joe",
        "password": "joesecret1234",
        "mutual_userid": "nas",
        "mutual_password": "nassecret12345",
    }
    assert second.attributes["generate_node_acls"] == "1" and not second.acls
    assert second.attributes["authentication"] == "0"


def test_a_read_only_extent_is_write_protected() -> None:
    tpg = tpg_of(read(answers()).config, "iqn.2011-03.org.example:own")
    assert list(tpg.luns) == [1] and tpg.acls[HOST].mapped_luns[1].write_protect


def test_names_of_calls_as_keys() -> None:
    calls = {
        f"iscsi.{name}.{'config' if name == 'global' else 'query'}": value
        for name, value in answers().items()
    }
    assert read(calls) == read(answers()) or read(calls).config == read(answers()).config


def test_lists_in_files_beside() -> None:
    parts = answers()
    main = parts.pop("target")
    imported = read(main, "/root/target.json", **parts)
    assert imported.config == read(answers()).config


def test_a_list_of_extents_alone() -> None:
    imported = read(answers()["extent"])
    assert len(imported.config.storage_objects) == 3 and not imported.config.targets


def test_users_and_passwords_that_lio_cannot_have() -> None:
    parts = answers()
    parts["auth"] = [
        user(1, 7, "joe", secret="********", discovery_auth="CHAP"),
        user(2, 7, "ann"),
        user(3, 9, "zoe", discovery_auth="CHAP_MUTUAL", peeruser="n", peersecret="nsecret12345"),
    ]
    imported = read(parts)
    tpg = tpg_of(imported.config)
    assert tpg.acls[HOST].auth.userid == "ann" and tpg.attributes["authentication"] == "1"
    assert "********" not in str(imported)
    discovery = imported.config.fabrics["iscsi"].discovery_auth
    assert (discovery.userid, discovery.mutual_userid) == ("zoe", "n")
    assert lost(imported) == ["auth[0]", "auth[0]"]


def test_missing_lists_do_not_open_a_target() -> None:
    parts = answers()
    for name in ("auth", "initiator", "portal"):
        del parts[name]
    imported = read(parts)
    tpg = tpg_of(imported.config)
    assert tpg.attributes["generate_node_acls"] == "0" and not tpg.acls
    assert tpg.attributes["authentication"] == "1"
    assert {"target[0].groups[0].auth", "target[0].groups[0].initiator"} <= set(lost(imported))


def test_a_missing_base_name_is_remarked() -> None:
    parts = answers()
    del parts["global"]
    imported = read(parts)
    assert tpg_of(imported.config).luns
    assert "target[0].name" in {one.path for one in imported.remarks if one.severity == "changed"}


def test_what_cannot_be_expressed() -> None:
    parts = answers()
    parts["extent"] += [
        extent(4, "off", enabled=False),
        extent(5, "full", avail_threshold=80, pblocksize=True, xen=True, locked=True),
        extent(6, "gone", type="FILE", path="/mnt/gone", disk=None, naa="", serial=""),
        {"id": 7},
        "x",
    ]
    parts["targetextent"] += [
        {"id": 4, "lunid": 8, "extent": 4, "target": 1},
        {"id": 5, "lunid": 9, "extent": 99, "target": 1},
        {"id": 6, "lunid": None, "extent": 5, "target": 1},
    ]
    parts["target"][0]["mode"] = "BOTH"
    parts["target"][0]["auth_networks"] = ["192.0.2.0/24"]
    parts["target"] += [target(3, "bad name", group(1)), target(4, "unused")]
    parts["global"]["isns_servers"] = ["192.0.2.9"]
    parts["global"]["alua"] = True
    parts["initiator"][0]["initiators"].append("iqn.1994-05.com.example:*")
    imported = read(parts)
    paths = lost(imported)
    for path in (
        "extent[4].avail_threshold",
        "extent[5]",
        "extent[6].name",
        "extent[7]",
        "targetextent[4]",
        "target[0].mode",
        "target[0].auth_networks",
        "target[0].groups[0].initiator",
        "target[2]",
        "global.isns_servers",
    ):
        assert path in paths, path
    severities = {one.path: one.severity for one in imported.remarks}
    assert severities["extent[3]"] == "note" and severities["target[3]"] == "note"
    assert severities["extent[4].pblocksize"] == severities["global.alua"] == "changed"
    tpg = tpg_of(imported.config)
    assert set(tpg.luns) == {0, 3, 2} or set(tpg.luns) == {0, 3, 4}


def test_addresses_become_allowed_networks() -> None:
    parts = answers()
    parts["target"][0]["auth_networks"] = ["192.0.2.0/24"]
    found = read(parts)
    made = [one for one in found.remarks if one.path == "target[0].auth_networks"]
    # Another target listens on the portal of the first group.
    assert [one.severity for one in made] == ["lost", "changed"]
    assert made[0].cure.endswith("/tpg1/portals/192.0.2.1:3261 allow 192.0.2.0/24")
    assert list(found.allowed_networks) == ["0.0.0.0:3260", "[2001:db8::1]:3260"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("7", "must be an object, not a number"),
        ('[{"a": 1}]', "expected the list of a query"),
        ("[]", "expected the list of a query"),
        ('{"extent": [', ":1: "),
    ],
)
def test_a_file_that_is_none(text: str, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        foreign.FORMATS["truenas"].read(Source("x.json", text, Texts({})))
    assert words in caught.value.message and caught.value.hint == "nothing was imported"


def test_time_is_linear() -> None:
    def work(count: int) -> Callable[[], object]:
        parts = answers()
        parts["extent"] = [
            extent(n, f"d{n}", naa=f"0x6589cfc{n:025x}", serial=f"{n:025x}") for n in range(count)
        ]
        parts["targetextent"] = [
            {"id": n, "lunid": None, "extent": n, "target": 1} for n in range(count)
        ]
        return lambda: read(parts)

    # Ten times as much, and the noise of a busy host.
    assert growth(work, 400, 4000) < 20
