# SPDX-License-Identifier: Apache-2.0
"""Recipes: what each system's rules say, and that no recipe has a secret or an unknown address."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest

from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk
from rtslib_ext.config.model import (
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
from rtslib_ext.errors import InvalidValue
from rtslib_ext.recipes import access, rules, systems, write
from rtslib_ext.recipes.access import ADDRESS, Access
from rtslib_ext.recipes.recipe import ERROR, NOTE, WARNING, Recipe
from targetcli.views import recipe as view

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.2003-01.org.example:host1"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/{HOST}"
ADDRESSES = ("192.0.2.10", "2001:db8::10")
SECRET, MUTUAL = "fourteen-chars", "other-secret-1"
CHAP = Auth("anna", SECRET, "store", MUTUAL)
NAMES = [system.name for system in systems.SYSTEMS]

DISK = StorageObject(
    "disk1",
    FileIO("/srv/disk1.img", 1 << 30),
    wwn="6f1f2b3c-0001",
    attributes={
        "block_size": "512",
        "emulate_3pc": "1",
        "emulate_caw": "1",
        "emulate_model_alias": "1",
        "emulate_tpu": "1",
    },
)
PORTAL = Portal("192.0.2.10", 3260)


def given(
    *objects: StorageObject,
    acl: NodeAcl | None = None,
    portals: tuple[Portal, ...] = (PORTAL,),
    fabric: FabricSettings | None = None,
    **settings: object,
) -> Config:
    """Return a configuration: an ACL with all objects, LUN 0 first; settings of the TPG."""
    objects = objects or (DISK,)
    mapped = {index: MappedLun(index, index) for index in range(len(objects))}
    own = acl or NodeAcl(HOST, mapped)
    values: dict[str, object] = {
        "enable": True,
        "attributes": {"authentication": "0", "generate_node_acls": "0"},
        "luns": {index: Lun(index, so.key) for index, so in enumerate(objects)},
        "portals": {portal.name: portal for portal in portals},
        "acls": {own.wwn: own},
        **settings,
    }
    tpg = Tpg(1, **values)  # type: ignore[arg-type]
    target = Target("iscsi", IQN, {1: tpg})
    fabrics = {fabric.name: fabric} if fabric else {}
    return Config({so.key: so for so in objects}, {target.key: target}, fabrics)


def met(config: Config, initiator: str | None = HOST) -> Access:
    (target,) = config.targets.values()
    return access.of_target(config, target, initiator, addresses=ADDRESSES)


def written(name: str, config: Config, initiator: str | None = HOST) -> Recipe:
    return write.recipe(systems.find(name), met(config, initiator))


def remarks(name: str, config: Config, initiator: str | None = HOST) -> list[tuple[str, str, str]]:
    return [
        (one.severity, str(one.path), one.text)
        for one in rules.check(systems.find(name), met(config, initiator))
    ]


def with_chap(auth: Auth = CHAP) -> Config:
    acl = NodeAcl(HOST, {0: MappedLun(0, 0)}, auth=auth)
    return given(acl=acl, attributes={"authentication": "1"})


def text_of(recipe: Recipe) -> str:
    return "\n".join(view.lines(recipe, in_shell=False))


# -- every system ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_names_target_portal_and_disk(name: str) -> None:
    text = text_of(written(name, given(portals=(PORTAL, Portal("192.0.2.11", 3261)))))
    assert IQN in text and "192.0.2.10" in text and "3260" in text
    assert "LUN 0 is naa.60014056f1f2b3c0001" in text
    assert text.rstrip().splitlines()[-1].startswith("# From: ")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "proxmox"])
def test_a_recipe_uses_each_portal(name: str) -> None:
    text = text_of(written(name, given(portals=(PORTAL, Portal("192.0.2.11", 3261)))))
    # A disk of QEMU has one path.
    assert ("3261" in text) == (name != "qemu")


def test_the_secret_of_one_of_a_tag_is_shown_by_its_own_path() -> None:
    """The path of the tag shows that of the first one."""
    config = given(acl=NodeAcl(HOST, auth=CHAP, tag="web"), attributes={"authentication": "1"})
    assert f"--show-secrets {ACL} get auth" in text_of(written("linux", config))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("auth", [CHAP, replace(CHAP, mutual_userid="", mutual_password="")])
def test_no_recipe_has_a_secret(name: str, auth: Auth) -> None:
    recipe = written(name, with_chap(auth))
    for text in (text_of(recipe), repr(recipe), repr(view.data(recipe))):
        assert SECRET not in text and MUTUAL not in text
    told = text_of(recipe)
    assert "anna" in told and f"targetcli --show-secrets {ACL} get auth userid password" in told
    # A line that is pasted after it would be read as the secret.
    if "read -r secret" in told:
        assert "# Paste the next line alone, then type <CHAP secret>\nread -r secret" in told
    mutual = bool(auth.mutual_password) and systems.find(name).mutual
    assert ("<CHAP secret of the target>" in told) == mutual


def test_no_text_ends_a_word_of_powershell() -> None:
    """It takes typographic quotes for the plain one; each is doubled."""
    for quote in "'\u2018\u2019\u201a\u201b":
        auth = replace(CHAP, userid=f"a{quote}; Stop-Computer; {quote}")
        text = text_of(written("windows", with_chap(auth)))
        assert f"-ChapUsername 'a{quote * 2}; Stop-Computer; {quote * 2}' " in text


@pytest.mark.parametrize("name", NAMES)
def test_without_chap_a_recipe_has_no_credentials(name: str) -> None:
    steps, _, _ = text_of(written(name, given())).rpartition("# From: ")
    assert not re.search("chap|secret", steps, re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_comments_commands_or_files(name: str) -> None:
    """What is no comment can be run: each word is quoted for the shell of the system."""
    host = "iqn.2003-01.org.example:it's"
    acl = NodeAcl(host, {0: MappedLun(0, 0)}, auth=replace(CHAP, userid="an na; rm"))
    config = given(acl=acl, attributes={"authentication": "1"})
    recipe = written(name, config, host)
    for step in recipe.steps:
        assert "\n" not in step.text
        for command in step.commands:
            if name != "windows" and not command.startswith(("#", "adapter=")):
                assert "rm" not in shlex.split(command)
    if name == "windows":
        assert "-ChapUsername 'an na; rm'" in text_of(recipe)
        assert "'iqn.2003-01.org.example:it''s'" in text_of(recipe)


def test_several_paths_have_steps_of_their_own() -> None:
    several = given(portals=(PORTAL, Portal("192.0.2.11", 3260)))
    for name, step in (("esxi", "RecoveryTimeout"), ("windows", "MSDSMAutomaticClaim -Bus")):
        assert step in text_of(written(name, several))
        assert step not in text_of(written(name, given()))


def test_multipath_has_settings_for_the_vendors_of_the_disks() -> None:
    """Its built-in ones are for LIO-ORG; a disk that answers itself has its own vendor."""
    own = replace(DISK, name="disk2", identity={"vendor_id": 'A.B "C"'})
    device = StorageObject("disk3", Pscsi("/dev/sg3"), identity={"vendor_id": "Other"})
    lines = [
        line.strip() for line in text_of(written("multipath", given(DISK, own, device))).split("\n")
    ]
    vendors = [line for line in lines if line.startswith("vendor")]
    assert vendors == ['vendor "LIO-ORG"', r'vendor "^A\.B ""C""$"']
    assert lines.count('no_path_retry "queue"') == 2


def test_a_recipe_as_values() -> None:
    data = view.data(written("aix", with_chap()))
    assert (data["system"], data["initiator"]) == ("aix", HOST)
    (file,) = [step for step in data["steps"] if step["file"]]  # type: ignore[attr-defined]
    assert file["file"] == "/etc/iscsi/targets" and not file["whole"]
    assert file["lines"] == [f'192.0.2.10 3260 {IQN} "<CHAP secret>" "anna"']


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(InvalidValue) as caught:
        systems.find("beos")
    assert "open-iscsi" in caught.value.hint
    assert systems.find("VMware").name == "esxi"


# -- access ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("0.0.0.0", ["192.0.2.10:3260"]),
        ("[::0]", ["192.0.2.10:3260", "[2001:db8::10]:3260"]),
        ("192.0.2.77", ["192.0.2.77:3260"]),
    ],
)
def test_a_portal_on_all_addresses_has_those_of_the_host(address: str, names: list[str]) -> None:
    config = given(portals=(Portal(address, 3260),))
    assert [portal.name for portal in met(config).portals] == names


def test_a_host_without_an_address_is_told() -> None:
    config = given(portals=(Portal("[::0]", 3260),))
    (target,) = config.targets.values()
    (portal,) = access.of_target(config, target, HOST).portals
    assert portal.name == f"{ADDRESS}:3260"


@pytest.mark.parametrize(
    ("tpg", "own", "chap"),
    [("1", "-1", True), ("0", "-1", False), ("1", "0", False), ("0", "1", True)],
)
def test_an_acl_overrides_whether_chap_is_required(tpg: str, own: str, chap: bool) -> None:
    acl = NodeAcl(HOST, {}, attributes={"authentication": own}, auth=CHAP)
    config = given(acl=acl, attributes={"authentication": tpg})
    assert met(config).tpgs[0].chap == chap
    assert (met(config).tpgs[0].auth == CHAP) == chap


def test_one_without_an_acl_has_the_credentials_and_luns_of_the_tpg() -> None:
    attributes = {"authentication": "1", "generate_node_acls": "1", "demo_mode_write_protect": "1"}
    config = given(attributes=attributes, auth=CHAP)
    (tpg,) = met(config, "iqn.2003-01.org.example:other").tpgs
    assert (tpg.admits, tpg.auth, str(tpg.auth_path)) == (True, CHAP, TPG)
    assert [(disk.lun, disk.write_protected) for disk in tpg.disks] == [(0, True)]
    assert text_of(written("open-iscsi", config, None)).count("keeps its name") == 1


def test_disks_have_the_numbers_of_the_initiator() -> None:
    other = StorageObject("b", Block("/dev/b", readonly=True), wwn="02")
    raw = StorageObject("p", Pscsi("/dev/sr0"))
    mapped = {7: MappedLun(7, 0, True), 3: MappedLun(3, 1), 5: MappedLun(5, 2)}
    config = given(DISK, other, raw, acl=NodeAcl(HOST, mapped))
    disks = met(config).disks
    assert [(one.lun, str(one.path), one.write_protected) for one in disks] == [
        (3, "/backstores/block/b", True),
        (5, "/backstores/pscsi/p", False),
        (7, "/backstores/fileio/disk1", True),
    ]
    assert disks[1].passed_through and disks[1].naa == ""
    assert (disks[2].product, disks[2].size) == ("disk1", 1 << 30)


# -- rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("aix", "qemu")])
def test_a_fitting_configuration_has_no_remarks(name: str) -> None:
    assert remarks(name, given()) == []


LONG = replace(CHAP, password="seventeen-letters")
SHORT = replace(CHAP, mutual_password="eleven-chrs")
OLD = StorageObject("old", RamDisk(1 << 20), wwn="02", attributes={"block_size": "4096"})
SLOW = replace(DISK, attributes={**DISK.attributes, "emulate_caw": "0"})
SEVENTEEN = NodeAcl(HOST, {256: MappedLun(256, 0)})
SAME = StorageObject("same", RamDisk(1 << 20), wwn="6f1f2b3c-0001")
NAMELESS = StorageObject("none", RamDisk(1 << 20), wwn="")
MANY = tuple(
    StorageObject(f"d{number}", RamDisk(4096), wwn=f"{number:04}") for number in range(129)
)


@pytest.mark.parametrize(
    ("name", "config", "severity", "path", "text"),
    [
        ("windows", with_chap(LONG), ERROR, ACL, "password has 17 characters; Microsoft"),
        ("windows", with_chap(SHORT), ERROR, ACL, "mutual_password has 11 characters"),
        ("solaris", with_chap(LONG), ERROR, ACL, "takes 12 to 16"),
        ("linux", with_chap(replace(CHAP, mutual_password=SECRET)), ERROR, ACL, "are equal"),
        ("linux", with_chap(Auth("anna", "")), ERROR, ACL, "password is not set"),
        ("linux", with_chap(Auth("", SECRET)), ERROR, ACL, "userid is not set"),
        ("aix", with_chap(), NOTE, ACL, "authenticate the target (mutual CHAP)"),
        ("aix", given(), NOTE, f"/iscsi/{IQN}", "no SendTargets discovery"),
        ("aix", given(*MANY), WARNING, ACL, "129 LUNs"),
        ("esxi", given(OLD), ERROR, "/backstores/ramdisk/old", "blocks of 4096 bytes"),
        ("esxi", given(SLOW), NOTE, "/backstores/fileio/disk1", "emulate_caw is 0"),
        ("esxi", given(acl=SEVENTEEN), WARNING, ACL, "LUN 256"),
        ("hpux", given(portals=(Portal("[2001:db8::1]", 3260),)), ERROR, TPG, "on IPv6"),
        ("solaris", given(acl=SEVENTEEN), NOTE, ACL, "there is no LUN 0, the lowest is 256"),
        ("linux", given(portals=()), ERROR, TPG, "no portal"),
        ("linux", given(enable=False), ERROR, TPG, "disabled"),
        ("linux", given(acl=NodeAcl(HOST)), ERROR, ACL, "no LUN is mapped"),
        ("linux", given(DISK, SAME), ERROR, "/backstores/fileio/disk1", "same identifier"),
        ("linux", given(NAMELESS), WARNING, "/backstores/ramdisk/none", "no serial number"),
        (
            "linux",
            given(portals=(Portal("192.0.2.10", 3260, iser=True),)),
            WARNING,
            f"{TPG}/portals/192.0.2.10:3260",
            "iSER",
        ),
        (
            "linux",
            given(fabric=FabricSettings("iscsi", Auth("a", "b"), True)),
            NOTE,
            "/iscsi",
            "discovery requires CHAP",
        ),
    ],
)
def test_a_rule_that_is_not_met_is_told(
    name: str, config: Config, severity: str, path: str, text: str
) -> None:
    found = [one for one in remarks(name, config) if text in one[2]]
    assert [one[:2] for one in found][:1] == [(severity, path)]


def test_an_initiator_without_an_acl_cannot_log_in() -> None:
    (first, *_) = rules.check(systems.find("linux"), met(given(), "iqn.2003-01.org.example:x"))
    assert first.severity == ERROR and "no ACL for iqn.2003-01.org.example:x" in first.text
    assert first.commands == ((f"{TPG}/acls", "create", "iqn.2003-01.org.example:x"),)


def test_a_ramdisk_is_not_asked_for_unmap() -> None:
    ram = StorageObject("r", RamDisk(4096), wwn="02", attributes={"emulate_tpu": "0"})
    assert remarks("esxi", given(ram)) == []


def test_errors_come_first() -> None:
    config = with_chap(replace(LONG, password="seventeen-letters"))
    found = [one for one, _, _ in remarks("windows", config)]
    assert found == sorted(found, key=(ERROR, WARNING, NOTE).index)


def test_several_tpgs_are_several_paths() -> None:
    config = given()
    (target,) = config.targets.values()
    second = replace(target.tpgs[1], tag=2, portals={"192.0.2.11:3260": Portal("192.0.2.11", 3260)})
    both = replace(target, tpgs={1: target.tpgs[1], 2: second})
    config = replace(config, targets={both.key: both})
    assert [portal.address for portal in met(config).portals] == ["192.0.2.10", "192.0.2.11"]
    closed = replace(both, tpgs={1: target.tpgs[1], 2: replace(second, acls={})})
    config = replace(config, targets={both.key: closed})
    assert [portal.address for portal in met(config).portals] == ["192.0.2.10"]


def test_distributions_stand_for_their_initiator() -> None:
    for name in ("debian", "Ubuntu", "redhat", "suse"):
        assert systems.find(name).name == "open-iscsi"
    with pytest.raises(InvalidValue, match="beos is not a known system") as caught:
        systems.find("beos")
    assert "debian" in caught.value.hint
