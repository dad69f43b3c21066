# SPDX-License-Identifier: Apache-2.0
"""gateway.conf of ceph-iscsi: its versions, the identity of RBD images, encrypted passwords."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rtslib_ext import foreign
from rtslib_ext.config.backing import Block
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.errors import ParseError
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.source import Source, Texts
from tests.growth import growth

IQN = "iqn.2003-01.org.example.gw:igw"
HOST = "iqn.1994-05.com.example:host1"
OTHER = "iqn.1994-05.com.example:host2"
SERIAL = "2f1b7c9e-64c0-4d1a-9a53-0b7d7c5e1f66"


def disk(image: str, **values: Any) -> dict[str, Any]:
    return {
        "allocating_host": "gw1",
        "backstore": "user:rbd",
        "backstore_object_name": f"rbd.{image}",
        "controls": {},
        "created": "2024/01/01 10:00:00",
        "image": image,
        "owner": "gw1",
        "pool": "rbd",
        "pool_id": 3,
        "updated": "2024/01/01 10:00:00",
        "wwn": SERIAL,
        **values,
    }


def auth(user: str = "", password: str = "", **values: Any) -> dict[str, Any]:
    return {
        "username": user,
        "password": password,
        "password_encryption_enabled": False,
        "mutual_username": "",
        "mutual_password": "",
        "mutual_password_encryption_enabled": False,
        **values,
    }


def newest() -> dict[str, Any]:
    """Return a configuration of version 11 with two gateways, a group and an open target."""
    return {
        "created": "2024/01/01 10:00:00",
        "discovery_auth": auth("finder", "findersecret"),
        "disks": {
            "rbd/a": disk("a", controls={"qfull_timeout": 18}),
            "rbd/b": disk("b", wwn="b" * 8),
        },
        "epoch": 19,
        "gateways": {"gw1": {"active_luns": 2}, "gw2": {"active_luns": 0}},
        "targets": {
            IQN: {
                "acl_enabled": True,
                "auth": auth(),
                "clients": {
                    HOST: {
                        "auth": auth(
                            "user1", "secret1secret1", mutual_username="m", mutual_password="mm"
                        ),
                        "group_name": "hosts",
                        "luns": {"rbd/a": {"lun_id": 0}, "rbd/b": {"lun_id": 5}},
                    },
                    OTHER: {"auth": auth(), "group_name": "", "luns": {"rbd/b": {"lun_id": 0}}},
                },
                "controls": {"immediate_data": False, "nopin_timeout": 17},
                "disks": {"rbd/a": {"lun_id": 0}, "rbd/b": {"lun_id": 3}},
                "groups": {"hosts": {"disks": {"rbd/a": {"lun_id": 0}}, "members": [HOST]}},
                "ip_list": ["192.0.2.201", "2001:db8::2"],
                "portals": {
                    "gw1": {"portal_ip_addresses": ["192.0.2.201"], "tpgs": 2},
                    "gw2": {"portal_ip_addresses": ["2001:db8::2"], "tpgs": 2},
                },
            },
            f"{IQN}-open": {
                "acl_enabled": False,
                "auth": auth("any", "anysecret12345"),
                "clients": {},
                "controls": {},
                "disks": {"rbd/b": {"lun_id": 0}},
                "groups": {},
                "ip_list": ["192.0.2.201"],
                "portals": {"gw1": {"portal_ip_addresses": ["192.0.2.201"], "tpgs": 1}},
            },
        },
        "updated": "2024/01/01 10:00:00",
        "version": 11,
    }


def version_3() -> dict[str, Any]:
    return {
        "clients": {
            HOST: {
                "auth": {"chap": "user1/secret/with/slash"},
                "group_name": "",
                "luns": {"rbd.a": {"lun_id": 2}},
            }
        },
        "controls": {"max_outstanding_r2t": 4},
        "disks": {"rbd.a": {"image": "a", "owner": "gw1", "pool": "rbd", "wwn": SERIAL}},
        "epoch": 1,
        "gateways": {
            "ip_list": ["192.0.2.201"],
            "iqn": IQN,
            "gw1": {"portal_ip_address": "192.0.2.201", "iqn": IQN, "tpgs": 1},
        },
        "groups": {},
        "version": 3,
    }


def read(value: Any) -> Imported:
    text = value if isinstance(value, str) else json.dumps(value, indent=4)
    assert foreign.detect(text).name == "ceph"
    return foreign.FORMATS["ceph"].read(Source("gateway.conf", text, Texts({})))


def tpg_of(config: Config, wwn: str = IQN, tag: int = 1) -> Tpg:
    return config.targets["iscsi", wwn].tpgs[tag]


def test_images_keep_what_initiators_saw_of_tcmu_runner() -> None:
    imported = read(newest())
    first = imported.config.storage_objects["block", "rbd.a"]
    assert first.backing == Block("/dev/rbd/rbd/a") and first.wwn == SERIAL
    assert first.identity == {"product_id": "TCMU device", "revision": "0002"}
    assert {(one.severity, one.path) for one in imported.remarks} == {
        ("changed", "disks"),
        ("note", "disks.rbd/a.controls.qfull_timeout"),
        ("changed", f"targets.{IQN}.portals"),
    }


def test_each_gateway_is_a_tpg() -> None:
    config = read(newest()).config
    assert list(tpg_of(config).portals) == ["192.0.2.201:3260"]
    assert list(tpg_of(config, tag=2).portals) == ["[2001:db8::2]:3260"]
    for tag in (1, 2):
        tpg = tpg_of(config, tag=tag)
        assert tpg.enable and {n: lun.storage_object[1] for n, lun in tpg.luns.items()} == {
            0: "rbd.a",
            3: "rbd.b",
        }


def test_initiators_keep_their_lun_numbers_and_credentials() -> None:
    tpg = tpg_of(read(newest()).config)
    first, second = tpg.acls[HOST], tpg.acls[OTHER]
    assert {n: one.tpg_lun for n, one in first.mapped_luns.items()} == {0: 0, 5: 3}
    assert {n: one.tpg_lun for n, one in second.mapped_luns.items()} == {0: 3}
    assert dict(first.auth.items()) == {
        "userid": "user1",
        "password": "secret1secret1",
        "mutual_userid": "m",
        "mutual_password": "mm",
    }
    assert (first.tag, second.tag) == ("hosts", None)
    assert first.attributes["nopin_timeout"] == "17" and first.cmdsn_depth == "128"
    assert tpg.attributes["authentication"] == "1" and tpg.attributes["generate_node_acls"] == "0"
    assert tpg.parameters["ImmediateData"] == "No" and tpg.parameters["MaxBurstLength"] == "524288"


def test_an_open_target_and_discovery() -> None:
    config = read(newest()).config
    tpg = tpg_of(config, f"{IQN}-open")
    assert tpg.attributes == {
        "authentication": "1",
        "generate_node_acls": "1",
        "demo_mode_write_protect": "0",
    }
    assert (tpg.auth.userid, tpg.auth.password) == ("any", "anysecret12345") and not tpg.acls
    discovery = config.fabrics["iscsi"]
    assert discovery.discovery_enable and discovery.discovery_auth.userid == "finder"


def test_version_3() -> None:
    config = read(version_3()).config
    tpg = tpg_of(config)
    assert config.storage_objects["block", "rbd.a"].wwn == SERIAL
    acl = tpg.acls[HOST]
    assert (acl.auth.userid, acl.auth.password) == ("user1", "secret/with/slash")
    assert {n: one.tpg_lun for n, one in acl.mapped_luns.items()} == {2: 0}
    assert tpg.parameters["MaxOutstandingR2T"] == "4"


@pytest.mark.parametrize("password", ["********", "c2VjcmV0", ""])
def test_an_unknown_password_is_a_remark_and_no_credential(password: str) -> None:
    config = newest()
    config["targets"][IQN]["clients"][HOST]["auth"] = auth(
        "user1", password, password_encryption_enabled=password == "c2VjcmV0"
    )
    imported = read(config)
    acl = tpg_of(imported.config).acls[HOST]
    assert (acl.auth.userid, acl.auth.password) == ("user1", None)
    assert tpg_of(imported.config).attributes["authentication"] == "1"
    (lost,) = [one for one in imported.remarks if one.severity == "lost"]
    assert lost.path == f"targets.{IQN}.clients.{HOST}.auth.password"
    assert lost.cure == f"/iscsi/{IQN}/tpg1/acls/{HOST} set auth password=-"
    assert not password or password not in str(imported.remarks)


def test_what_is_wrong_is_left_out_and_remarked_with_its_path() -> None:
    config = newest()
    target = config["targets"][IQN]
    config["disks"]["rbd/c"] = {"image": "c"}
    config["disks"]["rbd/d"] = 7
    target["disks"]["rbd/gone"] = {"lun_id": 9}
    target["clients"][HOST]["luns"]["rbd/gone"] = {"lun_id": 9}
    target["clients"]["nobody"] = {"auth": auth(), "luns": {}}
    target["controls"]["first_burst_length"] = "many"
    target["ip_list"].append("gw3.example")
    config["targets"]["x"] = {}
    lost = {one.path: one.severity for one in read(config).remarks}
    assert {
        "disks.rbd/c.pool",
        "disks.rbd/d",
        f"targets.{IQN}.disks",
        f"targets.{IQN}.clients.{HOST}.luns.rbd/gone",
        f"targets.{IQN}.clients.nobody",
        f"targets.{IQN}",
        "targets.x",
    } <= {path for path, severity in lost.items() if severity == "lost"}
    assert lost[f"targets.{IQN}.controls.first_burst_length"] == "changed"


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"gateways": {}, "disks": {', ":1: "),
        ("[1]", "must be an object, not a list"),
        ("", "is empty"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_a_file_that_is_none(text: str, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        foreign.FORMATS["ceph"].read(Source("gateway.conf", text, Texts({})))
    assert words in caught.value.message and caught.value.hint == "nothing was imported"


def test_time_is_linear() -> None:
    def work(count: int) -> Callable[[], object]:
        config = newest()
        config["disks"] = {f"rbd/d{n}": disk(f"d{n}") for n in range(count)}
        config["targets"][IQN]["disks"] = {f"rbd/d{n}": {"lun_id": n} for n in range(count)}
        text = json.dumps(config)
        return lambda: read(text)

    # Ten times as much, and the noise of a busy host.
    assert growth(work, 400, 4000) < 20


@pytest.mark.parametrize("name", ["a/b", "a.b", "NULLs", "a b", "x\x1b[2J", ".."])
def test_a_group_that_is_no_tag_is_left_out(name: str) -> None:
    value = newest()
    value["targets"][IQN]["clients"][HOST]["group_name"] = name
    found = read(value)
    assert {acl.tag for acl in tpg_of(found.config).acls.values()} == {None}
    assert any("the group of the client is left out" in one.text for one in found.remarks)
