# SPDX-License-Identifier: Apache-2.0
"""Files of other targets: what is shared by all formats, and the remarks as lines."""

from __future__ import annotations

import json

import pytest

from rtslib_ext import foreign, savefile
from rtslib_ext.config import inquiry
from rtslib_ext.config.model import Config, Portal, Target, Tpg
from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.firewall.allowed import networks
from rtslib_ext.foreign import addresses, identity
from rtslib_ext.foreign.addresses import Access
from rtslib_ext.foreign.builder import Builder
from rtslib_ext.foreign.identity import Identity
from rtslib_ext.foreign.imported import Imported, Place, Remark
from rtslib_ext.foreign.source import Source, Texts
from targetcli.views import remarks as view

IQN = "iqn.2003-01.org.example:a"
HOST = "iqn.1994-05.com.example:host1"
AT = Place("/etc/x.conf", 3)


def builder(**sizes: int) -> Builder:
    return Builder(Source("/etc/x.conf", "", Texts({}, {f"/srv/{n}": s for n, s in sizes.items()})))


def test_a_file_of_no_known_format_is_refused() -> None:
    with pytest.raises(InvalidValue, match="format of the file is not known") as caught:
        foreign.detect("hello\n")
    assert "ietd" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "serial", "naa"),
    [
        (Identity("abc"), "abc", "60014050abc"),
        (Identity(naa="6589cfc000000123456789abcdef0123"), "00000123456789abcdef01230"[:25], ""),
    ],
)
def test_identity_is_kept(given: Identity, serial: str, naa: str) -> None:
    made = identity.of_object(given)
    assert made.remarks == []
    if given.naa:
        assert inquiry.naa(made.serial or "", made.fields.get("company_id", "")) == (
            f"naa.{given.naa}"
        )
    else:
        assert made.serial == serial


def test_of_serial_and_naa_one_is_kept() -> None:
    both = Identity("beaf11", naa="600000000000000000e0000000010001")
    made = identity.of_object(both)
    assert inquiry.naa(made.serial or "", made.fields["company_id"]) == f"naa.{both.naa}"
    (remark,) = made.remarks
    assert remark[0] == "changed" and "beaf11" in remark[1] and "keep=serial" in remark[2]
    made = identity.of_object(both, keep_serial=True)
    assert (made.serial, made.fields) == ("beaf11", {})
    assert "keep=naa" in made.remarks[0][2]


def test_a_serial_from_which_lio_derives_the_naa_keeps_both() -> None:
    made = identity.of_object(Identity("123-456", naa="6001405123456" + "0" * 19))
    assert (made.serial, made.remarks) == ("123-456", [])


def test_inquiry_fields_are_cut_to_their_length() -> None:
    made = identity.of_object(Identity(vendor="MyCompany Inc.", product="P", revision="12345"))
    assert made.fields == {"vendor_id": "MyCompany"[:8], "product_id": "P", "revision": "1234"}


def test_names_are_valid_and_unique() -> None:
    made = builder(**{"a/disk 1.img": 4096, "b/disk 1.img": 4096, "c/.img": 4096})
    keys = [made.disk(AT, f"/srv/{n}/disk 1.img", Identity()) for n in "ab"]
    assert [key and key[1] for key in keys] == ["disk_1", "disk_1_2"]
    assert made.disk(AT, "/srv/c/.img", Identity()) == ("fileio", "disk")


def test_a_path_is_one_disk() -> None:
    made = builder(d=4096)
    first = made.disk(AT, "/srv/d", Identity("one"))
    assert made.disk(AT, "/srv/d", Identity("one")) == first and made.remarks == []
    assert made.disk(AT, "/srv/d", Identity("two")) == first
    assert [one.severity for one in made.remarks] == ["changed"]


def test_a_file_that_does_not_exist_is_left_out() -> None:
    made = builder()
    assert made.disk(AT, "/srv/d", Identity()) is None
    assert [(one.severity, one.line) for one in made.remarks] == [("lost", 3)]


def test_any_initiator_gets_demo_mode() -> None:
    made = builder(d=4096)
    target = made.target(AT, IQN)
    assert target
    target.lun(AT, 5, made.disk(AT, "/srv/d", Identity()))
    target.user(AT, "joe", "secret12chars")
    tpg = made.imported().config.targets["iscsi", IQN].tpgs[1]
    assert tpg.attributes["generate_node_acls"] == tpg.attributes["authentication"] == "1"
    assert tpg.attributes["demo_mode_write_protect"] == "0"
    assert (tpg.auth.userid, list(tpg.luns), list(tpg.portals)) == ("joe", [5], ["[::0]:3260"])


