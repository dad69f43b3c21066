# SPDX-License-Identifier: Apache-2.0
"""The rules of check: each is provoked, and all are silent about a good configuration."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.checks import backing as of_backing
from rtslib_ext.checks import rules
from rtslib_ext.checks.facts import DifferingFragment, Facts, Files
from rtslib_ext.checks.rule import Finding, Needs, Rule, Severity
from rtslib_ext.config.backing import Block, FileIO, RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.host import devices, disk_identity, lvm, network, system
from rtslib_ext.usage import hazards, host_paths
from rtslib_ext.usage.host_paths import HostPaths
from targetcli.views import checks as view

IQN = "iqn.2003-01.org.example:store"
TPG = f"/iscsi/{IQN}/tpg1"
HOST, OTHER = "iqn.2003-01.org.example:host1", "iqn.2003-01.org.example:host2"
SECRETS = ("aZ3kLm9QxT4pRs7v", "Qw8nBv5CtY2hJk6d", "Mp4dFz7GsX9rTc3w")
ACL, OTHER_ACL = f"{TPG}/acls/{HOST}", f"{TPG}/acls/{OTHER}"
DISK = "/backstores/fileio/disk1"


def acl(wwn: str = HOST, secret: str = SECRETS[0], **more: object) -> NodeAcl:
    """An initiator with a secret, that sees LUN 0."""
    auth = Auth("anna", secret, "store", SECRETS[2]) if secret else Auth()
    values: dict[str, object] = {"mapped_luns": {0: MappedLun(0, 0)}, "auth": auth, **more}
    return NodeAcl(wwn, **values)  # type: ignore[arg-type]


def configuration(
    *acls: NodeAcl, attributes: dict[str, str] | None = None, **more: object
) -> Config:
    """A file that is exported to the initiators; ``more`` are parts of the TPG."""
    so = more.pop("so", None) or StorageObject(
        "disk1", FileIO("/srv/disk1.img", 1 << 20), "4f6a", {"emulate_write_cache": "0"}
    )
    assert isinstance(so, StorageObject)
    values: dict[str, object] = {
        "enable": True,
        "attributes": {
            "authentication": "1",
            "generate_node_acls": "0",
            "cache_dynamic_acls": "0",
            "demo_mode_write_protect": "1",
            **(attributes or {}),
        },
        "luns": {0: Lun(0, so.key, alua_group="default_tg_pt_gp")},
        "portals": {"192.0.2.10:3260": Portal("192.0.2.10", 3260)},
        "acls": {one.wwn: one for one in acls or (acl(),)},
        **more,
    }
    target = Target("iscsi", IQN, {1: Tpg(1, **values)})  # type: ignore[arg-type]
    return Config({so.key: so}, {target.key: target})


@pytest.fixture(autouse=True)
def good_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host has addresses, and its kernel the iSCSI target."""
    monkeypatch.setattr(system, "is_loaded", lambda name: True)
    known = ("192.0.2.10", "192.0.2.11", "127.0.0.1", "::0", "0.0.0.0")
    monkeypatch.setattr(network, "has_address", lambda address: address in known)
    monkeypatch.setattr(network, "addresses", lambda: ["192.0.2.10", "192.0.2.11"])


def found(facts: Facts, name: str) -> list[Finding]:
    """What one rule finds."""
    (rule,) = (rule for rule in rules.RULES if rule.name == name)
    return [one for _, one in rules.findings(facts, [rule])]


def in_config(config: Config, name: str) -> Finding:
    """The one finding of a rule, which no other configuration has."""
    assert found(Facts(configuration()), name) == []
    (one,) = found(Facts(config), name)
    return one


def lines(one: Finding) -> list[str]:
    return [view.command(words) for words in one.commands]


# -- all of them ------------------------------------------------------------------------------


def test_a_good_configuration(tmp_path: Path) -> None:
    """On a host with nothing wrong, and by a rule about each of the kinds of facts."""
    so = _file(tmp_path)
    path = tmp_path / "saveconfig.json"
    path.touch(mode=0o600)
    facts = Facts(configuration(so=so), files=Files((str(path),), (str(tmp_path),)))
    config_and_host = rules.selected(facts)
    assert rules.findings(facts, config_and_host) == []
    kinds = {rule.needs for rule in config_and_host}
    assert kinds == {Needs.CONFIG, Needs.HOST}
    alone = rules.selected(facts, host=False)
    assert {rule.needs for rule in alone} == {Needs.CONFIG}


def _file(folder: Path, size: int = 1 << 20, name: str = "disk1") -> StorageObject:
    path = folder / f"{name}.img"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    return StorageObject(name, FileIO(str(path), size), "4f6a", {"emulate_write_cache": "0"})


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_a_rule_is_described(rule: Rule) -> None:
    assert rule.name == rule.name.lower() and " " not in rule.name
    for text in (rule.meaning, rule.cure):
        assert text.endswith(".") and "  " not in text and text[0].isupper()


def test_names_are_unique() -> None:
    names = [rule.name for rule in rules.RULES]
    assert len(names) == len(set(names))


