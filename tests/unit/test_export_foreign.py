# SPDX-License-Identifier: Apache-2.0
"""A configuration as the file of another target: imported again, it is the same one.

Of what a format can express; the rest is a remark.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext import savefile
from rtslib_ext.config.backing import Backing, Block, FileIO, Pscsi, RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Key,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.foreign import FORMATS, detect
from rtslib_ext.foreign.imported import Exported, Imported
from rtslib_ext.foreign.source import Source, Texts
from tests.whole import WHOLE

IQN = "iqn.2003-01.org.example:a"
HOSTS = tuple(f"iqn.1994-05.com.example:host{number}" for number in range(3))
SAMPLES = sorted((Path(__file__).parents[1] / "kernel/oracle/configs").glob("*.json"))


def exported(name: str, config: Config) -> Exported:
    found = FORMATS[name].export(config)
    assert found is not None
    return found


def again(name: str, config: Config) -> Imported:
    """Return what the importer reads from the export."""
    text = exported(name, config).text
    if "HANDLER" in text or "<target" in text:
        assert detect(text).name == name
    sizes = {
        so.backing.dev: so.backing.size
        for so in config.storage_objects.values()
        if isinstance(so.backing, FileIO) and so.backing.size is not None
    }
    return FORMATS[name].read(Source(f"/etc/{name}.conf", text, Texts({}, sizes)))


def test_formats_that_export() -> None:
    names = [name for name, kind in FORMATS.items() if kind.exports]
    assert names == ["tgt", "scst"]
    assert FORMATS["ctl"].export(Config()) is None


# -- configurations that both formats can express -------------------------------------------

WORDS = st.text("abcXYZ019.-_", min_size=1, max_size=12)
SECRETS = st.text("abcXYZ019.-_:,+*!", min_size=12, max_size=16)


@st.composite
def auths(draw: st.DrawFn) -> Auth:
    auth = Auth(draw(WORDS), draw(SECRETS))
    if draw(st.booleans()):
        auth = replace(auth, mutual_userid=draw(WORDS), mutual_password=draw(SECRETS))
    return auth


@st.composite
def backings(draw: st.DrawFn, number: int, *, nullio: bool) -> Backing:
    kind = draw(st.integers(0, 2 if nullio else 1))
    if kind == 0:
        return FileIO(f"/srv/d{number}", draw(st.integers(1, 99)) * 4096, draw(st.booleans()))
    if kind == 1:
        return Block(f"/dev/vg0/d{number}", readonly=draw(st.booleans()))
    return RamDisk(draw(st.integers(1, 99)) * 4096, nullio=True)


@st.composite
def storage_objects(draw: st.DrawFn, number: int, *, scst: bool) -> StorageObject:
    backing = draw(backings(number, nullio=scst))
    attributes = draw(
        st.fixed_dictionaries({}, optional={"block_size": st.sampled_from(["512", "4096"])})
    )
    if scst and draw(st.booleans()):
        attributes |= {"emulate_tpu": "1", "emulate_tpws": "1", "is_nonrot": "1"}
    identity = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "vendor_id": st.sampled_from(["ACME", "IET", "A B"]),
                "product_id": st.sampled_from(["Disk", "VIRTUAL-DISK", "iSCSI Disk"]),
                "revision": st.sampled_from(["1", "0123"]),
                "company_id": st.just("0x589cfc"),
            },
        )
    )
    # Each has another NAA identifier.
    serial = f"{number:04x}{draw(st.text('0123456789abcdef-', max_size=20))}"
    return StorageObject(f"d{number}", backing, serial, attributes, identity=identity)


def is_readonly(so: StorageObject) -> bool:
    return isinstance(so.backing, Block) and so.backing.readonly


@st.composite
def tpgs(draw: st.DrawFn, objects: list[StorageObject], *, scst: bool) -> Tpg:
    is_open = draw(st.booleans())
    numbers = draw(
        st.lists(
            st.integers(0 if scst else 1, 200),
            min_size=len(objects),
            max_size=len(objects),
            unique=True,
        )
    )
    luns = {number: Lun(number, so.key) for number, so in zip(numbers, objects, strict=True)}
    auth = draw(st.none() | auths())
    # tgt protects a store, so LIO opens its device read-only.
    protect = scst and draw(st.booleans())
    attributes = {
        "authentication": str(int(auth is not None)),
        "cache_dynamic_acls": str(int(is_open)),
        "generate_node_acls": str(int(is_open)),
    }
    if is_open:
        whole = bool(luns) and (protect or all(map(is_readonly, objects)))
        attributes["demo_mode_write_protect"] = str(int(whole))
    mapped = {
        number: MappedLun(number, number, write_protect=protect or is_readonly(so))
        for number, so in zip(numbers, objects, strict=True)
    }
    acls = (
        {}
        if is_open
        else {
            wwn: NodeAcl(wwn, mapped, auth=auth or Auth())
            for wwn in draw(st.lists(st.sampled_from(HOSTS), min_size=1, unique=True))
        }
    )
    portals = {"[::0]:3260": Portal("[::0]", 3260)}
    parameters = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "HeaderDigest": st.sampled_from(["CRC32C", "CRC32C,None"]),
                "MaxBurstLength": st.just("131072"),
            },
        )
    )
    return Tpg(
        1,
        enable=True,
        attributes=attributes,
        parameters=parameters,
        auth=auth if is_open and auth else Auth(),
        luns=luns,
        portals=portals,
        acls=acls,
    )


@st.composite
def configs(draw: st.DrawFn, *, scst: bool) -> Config:
    count = draw(st.integers(1, 4))
    objects = [draw(storage_objects(number, scst=scst)) for number in range(count)]
    targets: dict[Key, Target] = {}
    for number in range(draw(st.integers(1, 2))):
        tpg = draw(tpgs(objects, scst=scst))
        target = Target("iscsi", f"{IQN}{number}", {1: draw(scst_only(tpg)) if scst else tpg})
        targets[target.key] = target
    found = Config({so.key: so for so in objects}, targets)
    discovery = draw(st.none() | auths())
    if discovery:
        settings = FabricSettings("iscsi", discovery, discovery_enable=True)
        found = replace(found, fabrics={"iscsi": settings})
    return found


# -- what SCST can express beyond ------------------------------------------------------------


@st.composite
def scst_only(draw: st.DrawFn, tpg: Tpg) -> Tpg:
    tpg = replace(tpg, enable=draw(st.booleans()))
    if draw(st.booleans()):
        tpg = replace(tpg, files={"rtpi": "7"})
    if draw(st.booleans()):
        portals = [Portal("192.0.2.1", 3260), Portal("[2001:db8::1]", 3260)]
        tpg = replace(tpg, portals={portal.name: portal for portal in portals})
    if draw(st.booleans()):
        alias = draw(st.sampled_from(["one", "Store #1", "back\\slash", "a\\#b c"]))
        tpg = replace(tpg, parameters={**tpg.parameters, "TargetAlias": alias})
    if draw(st.booleans()):
        tpg = replace(tpg, attributes={**tpg.attributes, "default_cmdsn_depth": "32"})
    if tpg.attributes["generate_node_acls"] == "1" and draw(st.booleans()):
        return replace(tpg, acls=draw(other_views(tpg)))
    return tpg


@st.composite
def other_views(draw: st.DrawFn, tpg: Tpg) -> dict[str, NodeAcl]:
    """Return ACLs that map some LUNs of an open target, under other numbers."""
    found = {}
    for wwn in HOSTS[:2]:
        chosen = draw(st.lists(st.sampled_from(sorted(tpg.luns)), unique=True))
        mapped = {
            number: MappedLun(number, lun, write_protect=True)
            for number, lun in enumerate(chosen, draw(st.integers(0, 3)))
        }
        found[wwn] = NodeAcl(wwn, mapped, auth=tpg.auth)
    return found


@given(configs(scst=True))
def test_scst(config: Config) -> None:
    found = again("scst", config)
    assert savefile.dumps(found.config) == savefile.dumps(config)
    assert found.config == config
    assert not found.loses
    assert not [one for one in exported("scst", config).remarks if one.severity == "lost"]


@given(configs(scst=False))
def test_tgt(config: Config) -> None:
    found = again("tgt", config)
    assert savefile.dumps(found.config) == savefile.dumps(config)
    assert found.config == config
    assert not found.loses
    assert not [one for one in exported("tgt", config).remarks if one.severity == "lost"]


def test_alua_in_scst() -> None:
    so = StorageObject(
        "a",
        Block("/dev/vg0/a"),
        "5" * 25,
        alua_groups={
            "here": AluaGroup("here", 1, {"alua_access_type": "3", "alua_access_state": "0"}),
            "there": AluaGroup(
                "there", 2, {"alua_access_type": "3", "alua_access_state": "2", "preferred": "1"}
            ),
        },
    )
    attributes = {
        "authentication": "0",
        "cache_dynamic_acls": "1",
        "demo_mode_write_protect": "0",
        "generate_node_acls": "1",
    }
    tpg = Tpg(
        1,
        enable=True,
        attributes=attributes,
        luns={0: Lun(0, so.key, alua_group="there")},
        portals={"[::0]:3260": Portal("[::0]", 3260)},
    )
    config = Config({so.key: so}, {("iscsi", IQN): Target("iscsi", IQN, {1: tpg})})
    assert again("scst", config).config == config


@pytest.mark.parametrize("fabric", ["qla2xxx", "tcm_fc", "loopback", "srpt"])
def test_other_fabrics_in_scst(fabric: str) -> None:
    so = StorageObject("a", Block("/dev/vg0/a"), "5" * 25)
    wwn = "ib.fe800000000000000002c9030005f34b" if fabric == "srpt" else "naa.5001405000000001"
    host = "ib.fe800000000000000002c9030005f34c" if fabric == "srpt" else "naa.5001438000000001"
    acls = {} if fabric == "loopback" else {host: NodeAcl(host, {3: MappedLun(3, 3)})}
    closed = {"cache_dynamic_acls": "0", "generate_node_acls": "0"}
    attributes = closed if fabric == "qla2xxx" else {}
    tpg = Tpg(1, enable=True, attributes=attributes, luns={3: Lun(3, so.key)}, acls=acls)
    config = Config({so.key: so}, {(fabric, wwn): Target(fabric, wwn, {1: tpg})})
    assert again("scst", config).config == config


# -- what a format cannot express ------------------------------------------------------------


def lost(found: Exported) -> list[str]:
    return [f"{one.path} {one.text}" for one in found.remarks if one.severity == "lost"]


def open_target(**luns: StorageObject) -> Config:
    attributes = {"authentication": "0", "generate_node_acls": "1"}
    tpg = Tpg(
        1,
        enable=True,
        attributes=attributes,
        luns={int(name[1:]): Lun(int(name[1:]), so.key) for name, so in luns.items()},
        portals={"[::0]:3260": Portal("[::0]", 3260)},
    )
    objects = {so.key: so for so in luns.values()}
    return Config(objects, {("iscsi", IQN): Target("iscsi", IQN, {1: tpg})})


def test_disks_that_others_have_not() -> None:
    config = open_target(
        l1=StorageObject("r", RamDisk(4096)), l2=StorageObject("p", Pscsi("1:0:0:0"))
    )
    assert lost(exported("scst", config)) == [
        "/backstores/ramdisk/r SCST has nothing like a ramdisk: it is left out"
    ]
    assert "DEVICE 1:0:0:0" in exported("scst", config).text
    assert len(lost(exported("tgt", config))) == 2


def test_lun_0_of_tgt_is_its_controller() -> None:
    one, two = (StorageObject(name, Block(f"/dev/vg0/{name}"), name) for name in "ab")
    found = exported("tgt", open_target(l0=one, l1=two))
    changed = [one.text for one in found.remarks if one.severity == "changed"]
    assert changed == ["LUN 0 becomes LUN 2: tgt has its controller there"]


def closed(auth: Auth, acls: dict[str, NodeAcl], authentication: str) -> Config:
    so = StorageObject("a", Block("/dev/vg0/a"), "a")
    tpg = Tpg(
        1,
        enable=True,
        attributes={"authentication": authentication, "generate_node_acls": "0"},
        auth=auth,
        luns={1: Lun(1, so.key)},
        portals={"[::0]:3260": Portal("[::0]", 3260)},
        acls=acls,
    )
    return Config({so.key: so}, {("iscsi", IQN): Target("iscsi", IQN, {1: tpg})})


@pytest.mark.parametrize("name", ["scst", "tgt"])
def test_a_target_is_never_more_open_than_it_was(name: str) -> None:
    """Without a user or an initiator, both would admit all."""
    acl = NodeAcl(HOSTS[0], {1: MappedLun(1, 1)})
    found = exported(name, closed(Auth(), {HOSTS[0]: acl}, "1"))
    assert "authentication=1 without a user" in lost(found)[0]
    assert f"TARGET {IQN} {{\n\t\tenabled 0" in found.text or f"<target {IQN}>" not in found.text
    found = exported(name, closed(Auth("joe", "joesecret1234"), {}, "0"))
    assert "LUN 1" not in found.text and f"<target {IQN}>" not in found.text
    config = open_target(l1=StorageObject("a", Block("/dev/vg0/a"), "a"))
    target = config.targets["iscsi", IQN]
    without = replace(target, tpgs={1: replace(target.tpgs[1], portals={})})
    found = exported(name, replace(config, targets={target.key: without}))
    assert "portal" in lost(found)[0]
    assert f"TARGET {IQN} {{\n\t\tenabled 0" in found.text or f"<target {IQN}>" not in found.text


@pytest.mark.parametrize("name", ["scst", "tgt"])
@pytest.mark.parametrize(
    ("auth", "own"),
    [(Auth("joe", 'joe"secret12'), {}), (Auth(), {"authentication": "1"})],
    ids=["no-word", "own-setting"],
)
def test_no_target_loses_its_login(name: str, auth: Auth, own: dict[str, str]) -> None:
    """Neither by a secret that the format cannot hold, nor if only an ACL requires CHAP."""
    acl = NodeAcl(HOSTS[0], {1: MappedLun(1, 1)}, auth=auth, attributes=own)
    found = exported(name, closed(Auth(), {HOSTS[0]: acl}, "0" if own else "1"))
    assert any("authentication=1 without a user" in text for text in lost(found))
    assert f"TARGET {IQN} {{\n\t\tenabled 0" in found.text or f"<target {IQN}>" not in found.text


@pytest.mark.parametrize("name", ["scst", "tgt"])
@pytest.mark.parametrize("wwn", ["iqn.2001-01.org.x:*", "iqn.2001-01.org.x:a#b", "iqn.2001-01.x:{"])
def test_a_name_that_others_read_otherwise_is_left_out(name: str, wwn: str) -> None:
    acls = {one: NodeAcl(one, {1: MappedLun(1, 1)}) for one in (HOSTS[0], wwn)}
    found = exported(name, closed(Auth(), acls, "0"))
    assert wwn.rpartition(":")[0] not in found.text and HOSTS[0] in found.text
    assert any(one.path.endswith(f"/acls/{wwn}") for one in found.remarks)
    found = exported(name, closed(Auth(), {wwn: acls[wwn]}, "0"))
    assert "initiator" not in found.text and "LUN 1 " not in found.text
    config = closed(Auth(), {HOSTS[0]: acls[HOSTS[0]]}, "0")
    (target,) = config.targets.values()
    found = exported(name, replace(config, targets={("iscsi", wwn): replace(target, wwn=wwn)}))
    assert wwn not in found.text


def test_portals_of_scst_are_addresses() -> None:
    config = open_target(l1=StorageObject("a", Block("/dev/vg0/a"), "a"))
    target = config.targets["iscsi", IQN]
    portals = [Portal("192.0.2.1", 3261), Portal("[2001:db8::1]", 3260)]
    tpg = replace(target.tpgs[1], portals={portal.name: portal for portal in portals})
    found = exported("scst", replace(config, targets={target.key: replace(target, tpgs={1: tpg})}))
    assert "\t\tallowed_portal 192.0.2.1\n\t\tallowed_portal 2001:db8::1\n" in found.text
    assert [one.cure for one in found.remarks if one.severity == "changed"] == [
        "start it with -p 3261"
    ]


def test_luns_of_single_initiators_in_tgt() -> None:
    acls = {
        HOSTS[0]: NodeAcl(HOSTS[0], {1: MappedLun(1, 1)}),
        HOSTS[1]: NodeAcl(HOSTS[1], {2: MappedLun(2, 1)}),
    }
    found = exported("tgt", closed(Auth(), acls, "0"))
    assert len(lost(found)) == 2 and "backing-store" not in found.text


@pytest.mark.parametrize("name", ["scst", "tgt"])
def test_the_product_is_the_name_that_lio_shows(name: str) -> None:
    config = open_target(
        l1=StorageObject("a", Block("/dev/vg0/a"), "a", {"emulate_model_alias": "1"})
    )
    assert not lost(exported(name, config))
    (so,) = again(name, config).config.storage_objects.values()
    assert so.identity == {"product_id": "a"}


def test_settings_that_differ_from_the_default_are_lost() -> None:
    so = StorageObject("a", Block("/dev/vg0/a"), "a", {"emulate_caw": "0", "emulate_3pc": "1"})
    config = open_target(l1=so)
    for name in ("scst", "tgt"):
        assert lost(exported(name, config)) == [
            "/backstores/block/a emulate_caw=0 cannot be expressed"
        ]


@pytest.mark.parametrize("name", ["scst", "tgt"])
@pytest.mark.parametrize("path", [*SAMPLES, None], ids=lambda path: path.stem if path else "whole")
def test_samples(name: str, path: Path | None) -> None:
    """Each object is exported or named in a remark; then nothing changes any more."""
    config = savefile.loads(path.read_text(), "the file").config if path else WHOLE
    found = exported(name, config)
    remarks = " ".join(f"{one.path} {one.text}" for one in found.remarks)
    for so in config.storage_objects.values():
        assert so.path in remarks or so.backing.udev_path in found.text
    for target in config.targets.values():
        assert f"/{target.fabric}/{target.wwn}" in remarks or target.wwn in found.text
    first = again(name, config).config
    assert savefile.dumps(again(name, first).config) == savefile.dumps(first)