def test_named_initiators_get_acls() -> None:
    made = builder(d=4096, e=4096)
    target = made.target(AT, IQN)
    assert target
    target.lun(AT, 1, made.disk(AT, "/srv/d", Identity()))
    target.lun(AT, 2, made.disk(AT, "/srv/e", Identity()), readonly=True)
    target.admit(AT, HOST)
    target.admit(AT, "iqn.1994-05.com.example:*")
    target.user(AT, "joe", "secret12chars")
    target.user(AT, "jim", "secret12chars")
    found = made.imported()
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert tpg.attributes["generate_node_acls"] == "0" and tpg.auth.userid is None
    acl = tpg.acls[HOST]
    assert acl.auth.userid == "joe"
    assert {n: lun.write_protect for n, lun in acl.mapped_luns.items()} == {1: False, 2: True}
    assert [one.severity for one in found.remarks] == ["lost", "lost"] and found.loses


def test_a_password_that_is_not_known_closes_the_target() -> None:
    made = builder()
    target = made.target(AT, IQN)
    assert target
    target.user(AT, "joe", None)
    found = made.imported()
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert tpg.attributes["authentication"] == "1" and tpg.auth.userid is None
    assert f"/{IQN}/tpg1 set auth userid=joe password=-" in found.remarks[0].cure


def test_remarks_name_the_tpg() -> None:
    made = builder()
    target = made.target(AT, IQN)
    assert target
    target.tag = 2
    target.user(AT, "joe", None)
    target.admit(AT, "iqn.1994-05.com.example:*")
    cures = [one.cure for one in made.imported().remarks]
    assert len(cures) == 2 and all(f"/iscsi/{IQN}/tpg2" in one for one in cures)


def test_a_read_only_lun_is_never_writable() -> None:
    made = builder(d=4096, e=4096)
    target = made.target(AT, IQN)
    assert target
    target.lun(AT, 1, made.disk(AT, "/srv/d", Identity()), readonly=True)
    target.lun(AT, 2, made.disk(AT, "/srv/e", Identity()))
    target.lun(AT, 3, made.disk(AT, "/dev/vg0/x", Identity(), readonly=True), readonly=True)
    found = made.imported()
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert list(tpg.luns) == [2, 3] and tpg.attributes["demo_mode_write_protect"] == "0"
    assert found.config.storage_objects["block", "x"].backing.readonly  # type: ignore[union-attr]
    assert [one.severity for one in found.remarks] == ["lost"]


@pytest.mark.parametrize("first", (True, False))
def test_a_device_that_one_target_exports_writable_is_opened_so(first: bool) -> None:
    made = builder(e=4096)
    for number, readonly in enumerate((first, not first)):
        target = made.target(AT, f"{IQN}{number}")
        assert target
        key = made.disk(AT, "/dev/vg0/x", Identity(), readonly=readonly)
        target.lun(AT, 1, key, readonly=readonly)
        target.lun(AT, 2, made.disk(AT, "/srv/e", Identity()))
    found = made.imported()
    tpgs = [found.config.targets["iscsi", f"{IQN}{number}"].tpgs[1] for number in (0, 1)]
    protected, writable = tpgs if first else reversed(tpgs)
    assert not found.config.storage_objects["block", "x"].backing.readonly  # type: ignore[union-attr]
    assert list(protected.luns) == [2] and list(writable.luns) == [1, 2]
    assert {tpg.attributes["demo_mode_write_protect"] for tpg in tpgs} == {"0"}
    assert [one.text.partition(":")[0] for one in found.remarks] == ["LUN 1 is left out"]