def test_every_rule_is_provoked_by_a_test() -> None:
    folder = Path(__file__).parents[1]
    texts = [
        (folder / name).read_text()
        for name in ("unit/test_checks.py", "unit/test_peer.py", "kernel/commands/test_check.py")
    ]
    assert [rule.name for rule in rules.RULES if f'"{rule.name}"' not in "".join(texts)] == []


def test_selection() -> None:
    facts = Facts(configuration())
    errors = rules.selected(facts, least=Severity.ERROR)
    assert {rule.severity for rule in errors} == {Severity.ERROR}
    assert "weak-secret" in [rule.name for rule in rules.selected(facts, least=Severity.WARNING)]
    named = [rule.name for rule in rules.selected(facts, ignored=["weak-secret"])]
    assert "weak-secret" not in named and "reused-secret" in named


def test_a_rule_that_cannot_be_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are."""
    config = with_objects(StorageObject("x", FileIO("/nosuch", 1), "1"))

    def fails(folder: str) -> list[str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)

    monkeypatch.setattr(of_backing, "_names", fails)
    applied = [rule for rule in rules.RULES if rule.name in ("missing-backing", "no-portal")]
    facts = Facts(replace(config, targets=configuration(portals={}).targets))
    found = {rule.name: one for rule, one in rules.findings(facts, applied)}
    assert found["no-portal"].path == TPG
    assert found["missing-backing"].text == (
        "the rule missing-backing could not be applied: /: permission denied"
    )


# -- access -----------------------------------------------------------------------------------

OPEN = {"authentication": "0", "generate_node_acls": "1", "demo_mode_write_protect": "0"}


def test_writable_demo_mode() -> None:
    one = in_config(configuration(attributes=OPEN), "writable-demo-mode")
    assert (one.path, one.text) == (
        TPG,
        "any initiator may log in without a secret and write to its LUN",
    )
    assert lines(one) == [
        f"targetcli {TPG}/acls pin",
        f"targetcli {TPG} set attribute generate_node_acls=0",
    ]
    for attributes in (
        {**OPEN, "demo_mode_write_protect": "1"},
        {**OPEN, "authentication": "1"},
        {**OPEN, "generate_node_acls": "0"},
    ):
        assert found(Facts(configuration(attributes=attributes)), "writable-demo-mode") == []


@pytest.mark.parametrize(
    "more",
    [{"enable": False}, {"luns": {}}, {"portals": {"127.0.0.1:3260": Portal("127.0.0.1", 3260)}}],
)
def test_demo_mode_that_no_other_host_can_use(more: dict[str, object]) -> None:
    facts = Facts(configuration(attributes=OPEN, **more))
    assert found(facts, "writable-demo-mode") == []


def test_other_demo_modes() -> None:
    read_only = configuration(attributes={**OPEN, "demo_mode_write_protect": "1"})
    assert in_config(read_only, "readable-demo-mode").text.endswith("and read its LUN")
    cached = configuration(attributes={"cache_dynamic_acls": "1"})
    one = in_config(cached, "cached-demo-mode")
    assert lines(one) == [f"targetcli {TPG} set attribute cache_dynamic_acls=0"]


def test_defaults_of_the_kernel_stand_in_for_missing_attributes() -> None:
    """As a file by hand has none: demo mode is off on iSCSI, and on with Fibre Channel."""
    config = configuration(acl(secret=""))
    (target,) = config.targets.values()
    bare = replace(target, tpgs={1: replace(target.tpgs[1], attributes={})})
    assert found(Facts(replace(config, targets={bare.key: bare})), "writable-demo-mode") == []
    (one,) = found(Facts(replace(config, targets={bare.key: bare})), "no-credentials")
    assert one.path == ACL
    lun = bare.tpgs[1].luns
    fibre = Target("qla2xxx", "naa.2100000000000001", {1: Tpg(1, attributes={}, luns=lun)})
    facts = Facts(replace(config, targets={fibre.key: fibre}))
    assert found(facts, "writable-demo-mode") == []


def test_no_authentication() -> None:
    config = configuration(acl(), acl(OTHER, ""), attributes={"authentication": "0"})
    one = in_config(config, "no-authentication")
    assert one.text == (
        "2 initiators are let in without a secret, and names are not secret; 1 of them has one set"
    )
    assert lines(one) == [
        f"targetcli {OTHER_ACL} set auth userid={OTHER} password=@new",
        f"targetcli {TPG} set attribute authentication=1",
    ]
    grouped = configuration(acl(OTHER, "", tag="db"), attributes={"authentication": "0"})
    assert " userid=db " in lines(in_config(grouped, "no-authentication"))[0]
    own = acl(OTHER, SECRETS[1], attributes={"authentication": "0"})
    one = in_config(configuration(acl(), own), "no-authentication")
    assert one.path == OTHER_ACL and one.text.startswith("it is let in without a secret, unlike")
    assert lines(one) == [f"targetcli {OTHER_ACL} set attribute authentication=1"]
    stricter = acl(attributes={"authentication": "1"})
    strict = configuration(stricter, attributes={"authentication": "0"})
    assert found(Facts(strict), "no-authentication") == []


@pytest.mark.parametrize(
    ("auth", "text", "command"),
    [
        (Auth(), "neither userid nor password", f"userid={HOST} password=@new"),
        (Auth("anna"), "no password", "userid=anna password=@new"),
        (Auth("", "x"), "no userid", f"userid={HOST} password=@new"),
    ],
)
def test_no_credentials(auth: Auth, text: str, command: str) -> None:
    one = in_config(configuration(acl(auth=auth)), "no-credentials")
    assert one.path == ACL and text in one.text
    assert lines(one) == [f"targetcli {ACL} set auth {command}"]


@pytest.mark.parametrize(
    ("auth", "text", "command"),
    [
        (
            Auth("a", "b", "c"),
            "mutual_userid is set without mutual_password, ",
            "mutual_password=@new",
        ),
        (
            Auth("a", "b", "", "c"),
            "mutual_password is set without mutual_userid, ",
            f"mutual_userid={HOST}",
        ),
    ],
)
def test_half_mutual(auth: Auth, text: str, command: str) -> None:
    one = in_config(configuration(acl(auth=auth)), "half-mutual")
    assert one.path == ACL and one.text.startswith(text)
    assert lines(one) == [f"targetcli {ACL} set auth {command}"]
    assert found(Facts(configuration(acl(auth=auth))), "no-credentials") == []


def test_no_credentials_for_guests_and_discovery() -> None:
    config = configuration(attributes={"generate_node_acls": "1"})
    one = in_config(config, "no-credentials")
    assert one.path == TPG and one.text.endswith("no initiator without an ACL can log in")
    settings = FabricSettings("iscsi", Auth(), discovery_enable=True)
    one = in_config(replace(configuration(), fabrics={"iscsi": settings}), "no-credentials")
    assert one.path == "/iscsi"
    assert lines(one) == [
        "targetcli /iscsi set discovery_auth userid=discovery password=@new",
    ]


# -- secrets ----------------------------------------------------------------------------------


def test_equal_secrets() -> None:
    equal = acl(auth=Auth("anna", SECRETS[0], "store", SECRETS[0]))
    one = in_config(configuration(equal), "equal-secrets")
    assert lines(one) == [f"targetcli {ACL} set auth mutual_password=@new"]
    assert found(Facts(configuration(equal)), "reused-secret") == []


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("short", "is shorter than the 12 characters of RFC 7143"),
        (HOST, "is a name that is sent in clear text"),
        ("abababababab", "is easily guessed"),
        ("password1234", "is easily guessed"),
        ("secretsecret", "is easily guessed"),
        ("123456789012", "is easily guessed"),
        ("abcdefghijkl", "is easily guessed"),
    ],
)
def test_weak_secrets(secret: str, why: str) -> None:
    one = in_config(configuration(acl(secret=secret)), "weak-secret")
    assert (one.path, one.text) == (ACL, f"password {why}")
    assert lines(one) == [f"targetcli {ACL} set auth password=@new"]


def test_a_weak_secret_of_one_of_a_tag() -> None:
    """A command for the tag would give the others the same secret."""
    config = configuration(acl(secret="short", tag="web"), acl(OTHER, tag="web"))
    one = in_config(config, "weak-secret")
    assert lines(one) == [f"targetcli {ACL} set auth password=@new"]
    config = configuration(acl(secret="short", tag="web"), acl(OTHER, "short", tag="web"))
    one = found(Facts(config), "weak-secret")[0]
    assert lines(one) == [f"targetcli {TPG}/acls/web set auth password=@new"]


def test_reused_secrets() -> None:
    config = configuration(acl(), acl(OTHER))
    one, mutual = found(Facts(config), "reused-secret")
    assert (one.path, one.text) == (
        ACL,
        f"its password is also that of {OTHER_ACL}: each of them can pose as the others",
    )
    assert lines(one) == [f"targetcli {OTHER_ACL} set auth password=@new"]
    assert "its mutual_password is also that of" in mutual.text
    crossed = acl(OTHER, SECRETS[2], auth=Auth("b", SECRETS[2]))
    (one,) = found(Facts(configuration(acl(), crossed)), "reused-secret")
    assert f"its mutual_password is also the password of {OTHER_ACL}" in one.text


def test_one_host_may_use_a_secret_twice() -> None:
    """An initiator at two targets, and initiators with one tag."""
    first, second = acl(tag="web"), acl(OTHER, tag="web")
    assert found(Facts(configuration(first, second)), "reused-secret") == []
    config = configuration()
    (target,) = config.targets.values()
    more = replace(target, wwn=f"{IQN}2")
    both = replace(config, targets={target.key: target, more.key: more})
    assert found(Facts(both), "reused-secret") == []


def test_no_finding_contains_a_secret() -> None:
    secrets = ("geheim", "geheim2geheim2", SECRETS[0])
    settings = FabricSettings("iscsi", Auth("d", secrets[1], "e", secrets[1]), True)
    config = configuration(
        acl(auth=Auth("a", secrets[0], "b", secrets[0])),
        acl(OTHER, auth=Auth("a", secrets[2], "b", secrets[1])),
        attributes=OPEN,
        auth=Auth("t", secrets[2], "u", secrets[0]),
    )
    facts = Facts(replace(config, fabrics={"iscsi": settings}))
    every = rules.findings(facts, rules.RULES)
    names = {rule.name for rule, _ in every}
    assert {"equal-secrets", "weak-secret", "reused-secret"} <= names
    text = str(view.data(every, [], None)) + repr(every)
    assert not [secret for secret in secrets if secret in text]


# -- portals ----------------------------------------------------------------------------------


def test_portals() -> None:
    one = in_config(configuration(portals={}), "no-portal")
    assert lines(one) == [f"targetcli {TPG}/portals create"]
    gone = configuration(portals={"192.0.2.99:3260": Portal("192.0.2.99", 3260)})
    one = in_config(gone, "portal-address")
    assert one.path == f"{TPG}/portals/192.0.2.99:3260"
    assert lines(one) == [f"targetcli {TPG}/portals delete 192.0.2.99 3260"]


def test_portal_on_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    config = configuration(portals={"[::0]:3260": Portal("[::0]", 3260)})
    one = in_config(config, "portal-wildcard")
    assert "all 2 addresses of this host: 192.0.2.10, 192.0.2.11" in one.text
    assert lines(one) == [
        f"targetcli {TPG}/portals delete ::0 3260",
        f"targetcli {TPG}/portals create 192.0.2.10 3260",
    ]
    monkeypatch.setattr(network, "addresses", lambda: ["192.0.2.10"])
    assert found(Facts(config), "portal-wildcard") == []


# -- storage ----------------------------------------------------------------------------------


def with_objects(*objects: StorageObject) -> Config:
    config = configuration()
    return replace(config, storage_objects={so.key: so for so in objects})


def test_same_identifier() -> None:
    config = with_objects(*configuration().storage_objects.values(), _ram("r1", "4F6A"))
    one = in_config(config, "same-identifier")
    assert one.path == "/backstores/ramdisk/r1"
    (command,) = lines(one)
    assert command.startswith(f"targetcli {one.path} set identity vpd_unit_serial=")
    assert found(Facts(config), "same-identifier") == [one], "the same serial each time"


def _ram(name: str, wwn: str, *, nullio: bool = False) -> StorageObject:
    return StorageObject(name, RamDisk(1 << 20, nullio=nullio), wwn)


def test_commands_that_need_the_object_for_themselves() -> None:
    """Its LUNs are deleted first, and created again with all that they had."""
    disk = StorageObject(
        "disk1",
        FileIO("/srv/disk1.img", 1 << 20, write_back=True),
        "4f6a",
        {"emulate_write_cache": "1", "emulate_tpu": "1", "block_size": "512"},
        {"standby": AluaGroup("standby", 7)},
    )
    guarded = acl(mapped_luns={5: MappedLun(5, 0, write_protect=True)})
    lun = Lun(0, disk.key, alua_group="standby")
    config = configuration(guarded, so=disk, luns={0: lun})
    one = in_config(config, "volatile-cache")
    assert one.help == "its initiators are interrupted, and each write then waits for the disk"
    assert lines(one) == [
        f"targetcli {TPG}/luns delete 0",
        "targetcli /backstores/fileio delete disk1",
        "targetcli /backstores/fileio create disk1 /srv/disk1.img 1048576 write_back=false "
        "wwn=4f6a",
        f"targetcli {DISK} set attribute emulate_tpu=1",
        f"targetcli {TPG}/luns create {DISK} 0 add_mapped_luns=false",
        f"targetcli {TPG}/luns/lun0 set alua alua_tg_pt_gp_name=standby",
        f"targetcli {ACL} create 5 0 write_protect=true",
    ]


def test_hidden_cache() -> None:
    disk = StorageObject(
        "disk1", FileIO("/srv/disk1.img", 1, write_back=True), "1", {"emulate_write_cache": "0"}
    )
    one = in_config(configuration(so=disk), "hidden-cache")
    assert lines(one) == [f"targetcli {DISK} set attribute emulate_write_cache=1"]


def test_shared_backing(tmp_path: Path) -> None:
    first = _file(tmp_path)
    assert isinstance(first.backing, FileIO)
    (tmp_path / "link.img").symlink_to(first.backing.dev)
    second = replace(
        first, name="disk2", backing=replace(first.backing, dev=str(tmp_path / "link.img"))
    )
    one = in_config(with_objects(first, second), "shared-backing")
    assert one.path == "/backstores/fileio/disk2" and f"as {first.path}" in one.text
    assert found(Facts(with_objects(first)), "shared-backing") == []


def test_hazards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = in_config(with_objects(_ram("r1", "1", nullio=True)), "nullio")
    assert one.path == "/backstores/ramdisk/r1"
    unmapped = replace(_file(tmp_path), attributes={"emulate_tpu": "1"})
    monkeypatch.setattr(hazards, "unmap", lambda file: "no holes")
    one = in_config(with_objects(unmapped), "unmap-fails")
    assert lines(one) == [f"targetcli {DISK} set attribute emulate_tpu=0"]


def test_setting_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("", "", "7.2.7", "", "")))
    disk = StorageObject("disk1", FileIO("/srv/x", 1), "1", {"complete_type": "1"})
    one = in_config(configuration(so=disk), "no-effect")
    assert lines(one) == [f"targetcli {DISK} set attribute complete_type=default"]


# -- backing ----------------------------------------------------------------------------------


def test_missing_backing(tmp_path: Path) -> None:
    so = _file(tmp_path)
    assert isinstance(so.backing, FileIO)
    assert found(Facts(with_objects(so)), "missing-backing") == []
    os.unlink(so.backing.dev)
    (one,) = found(Facts(with_objects(so)), "missing-backing")
    assert one.text == f"it cannot be restored: {so.backing.dev} does not exist"
    assert (one.help, one.commands) == (f"make it available, or {DISK} replace DEVICE", ())


def test_renamed_backing(tmp_path: Path) -> None:
    """The only other file of this size in the directory may be it."""
    so = _file(tmp_path)
    assert isinstance(so.backing, FileIO)
    renamed = tmp_path / "old.img"
    os.rename(so.backing.dev, renamed)
    (tmp_path / "note").write_text("of another size")
    (one,) = found(Facts(with_objects(so)), "missing-backing")
    assert f"; {renamed} may be it" in one.text
    assert lines(one) == [f"targetcli {DISK} replace {renamed}"]
    (tmp_path / "third.img").write_bytes(renamed.read_bytes())
    (one,) = found(Facts(with_objects(so)), "missing-backing")
    assert one.commands == ()


def test_renamed_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    so = StorageObject("b1", Block("/dev/nosuch"), "1")
    identity = {"wwid": "naa.5000", "size": "4096"}
    (tmp_path / "wwn-0x5000").touch()
    (tmp_path / "wwn-0x5001").touch()
    monkeypatch.setattr(of_backing, "_BY_ID", str(tmp_path))
    monkeypatch.setattr(
        disk_identity, "read", lambda path: {"wwid": f"naa.{path[-4:]}"} if "wwn" in path else {}
    )
    saved = savefile.Loaded(Config(), (), identities={so.path: identity})
    (one,) = found(Facts(with_objects(so), saved=saved), "missing-backing")
    assert lines(one) == [f"targetcli {so.path} replace {tmp_path}/wwn-0x5000"]


def test_another_device(tmp_path: Path) -> None:
    so = _file(tmp_path)
    assert isinstance(so.backing, FileIO)
    identity = disk_identity.read(so.backing.dev)

    def facts(**other: str) -> Facts:
        saved = savefile.Loaded(Config(), (), identities={so.path: {**identity, **other}})
        return Facts(with_objects(so), saved=saved)

    assert found(facts(), "another-device") == []
    (one,) = found(facts(size=str(2 << 20)), "another-device")
    assert "is not the file that was saved: its size is" in one.text


def test_changing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lasting = "/dev/disk/by-id/wwn-0x5000"
    monkeypatch.setattr(
        disk_identity, "lasting_name", lambda path: lasting if path == "/dev/sdb" else ""
    )
    so = StorageObject("b1", Block("/dev/sdb", readonly=True), "1")
    one = in_config(with_objects(so), "changing-name")
    assert lines(one) == [
        "targetcli /backstores/block delete b1",
        f"targetcli /backstores/block create b1 {lasting} readonly=true wwn=1",
    ]


def test_volumes_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = os.stat("/dev/null").st_rdev
    monkeypatch.setattr(devices, "_UDEV", str(tmp_path))
    monkeypatch.setattr(lvm, "_FOLDER", str(tmp_path / "lvm"))
    entry = tmp_path / f"b{os.major(number)}:{os.minor(number)}"
    entry.write_text("S:x\nE:ID_FS_TYPE=LVM2_member\nE:ID_FS_VERSION=LVM2 001\n")
    config = with_objects(StorageObject("b1", Block("/dev/null"), "1"))
    one = in_config(config, "lvm-inside")
    assert one.path == "/backstores/block/b1" and '"r|^/dev/null$|"' in one.help
    (tmp_path / "lvm/devices").mkdir(parents=True)
    (tmp_path / "lvm/lvm.conf").write_text("devices {\n# global_filter = []\n}\n")
    assert found(Facts(config), "lvm-inside") == [one]
    (tmp_path / "lvm/lvmlocal.conf").write_text("devices {\n  global_filter=[]\n}\n")
    assert found(Facts(config), "lvm-inside") == []
    (tmp_path / "lvm/lvmlocal.conf").unlink()
    (tmp_path / "lvm/devices/system.devices").touch()
    assert found(Facts(config), "lvm-inside") == []
    entry.write_text("E:ID_FS_TYPE=ext4\n")
    (tmp_path / "lvm/devices/system.devices").unlink()
    assert found(Facts(config), "lvm-inside") == []


def test_open_backing_file(tmp_path: Path) -> None:
    so = _file(tmp_path)
    assert isinstance(so.backing, FileIO)
    file = Path(so.backing.dev)
    file.chmod(0o644)
    one = in_config(with_objects(so), "open-backing-file")
    assert f"every user of this host can read {file} (mode 0644)" == one.text
    assert lines(one) == [f"chmod o-rwx {file}"]
    os.system(lines(one)[0])
    assert found(Facts(with_objects(so)), "open-backing-file") == []
    file.chmod(0o602)
    assert "can write" in found(Facts(with_objects(so)), "open-backing-file")[0].text


def test_full_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = []
    for number in range(5):
        path = tmp_path / f"thin{number}"
        with open(path, "wb") as file:
            file.truncate(100 << 20)
        objects.append(StorageObject(f"thin{number}", FileIO(str(path), 100 << 20), f"{number}"))
    facts = Facts(with_objects(*objects))

    def free(mebibytes: int) -> list[Finding]:
        values = (1 << 20, 1 << 20, 1000, mebibytes, mebibytes, 0, 0, 0, 0, 255)
        monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(values))
        return found(facts, "full-file-system")

    (one,) = free(60)
    assert one.path == "/backstores/fileio/thin0"
    assert "its file (with /backstores/fileio/thin1, /backstores/fileio/thin2 and 2 more)" in (
        one.text
    )
    assert "may grow by 500 MiB" in one.text and "has 60 of 1000 MiB free" in one.text
    assert free(100) == [] and free(499) == []


# -- hosts ------------------------------------------------------------------------------------


def shared(*acls: NodeAcl, **more: str) -> Config:
    disk = StorageObject("disk1", FileIO("/srv/disk1.img", 1), "1", {"emulate_pr": "0", **more})
    return configuration(*acls, so=disk)


def test_shared_writers_without_reservations() -> None:
    one = in_config(shared(acl(), acl(OTHER)), "shared-writers")
    assert f"2 hosts may write to it ({HOST}, {OTHER}), and reservations are off" in one.text
    assert lines(one) == [
        f"targetcli {OTHER_ACL} delete 0",
        f"targetcli {OTHER_ACL} create 0 0 write_protect=true",
    ]
    reading = acl(OTHER, mapped_luns={0: MappedLun(0, 0, write_protect=True)})
    for config in (
        shared(acl(), reading),
        shared(acl(tag="web"), acl(OTHER, tag="web")),
        shared(acl(), acl(OTHER), emulate_pr="1"),
    ):
        assert found(Facts(config), "shared-writers") == []


@pytest.mark.parametrize(("state", "word"), [("2", "standby"), ("3", "unavailable")])
def test_no_usable_path(state: str, word: str) -> None:
    groups = {"g": AluaGroup("g", 7, {"alua_access_state": state})}
    disk = StorageObject("disk1", FileIO("/srv/disk1.img", 1), "1", {}, groups)
    lun = Lun(0, disk.key, alua_group="g")
    one = in_config(configuration(so=disk, luns={0: lun}), "no-usable-path")
    assert one.text == f"all its LUNs are {word}, so no initiator can use it"
    assert lines(one) == [f"targetcli {DISK}/alua/g set alua alua_access_state=0"]


def test_what_is_in_standby_for_the_other_host_of_a_pair_is_no_finding() -> None:
    """Its cure would make this host a second writer."""
    groups = {"g": AluaGroup("g", 7, {"alua_access_state": "2"})}
    disk = StorageObject("disk1", FileIO("/srv/disk1.img", 1), "1", {}, groups)
    config = configuration(so=disk, luns={0: Lun(0, disk.key, alua_group="g")})
    assert found(Facts(config, moving={DISK}), "no-usable-path") == []
    assert found(Facts(config, moving={f"{DISK}2"}), "no-usable-path")
    groups["g"].settings["alua_access_state"] = "3"
    assert found(Facts(config, moving={DISK}), "no-usable-path")


def test_no_usable_path_for_a_host() -> None:
    disk = StorageObject("disk1", FileIO("/srv/disk1.img", 1), "1")
    luns = {0: Lun(0, disk.key, alua={"alua_tg_pt_offline": "1"}), 1: Lun(1, disk.key)}
    away = acl(OTHER, mapped_luns={0: MappedLun(0, 1)})
    one = in_config(configuration(acl(), away, so=disk, luns=luns), "no-usable-path")
    assert one.text == f"all LUNs that {HOST} can use are in a state without I/O"
    assert lines(one) == [f"targetcli {TPG}/luns/lun0 set alua alua_tg_pt_offline=0"]
    both = acl(mapped_luns={0: MappedLun(0, 0), 1: MappedLun(1, 1)})
    assert found(Facts(configuration(both, away, so=disk, luns=luns)), "no-usable-path") == []


def test_hosts_with_fewer_paths() -> None:
    missing = (f"none from {HOST} to 192.0.2.11:3260",)
    hosts = [
        HostPaths(HOST, ACL, 2, 1, missing, ((IQN, "192.0.2.11:3260"),)),  # type: ignore[arg-type]
        HostPaths(OTHER, OTHER_ACL, 2, 0, ("x", "y"), ((IQN, "[::0]:3260"),)),  # type: ignore[arg-type]
        HostPaths("web", ACL, 2, 2),  # type: ignore[arg-type]
    ]
    assert [host.state for host in hosts] == ["partial", "none", "full"]
    assert host_paths.states(hosts) == {"partial": 1, "none": 1, "full": 1}
    facts = Facts(configuration(), _host_paths=hosts)
    (one,) = found(facts, "partial-paths")
    assert one.text == f"{HOST} has 1 of 2 paths: {missing[0]}"
    assert one.help == (f"on that host: iscsiadm -m node -T {IQN} -p 192.0.2.11:3260 --login")
    windows = HostPaths("iqn.1991-05.com.microsoft:pc1", ACL, 1, 0, (), ((IQN, ""),))  # type: ignore[arg-type]
    (one,) = found(Facts(configuration(), _host_paths=[windows]), "no-session")
    assert one.help == f"on that host: the steps that targetcli {ACL} recipe windows prints"
    (one,) = found(facts, "no-session")
    assert one.text == f"{OTHER} is not logged in: it has none of its 2 paths"
    assert one.help.endswith(f"-T {IQN} --login")


# -- saved ------------------------------------------------------------------------------------


def test_portals_without_their_rules() -> None:
    (one,) = found(
        Facts(configuration(), open_portals="others can reach it"), "networks-not-loaded"
    )
    assert (one.text, lines(one)) == ("others can reach it", ["targetcli / firewall apply"])
    assert found(Facts(configuration()), "networks-not-loaded") == []


def test_interrupted_and_unrestored() -> None:
    facts = Facts(
        configuration(), interrupted="/ apply", unrestored=(DISK,), unrestored_cure="restore it"
    )
    (one,) = found(facts, "interrupted-change")
    assert (one.text, lines(one)) == (
        "a change was interrupted: / apply",
        ["targetcli / recover"],
    )
    (one,) = found(facts, "not-restored")
    assert (one.path, one.text, one.help) == (DISK, "it could not be restored", "restore it")
    facts.unrestored_why = {DISK: "/dev/sdx does not exist"}
    (one,) = found(facts, "not-restored")
    assert one.text == "it could not be restored: /dev/sdx does not exist"
    facts = Facts(configuration(), unsaved=(None, ""), damaged_file=("no JSON", "saveconfig"))
    (one,) = found(facts, "damaged-save-file")
    assert (one.path, one.text, one.help) == ("/", "no JSON", "saveconfig")
    assert found(facts, "unsaved-changes") == []
    facts = Facts(configuration(), damaged_record=("it is damaged", "remove it"))
    (one,) = found(facts, "damaged-record")
    assert (one.path, one.text, one.help) == ("/", "it is damaged", "remove it")


def test_unsaved_changes() -> None:
    assert found(Facts(configuration()), "unsaved-changes") == []
    (one,) = found(Facts(configuration(), unsaved=(2, "")), "unsaved-changes")
    assert one.text == "2 changes are not saved: the next boot restores the file"
    (one,) = found(Facts(configuration(), unsaved=(None, "it is damaged")), "unsaved-changes")
    assert (one.text, lines(one)) == ("it is damaged", ["targetcli / saveconfig"])


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Path]:
    """A save file in a directory, both for the user only."""
    tmp_path.chmod(0o700)
    path = tmp_path / "save config.json"
    path.touch(mode=0o600)
    yield path
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("what", "mode", "text", "mended"),
    [
        ("file", 0o644, "others can read {}, which has secrets (mode 0644)", 0o600),
        ("file", 0o602, "others can write to {} (mode 0602)", 0o600),
        ("folder", 0o777, "others can write to {} (mode 0777)", 0o755),
    ],
)
def test_modes_of_files(saved: Path, what: str, mode: int, text: str, mended: int) -> None:
    path = saved if what == "file" else saved.parent
    facts = Facts(configuration(), files=Files((str(saved), "/nosuch"), (str(saved.parent),)))
    assert found(facts, "file-mode") == []
    path.chmod(mode)
    (one,) = found(facts, "file-mode")
    assert one.text == text.format(path)
    os.system(lines(one)[0])
    assert stat.S_IMODE(path.stat().st_mode) == mended
    assert found(facts, "file-mode") == []


def test_owner_of_a_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts(configuration(), files=Files((str(saved),)))
    monkeypatch.setattr("rtslib_ext.files.trusted.trusted_users", lambda: frozenset({12345}))
    (one,) = found(facts, "file-mode")
    assert "belongs to" in one.text
    assert lines(one) == [f"chown root:root '{saved}'"]


def test_entries_that_are_not_understood() -> None:
    text = '{"storage_objects": [{"name": "x", "plugin": "nosuch"}], "targets": []}'
    facts = Facts(Config(), saved=savefile.loads(text))
    assert found(facts, "not-understood")


# -- kernel -----------------------------------------------------------------------------------


def test_settings_that_the_kernel_lacks() -> None:
    disk = StorageObject("disk1", FileIO("/srv/x", 1), "1", {"complete_type": "0"})
    config = configuration(so=disk)
    saved = savefile.Loaded(config, ())
    (one,) = found(Facts(config, saved=saved, release="6.1.0-44-amd64"), "kernel-lacks")
    assert one.path == DISK
    assert one.text == (
        "complete_type is set in the file, and this kernel does not have it: it needs Linux 7.1"
    )
    assert found(Facts(config, saved=saved, release="7.2.7"), "kernel-lacks") == []


def test_modules_that_the_kernel_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "has_module", lambda name: name != "iscsi_target_mod")
    monkeypatch.setattr(system, "is_loaded", lambda name: False)
    (one,) = found(Facts(configuration()), "no-module")
    assert one.text == "this kernel has no module iscsi_target_mod"


# -- text -------------------------------------------------------------------------------------

RULE: Callable[[str], Rule] = lambda name: next(r for r in rules.RULES if r.name == name)  # noqa: E731
FOUND = [
    (RULE("no-portal"), Finding(TPG, "no portal", "", ((f"{TPG}/portals", "create"),))),
    (RULE("weak-secret"), Finding(ACL, "weak | bad\n\x1b", "choose", ())),
]


def test_text() -> None:
    lines = list(view.text(FOUND, 2, width=None, in_shell=False, every=False, colors=False))
    assert lines == [
        f"error: {TPG}: no portal [no-portal]",
        f"    targetcli {TPG}/portals create",
        f"warning: {ACL}: weak | bad\\n\\x1b [weak-secret]",
        "    # choose",
        "1 error, 1 warning (2 rules)",
    ]
    shell = list(view.text(FOUND, 2, width=60, in_shell=True, every=False, colors=True))
    assert f"    {TPG}/portals create" in shell and shell[0].startswith("\033[")


def test_many_findings_of_a_rule() -> None:
    many = [(RULE("nullio"), Finding(f"/backstores/ramdisk/r{n}", "x")) for n in range(9)]
    few = list(view.text(many, 1, width=None, in_shell=False, every=False, colors=False))
    assert few[5:] == ["warning: 4 more of nullio (-v shows all)", "9 warnings (1 rule)"]
    every = list(view.text(many, 1, width=None, in_shell=False, every=True, colors=False))
    assert len(every) == 10


def test_nagios() -> None:
    line = view.nagios(FOUND)
    assert line == (
        f"TARGETCLI CRITICAL - 1 error, 1 warning: {TPG}: no portal; {ACL}: weak / bad\\x1b | "
        "errors=1;;0;0 warnings=1;0;;0 notes=0;;;0"
    ).replace("bad\\x1b", "bad \\x1b")
    assert view.nagios([]) == (
        "TARGETCLI OK - nothing found | errors=0;;0;0 warnings=0;0;;0 notes=0;;;0"
    )
    assert view.nagios(FOUND[1:]).startswith("TARGETCLI WARNING - 1 warning: ")
    assert view.unknown("a\nb") == "TARGETCLI UNKNOWN - a b"


def test_commands_are_quoted() -> None:
    words = ("/backstores/fileio", "create", "my disk", "wwn=a b", "write_back=false")
    assert view.command(words) == (
        "targetcli /backstores/fileio create 'my disk' wwn='a b' write_back=false"
    )
    assert view.command(("chmod", "600", "/a b=c")) == "chmod 600 '/a b=c'"


def test_rules_as_text() -> None:
    lines = list(view.rules(rules.RULES, 80))
    assert lines[0] == "interrupted-change (error)"
    assert all(len(line) <= 80 for line in lines)


def test_a_fragment_that_cannot_be_applied() -> None:
    facts = Facts(configuration(), fragments=(("/etc/target/conf.d", "csi.json is broken"),))
    (one,) = found(facts, "fragment")
    assert one.text == "/etc/target/conf.d: csi.json is broken"
    assert found(Facts(configuration()), "fragment") == []


def test_a_fragment_that_is_not_what_runs() -> None:
    path = "/etc/target/conf.d/csi.json"
    text = "2 changes would be made"
    differing = DifferingFragment("csi", path, text, is_refused=False, has_objects=True)

    def only(value: DifferingFragment) -> Finding:
        return found(
            Facts(configuration(), differing_fragments=lambda: [value]), "fragment-differs"
        )[0]

    one = only(differing)
    assert one.text == f"{path} differs from the objects of csi: {text}"
    assert lines(one) == [f"targetcli / apply {path}"] and "saveconfig owner=csi" in one.help
    # No cure that is refused.
    one = only(differing._replace(has_objects=False))
    assert lines(one) == [f"targetcli / apply {path}"] and "saveconfig" not in one.help
    one = only(differing._replace(is_refused=True))
    assert (lines(one), one.help) == ([], "correct or delete the file")
    facts = Facts(configuration(), deleted_fragments=lambda: [("csi", path, 3)])
    (one,) = found(facts, "fragment-deleted")
    assert one.text.startswith(f"{path} was deleted, and csi still has 3 objects")
    for name in ("fragment-differs", "fragment-deleted"):
        assert found(Facts(configuration()), name) == []