@pytest.mark.parametrize("sign", "*?![]#")
def test_a_pattern_is_not_the_name_of_an_initiator(sign: str) -> None:
    """In no format: LIO would have an ACL that no initiator matches."""
    pattern = f"iqn.2000-01.org.example{sign}"
    # Otherwise it begins a comment; initiators.allow has no other way.
    escaped = pattern.replace("#", "\\#")
    texts = {
        "ietd": f"Target {IQN}\n",
        "tgt": f"<target {IQN}>\ninitiator-name {escaped}\n</target>\n",
        "scst": f"TARGET_DRIVER iscsi {{\nTARGET {IQN} {{\nGROUP g {{\n"
        f'INITIATOR "{escaped}"\n}}\n}}\n}}\n',
        "ctl": f'target {IQN} {{\ninitiator-name "{pattern}"\n}}\n',
        "lio": f'fabric iscsi target {IQN} tpgt 1 acl "{pattern}" {{\n}}\n',
        "lio-utils": f"lio_node --addnodeacl '{IQN}' 1 '{pattern}'\n",
        "ceph": json.dumps({"targets": {IQN: {"clients": {pattern: {}}}}}),
        "truenas": json.dumps(
            {
                "target": [{"id": 1, "name": IQN, "groups": [{"portal": 1, "initiator": 1}]}],
                "initiator": [{"id": 1, "initiators": [pattern]}],
            }
        ),
    }
    beside = Texts({"/etc/initiators.allow": f"{IQN} {pattern}\n"})
    assert texts.keys() == foreign.FORMATS.keys()
    for name, text in texts.items():
        if (name, sign) == ("ietd", "#"):
            continue
        found = foreign.FORMATS[name].read(Source("/etc/x.conf", text, beside))
        (target,) = found.config.targets.values()
        assert not any(tpg.acls for tpg in target.tpgs.values()), name
        assert any(pattern in one.text for one in found.remarks if one.severity == "lost"), name


def test_where_all_luns_are_read_only_demo_mode_protects_them() -> None:
    made = builder(d=4096)
    target = made.target(AT, IQN)
    assert target
    target.lun(AT, 1, made.disk(AT, "/srv/d", Identity()), readonly=True)
    found = made.imported()
    tpg = found.config.targets["iscsi", IQN].tpgs[1]
    assert tpg.attributes["demo_mode_write_protect"] == "1" and found.remarks == ()


def test_what_is_no_address_is_no_command() -> None:
    """Without a network, allow would only show those that it has."""
    assert addresses.commands("/iscsi/IQN/tpg1", ["[::0]:3260"], ["10.0.0.1; reboot", "x"]) == ""


def test_addresses_become_allowed_networks_of_each_portal() -> None:
    texts = ["192.0.2.1", "[2001:db8::]/64", "198.51.100.7/24", "any"]
    found = addresses.commands("/iscsi/IQN/tpg1", ["[::0]:3260", "192.0.2.9:3261"], texts)
    words = "allow 192.0.2.1 2001:db8::/64 198.51.100.0/24"
    assert found == (
        f"/iscsi/IQN/tpg1/portals/[::0]:3260 {words}; "
        f"/iscsi/IQN/tpg1/portals/192.0.2.9:3261 {words}"
    )
    assert networks(words.split()[1:])


ANY, ONE = Portal("[::0]", 3260), Portal("192.0.2.9", 3260)
LIST = ("192.0.2.0/25", "192.0.2.128/25")


def access(portals: Portal | list[Portal], *texts: str) -> Access:
    """A TPG; its remark is at AT."""
    return Access(AT, "/iscsi/T/tpg1", portals if isinstance(portals, list) else [portals], texts)


@pytest.mark.parametrize(
    ("found", "networks", "severities"),
    [
        # In one spelling.
        ([access(ANY, *LIST)], {"[::]:3260": ("192.0.2.0/24",)}, ["changed"]),
        ([access(ANY, *LIST), access(ANY, "192.0.2.0/24")], None, ["changed", "changed"]),
        # Another target on the portal, or on one that gets the same packets.
        ([access(ANY, *LIST), access(ANY)], {}, ["lost"]),
        ([access(ANY, *LIST), access(ANY, LIST[0])], {}, ["lost", "lost"]),
        ([access(ANY, *LIST), access(ONE)], {}, ["lost"]),
        ([access(ONE, *LIST), access(ANY)], {}, ["lost"]),
        ([access(ONE, *LIST), access(Portal("[::0]", 3261))], {"192.0.2.9:3260": ()}, ["changed"]),
        (
            [access([ONE, Portal("192.0.2.8", 3260)], *LIST), access(ONE)],
            {"192.0.2.8:3260": ()},
            ["lost"],
        ),
        # What no rule can express.
        ([access(ANY, "192.0.2.*", LIST[0])], {}, ["lost"]),
        ([access(Portal("[::0]", 3260, iser=True), *LIST)], {}, ["lost"]),
        ([access(Portal("[fe80::1%eth0]", 3260), *LIST)], {}, ["lost"]),
        ([access([], *LIST)], {}, ["lost"]),
        ([access(ANY), access(ONE)], {}, []),
    ],
)
def test_addresses_are_networks_of_portals_where_all_targets_admit_the_same(
    found: list[Access], networks: dict[str, tuple[str, ...]] | None, severities: list[str]
) -> None:
    settled, remarks = addresses.settle(found)
    assert [one.severity for one in remarks] == severities
    wanted = {"[::]:3260": ("192.0.2.0/24",)} if networks is None else networks
    assert settled == {name: ("192.0.2.0/24",) for name in wanted}


def test_only_portals_that_can_help_are_named() -> None:
    found = [access([ONE, Portal("192.0.2.8", 3260)], *LIST), access(ONE)]
    (remark,) = addresses.settle(found)[1]
    assert remark.cure == "/iscsi/T/tpg1/portals/192.0.2.9:3260 allow 192.0.2.0/25 192.0.2.128/25"


def listening(wwn: str, *portals: Portal) -> Config:
    tpg = Tpg(1, portals={portal.name: portal for portal in portals})
    target = Target("iscsi", wwn, {1: tpg})
    return Config(targets={target.key: target})


@pytest.mark.parametrize(
    ("have", "running", "is_kept"),
    [
        (Config(), {}, True),
        (listening(IQN, ANY), {"[::]:3260": ("198.51.100.0/24",)}, True),
        (listening("iqn.2003-01.org.example:z", Portal("[::0]", 3261)), {}, True),
        (listening("iqn.2003-01.org.example:z", ANY), {}, False),
        (listening("iqn.2003-01.org.example:z", ONE), {}, False),
        (listening("iqn.2003-01.org.example:z", ANY), {"[::]:3260": ("192.0.2.0/24",)}, True),
    ],
)
def test_targets_that_run_already_stay_open(
    have: Config, running: dict[str, tuple[str, ...]], is_kept: bool
) -> None:
    networks = {"[::]:3260": ("192.0.2.0/24",)}
    found = addresses.beside(Imported(listening(IQN, ANY), (), networks), have, running)
    assert found.allowed_networks == (networks if is_kept else {})
    assert found.loses is not is_kept
    if not is_kept:
        (remark,) = found.remarks
        assert "but iqn.2003-01.org.example:z listens there" in remark.text
        assert remark.cure == f"/iscsi/{IQN}/tpg1/portals/[::0]:3260 allow 192.0.2.0/24"


def test_what_the_kernel_does_not_take_is_a_remark() -> None:
    made = builder()
    target = made.target(AT, IQN)
    assert target and made.target(AT, "disk1") is None
    target.parameter(AT, "MaxBurstLength", "1")
    target.parameter(AT, "Vendor", "x")
    target.lun(AT, 70000, ("block", "x"))
    target.user(AT, "NULLx", "secret12chars")
    target.listen(AT, "host.example")
    target.admit_address(AT, "192.0.2.1")
    assert [one.severity for one in made.imported().remarks] == (
        ["lost", "changed", "note", "lost", "lost", "lost", "changed"]
    )


def test_remarks_as_lines() -> None:
    found = [Remark("lost", "/f", line, "gone", "do it") for line in (1, 2, 9)]
    found.append(Remark("note", "/f", 0, "seen", path="$.a"))
    assert view.lines(found) == ["/f:1 and 2 more: lost: gone (do it)", "/f:$.a: note: seen"]
    assert view.facts(found)[3]["path"] == "$.a" and view.facts(found)[3]["line"] is None


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(LioError, match="/nowhere/x does not exist"):
        foreign.source.opened("/nowhere/x")


def test_values_that_no_file_can_have_are_remarks() -> None:
    made = builder(d=4096, e=4096)
    assert made.disk(AT, "srv/d", Identity()) is None
    assert made.disk(AT, "/dev/\0", Identity()) is None
    key = made.disk(AT, "/srv/e", Identity(), block_size="300")
    assert key and made.object(key).attributes == {}
    target = made.target(AT, IQN)
    assert target
    target.user(AT, "joe", "secret\udcff12chars")
    target.parameter(AT, "TargetAlias", "a\0")
    found = made.imported()
    assert [one.severity for one in found.remarks] == (
        ["lost", "lost", "changed", "lost", "changed"]
    )
    assert savefile.loads(savefile.dumps(found.config)).problems == ()
