# SPDX-License-Identifier: Apache-2.0
"""ctl.conf of FreeBSD becomes a configuration, from both of its forms."""

from __future__ import annotations

import time

import pytest

from rtslib_ext.config import inquiry
from rtslib_ext.config.backing import Block, FileIO, RamDisk
from rtslib_ext.config.model import Tpg
from rtslib_ext.errors import LioError, ParseError
from rtslib_ext.foreign import FORMATS, detect
from rtslib_ext.foreign.ctl import ucl
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.source import Source, Texts

IQN = "iqn.2003-01.org.example:a"
HOST = "iqn.1994-05.com.example:host1"
NAA = "6589cfc000000a1b2c3d4e5f60718293"
OPEN = "\tauth-group no-authentication\n"


def read(text: str, **sizes: int) -> Imported:
    files = Texts({}, {f"/mnt/{name}": size for name, size in sizes.items()})
    return detect(text).read(Source("/etc/ctl.conf", text, files))


def tpg(found: Imported, tag: int = 1, name: str = IQN) -> Tpg:
    return found.config.targets["iscsi", name].tpgs[tag]


def exported(of: Tpg) -> dict[int, str]:
    return {index: lun.storage_object[1] for index, lun in of.luns.items()}


def said(found: Imported, severity: str = "lost") -> list[str]:
    return [one.text for one in found.remarks if one.severity == severity]


TRUENAS = f"""
portal-group "default" {{
}}

portal-group "pg1" {{
	tag "0x0001"
	discovery-filter "portal-name"
	discovery-auth-group "no-authentication"
	listen "192.0.2.1:3260"
	listen "[2001:db8::1]:3261"
	option "ha_shared" "on"
}}

lun "vol1" {{
	ctl-lun "0"
	path "/dev/zvol/tank/vol1"
	blocksize "512"
	option "pblocksize" "0"
	serial "0a1b2c000"
	device-id "iSCSI Disk      0a1b2c000                      "
	option "vendor" "TrueNAS"
	option "product" "iSCSI Disk"
	option "revision" "0123"
	option "naa" "0x{NAA}"
	option "insecure_tpc" "on"
	option "rpm" "1"
}}

lun "file1" {{
	ctl-lun "1"
	path "/mnt/file1"
	blocksize "4096"
	serial "0a1b2c001"
	device-id "iSCSI Disk      0a1b2c001                      "
		size "1048576"
	option "vendor" "FreeNAS"
	option "product" "iSCSI Disk"
	option "revision" "0123"
	option "naa" "0x{NAA[:-1]}4"
	option "rpm" "7200"
	option "readonly" "on"
}}

auth-group "ag4tg1_1" {{
	initiator-name "{HOST}"
	chap-mutual "joe" "joesecret1234" "us" "oursecret1234"
}}

target "{IQN}" {{
	alias "store"
	portal-group "pg1" "ag4tg1_1"

	lun "0" "vol1"
	lun "7" "file1"
}}
"""


def test_a_file_of_truenas_core() -> None:
    found = read(TRUENAS)
    vol = found.config.storage_objects["block", "vol1"]
    assert vol.backing == Block("/dev/zvol/tank/vol1")
    assert inquiry.naa(vol.wwn or "", vol.identity["company_id"]) == f"naa.{NAA}"
    fields = {name: vol.identity[name] for name in ("vendor_id", "product_id", "revision")}
    assert fields == {"vendor_id": "TrueNAS", "product_id": "iSCSI Disk", "revision": "0123"}
    assert vol.attributes == {"block_size": "512", "is_nonrot": "1", "emulate_3pc": "1"}
    file = found.config.storage_objects["fileio", "file1"]
    assert file.backing == FileIO("/mnt/file1", size=1 << 20, write_back=True)
    assert file.attributes == {"block_size": "4096", "is_nonrot": "0"}
    of = tpg(found)
    assert exported(of) == {0: "vol1", 7: "file1"}
    assert sorted(of.portals) == ["192.0.2.1:3260", "[2001:db8::1]:3261"]
    assert of.parameters == {"TargetAlias": "store"}
    assert of.attributes["demo_mode_discovery"] == "0"
    acl = of.acls[HOST]
    assert (acl.auth.userid, acl.auth.mutual_userid) == ("joe", "us")
    assert {m.index: m.write_protect for m in acl.mapped_luns.values()} == {0: False, 7: True}
    # Nothing is lost: the serial number gives way to the NAA identifier, which hosts go by.
    assert not said(found)
    changed = said(found, "changed")
    assert len(changed) == 2 and all("the serial number" in text for text in changed)


def test_a_file_with_comments_and_semicolons() -> None:
    found = read(
        f"""
# by hand
timeout 60; pidfile /var/run/ctld.pid
portal-group pg0 {{ discovery-auth-group no-authentication; listen 0.0.0.0:3260
  listen-iser [::]:3261 # two
}}
lun shared {{ path /dev/vg0/s; serial S1
}}
target {IQN} {{
	auth-group no-authentication
	portal-group pg0
	lun 3 shared
	lun 4 {{
		backend ramdisk; size 64M; option capacity 64M; serial R1
	}}
	lun 5 {{ path "/mnt/a file"; size 0x1000; blocksize 512; serial F1 }};
}}
"""
    )
    assert exported(tpg(found)) == {3: "shared", 4: "ramdisk", 5: "a_file"}
    objects = found.config.storage_objects
    assert objects["ramdisk", "ramdisk"].backing == RamDisk(64 << 20)
    assert objects["fileio", "a_file"].backing == FileIO("/mnt/a file", 4096, write_back=True)
    assert objects["block", "shared"].identity["vendor_id"] == "FREEBSD"
    assert tpg(found).attributes["generate_node_acls"] == "1"
    assert tpg(found).portals["[::]:3261"].iser
    assert not said(found)


def test_both_forms_are_the_same() -> None:
    ucl = f"""
timeout = 60
auth-group {{
  ag {{
    chap = [ {{ user = "joe", secret = "joesecret#1234" }} ]
    initiator-name = [ "{HOST}" ]
    initiator-portal "192.0.2.0/24"
  }}
}}
portal-group {{ pg {{ listen = [ "0.0.0.0:3260", "[2001:db8::1]:3260" ] tag = 9
  discovery-auth-group = no-authentication }} }}   # one line
lun {{
  "a" {{ path = "/dev/vg0/a", serial = "S1", options {{ vendor = "V", naa = "0x{NAA}" }} }}
  b {{ path = /mnt/b; size = 1mb; serial = S2 }}
}}
target {{
  "{IQN}" {{
    auth-group = ag;
    portal-group {{ name = pg }}
    lun = [
      {{ number = 0, name = a }},
      {{ number = 5, name = b }},
    ]
    lun {{ 6 {{ path = /mnt/c; size = 4096; serial = S3 }} }}
  }}
}}
"""
    classic = f"""
timeout 60
auth-group ag {{
  chap joe "joesecret#1234"
  initiator-name {HOST}
  initiator-portal 192.0.2.0/24
}}
portal-group pg {{ listen 0.0.0.0:3260 listen [2001:db8::1]:3260 tag 9
  discovery-auth-group no-authentication }}
lun a {{ path /dev/vg0/a; serial S1; option vendor V; option naa 0x{NAA} }}
lun b {{ path /mnt/b; size 1M; serial S2 }}
target {IQN} {{
  auth-group ag
  portal-group pg
  lun 0 a
  lun 5 b
  lun 6 {{ path /mnt/c; size 4096; serial S3 }}
}}
"""
    one, other = read(ucl), read(classic)
    assert one.config == other.config
    assert sorted(r.text for r in one.remarks) == sorted(r.text for r in other.remarks)
    assert exported(tpg(one, 9)) == {0: "a", 5: "b", 6: "c"}
    assert tpg(one, 9).acls[HOST].auth.password == "joesecret#1234"


def test_portal_groups_are_tpgs() -> None:
    found = read(
        f"""
auth-group ag {{ initiator-name {HOST} }}
portal-group one {{ listen 192.0.2.1 }}
portal-group two {{ listen 192.0.2.2:3999 }}
portal-group far {{ listen 192.0.2.3; foreign }}
lun a {{ path /dev/vg0/a }}
target {IQN} {{
	portal-group one no-authentication
	portal-group two ag
	portal-group far ag
	lun 0 a
}}
"""
    )
    assert sorted(found.config.targets["iscsi", IQN].tpgs) == [1, 2]
    assert list(tpg(found, 1).portals) == ["192.0.2.1:3260"]
    assert tpg(found, 1).attributes["generate_node_acls"] == "1"
    assert list(tpg(found, 2).portals) == ["192.0.2.2:3999"]
    assert list(tpg(found, 2).acls) == [HOST]


def test_a_portal_group_without_an_address_does_not_listen() -> None:
    text = (
        f"portal-group pg {{ }}\ntarget {IQN} {{ auth-group no-authentication; portal-group pg }}"
    )
    assert not tpg(read(text)).portals
    found = read(text.replace("{ }", "{ listen host.example:3260 }"))
    assert not tpg(found).portals and "no portal on host.example" in said(found)[0]
    found = read(f'portal-group "default" {{\n}}\ntarget {IQN} {{ auth-group no-authentication }}')
    assert not tpg(found).portals
    assert tpg(read(f"target {IQN} {{ auth-group no-authentication }}")).portals


@pytest.mark.parametrize(
    ("rules", "is_open", "chap"),
    [
        ("", False, "0"),
        ("auth-group default", False, "0"),
        ("auth-group no-authentication", True, "0"),
        ("auth-group no-access", False, "0"),
        ("auth-type none", True, "0"),
        ("auth-type deny", False, "0"),
        ('auth-type "chap"', False, "0"),
        ("chap joe joesecret1234", True, "1"),
        (f"initiator-name {HOST}", False, "0"),
    ],
)
def test_who_may_log_in(rules: str, is_open: bool, chap: str) -> None:
    found = read(f"lun a {{ path /dev/vg0/a }}\ntarget {IQN} {{\n{rules}\nlun 0 a }}")
    of = tpg(found)
    assert of.attributes["generate_node_acls"] == str(int(is_open))
    assert of.attributes["authentication"] == chap
    assert list(of.acls) == ([HOST] if "name" in rules else [])
    assert (of.auth.userid == "joe") == (chap == "1")


def test_addresses_are_changed_and_more_users_lost() -> None:
    found = read(
        f"""auth-group ag {{
	chap joe joesecret1234
	chap max maxsecret1234
	initiator-portal 192.0.2.0/24
}}
lun a {{ path /dev/vg0/a }}
target {IQN} {{
	auth-group ag
	lun 0 a
}}
"""
    )
    found_at = [(one.severity, one.line) for one in found.remarks if one.line in (3, 4)]
    assert found_at == [("lost", 3), ("changed", 4)]
    assert found.allowed_networks == {"[::]:3260": ("192.0.2.0/24",)}
    assert not any("secret" in f"{one.text} {one.cure}" for one in found.remarks)


def test_serials_of_ctl() -> None:
    found = read(
        f"lun a {{ path /dev/vg0/a }}\ntarget {IQN} {{\n{OPEN}lun 0 {{ path /dev/vg0/b }}\n"
        f"lun 1 {{ backend ramdisk; size 1M }}\nlun 2 a\n}}\nlun c {{ path /dev/vg0/c }}\n"
    )
    serials = {name: so.wwn for (_, name), so in found.config.storage_objects.items()}
    assert serials == {
        "a": "MYSERIAL0000",
        "b": "MYSERIAL0001",
        "c": "MYSERIAL0002",
        "ramdisk": "MYSERIAL0000",
    }


def test_discovery_needs_its_user() -> None:
    found = read(
        f"""auth-group d {{ chap-mutual joe joesecret1234 us oursecret1234 }}
portal-group pg {{ discovery-auth-group d; listen 0.0.0.0 }}
target {IQN} {{ portal-group pg; auth-group no-authentication }}
"""
    )
    settings = found.config.fabrics["iscsi"]
    assert settings.discovery_enable
    assert (settings.discovery_auth.userid, settings.discovery_auth.mutual_userid) == ("joe", "us")


def test_secrets_that_truenas_hides_are_no_secrets() -> None:
    """ctl.conf.shadow, for its debug archives, has the same word for all."""
    found = read(
        f"""auth-group d {{ chap "REDACTED" "REDACTED" }}
portal-group pg {{ discovery-auth-group d; listen 0.0.0.0 }}
target {IQN} {{ portal-group pg; chap-mutual "joe" "REDACTED" "us" "REDACTED" }}
"""
    )
    assert tpg(found).auth.password is None and not found.config.fabrics
    assert tpg(found).attributes["authentication"] == "1"
    assert [text for text in said(found) if "is not in the file" in text] == said(found)
    assert len(said(found)) == 3


def test_what_lio_has_not() -> None:
    found = read(
        f"""isns-server 192.0.2.9
lun cd {{ path /mnt/cd.iso; device-type cd }}
lun a {{ path /dev/da0; option eui 0x1; option ha_role primary; option unmap on; option foo bar }}
target naa.5001405000000001 {{
	port isp0
	lun 0 a
}}
target {IQN} {{
{OPEN}	redirect 192.0.2.8
	lun 0 cd
	lun 1 a
}}
controller nqn.2003-01.org.example:c {{
	auth-group no-authentication
	transport-group t
	namespace 1 a
}}
transport-group t {{ listen tcp 0.0.0.0:4420 }}
"""
    )
    assert [one.line for one in found.remarks if one.severity == "lost"] == [2, 3, 3, 5, 10, 14, 19]
    assert exported(tpg(found)) == {1: "a"}
    so = found.config.storage_objects["block", "a"]
    assert so.attributes == {"emulate_tpu": "1", "emulate_tpws": "1"}
    assert "/dev/da0 is a name of FreeBSD" in said(found, "changed")


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("lun a {\n\tpath /x\n", 3, "a } that closes the last block"),
        ("lun a {\n\tpath\n}\n", 2, "another statement, or other arguments, at path"),
        ("lun a {\n}\nhello there\n", 3, "a keyword of this block"),
        ('lun a {\n\tpath ""\n}\n', 2, "another statement"),
        ("lun a {\n\tpath /x\n\tpath /y\n}\n", 3, "path only once"),
        ("lun a {\n}\n", 1, "a path of the LUN a"),
        ("lun a {\n\tsize 1x\n\tpath /mnt/x\n}\n", 2, "a number after size"),
        ("lun a {\n\tbackend x\n}\n", 2, "block or ramdisk"),
        ("lun a {\n\tbackend ramdisk\n}\n", 1, "a size of the ramdisk a"),
        ("lun a {\n\tpath /x\n}\nlun a {\n\tpath /x\n}\n", 4, "another name"),
        (f"target {IQN} {{\n\tlun 0 a\n}}\n", 2, "a LUN, a is none"),
        (f"target {IQN} {{\n\tlun x {{ path /x }}\n}}\n", 2, "a number from 0"),
        (f"target {IQN} {{\n\tauth-group x\n}}\n", 2, "an auth-group, x is none"),
        (f"target {IQN} {{\n\tportal-group x\n}}\n", 2, "a portal-group, x is none"),
        (f"target {IQN} {{\n\tchap a b\n\tauth-group x\n}}\n", 3, "an auth-group or rules"),
        ("auth-group a {\n\tchap a b\n\tchap-mutual a b c d\n}\n", 3, "chap or chap-mutual"),
        ("auth-group a {\n\tauth-type x\n}\n", 2, "one of none, deny"),
        # One word is not a user and a secret.
        ("auth-group a {\n\tchap joesecret1234\n}\n", 2, "another statement"),
        (f"target {IQN} {{\n\tlun 10\n}}\n", 2, "another statement"),
        ("lun a {\n\tpath /x # and\n\t# no more\n\tfoo\n}\n", 4, "a keyword of this block"),
        ("portal-group a {\n\tlisten 192.0.2.1:x\n}\n", 2, "a port from 1"),
        ("lun {\n  a {\n    path = \n", 4, "a } or ]"),
        ("lun {\n  a = /x\n}\n", 2, "an object in braces at a"),
        ("lun {\n  a { path = $X }\n}\n", 2, "no macro, variable"),
        ("auth-group {\n a { chap { user = b } }\n}\n", 2, "the key secret at chap"),
        ("lun " + "{ a " * 20 + "\n", 1, "at most 12 levels"),
    ],
)
def test_malformed(text: str, line: int, expected: str) -> None:
    with pytest.raises(ParseError) as caught:
        FORMATS["ctl"].read(Source("/etc/ctl.conf", text, Texts({})))
    assert caught.value.message.startswith(f"/etc/ctl.conf:{line}: expected {expected}")


@pytest.mark.parametrize("text", ["", "x y z\n", "lun\n"])
def test_other_files_are_not_ctl(text: str) -> None:
    with pytest.raises(LioError):
        detect(text)


def many(form: str, count: int) -> str:
    """Return a file with LUNs in a target for each thousand."""
    numbers = range(count)
    if form == "classic":
        luns = "".join(
            f'lun "d{n}" {{\n\tpath "/dev/vg/d{n}"  # {n}\n\tserial S{n}\n'
            f'\toption "naa" "0x6589cfc{n:025x}"\n}}\n'
            for n in numbers
        )
        targets = "".join(
            f"target {IQN}{start} {{\n{OPEN}"
            + "".join(f"\tlun {n - start} d{n}\n" for n in range(start, min(start + 1000, count)))
            + "}\n"
            for start in range(0, count, 1000)
        )
        return luns + targets
    luns = "".join(
        f'  "d{n}" {{ path = /dev/vg/d{n}  # {n}\n serial = S{n}; options {{ vendor = V }} }}\n'
        for n in numbers
    )
    targets = "".join(
        f'  "{IQN}{start}" {{ auth-group = no-authentication\n lun = ['
        + "".join(
            f"{{ number = {n - start}, name = d{n} }},\n"
            for n in range(start, min(start + 1000, count))
        )
        + "] }\n"
        for start in range(0, count, 1000)
    )
    return f"lun {{\n{luns}}}\ntarget {{\n{targets}}}\n"


@pytest.mark.parametrize("form", ["classic", "ucl"])
@pytest.mark.parametrize("wrong", ["", "}"])
def test_time_is_linear(form: str, wrong: str) -> None:
    """Of a file that does not match too, which a regular expression may try in many ways."""

    def seconds(count: int) -> float:
        text = many(form, count)
        if wrong:
            text = text[: text.rindex("}")] + " \t \n" * count
        start = time.process_time()
        try:
            assert len(read(text).config.storage_objects) == count
        except ParseError as err:
            assert wrong, err
        return time.process_time() - start

    # The fastest of three: a pause of the machine is no time of the program.
    small, large = (min(seconds(count) for _ in range(3)) for count in (200, 2000))
    assert large < 30 * small


@pytest.mark.parametrize(
    "text",
    [
        "lun a { path /x" + " " * 100_000 + "!",
        "lun a { path /x #" + " #" * 50_000,
        "lun a {" + ' path "x" ' * 10_000 + "!",
        "lun { " + "/*" * 50_000,
        "lun { a " + " " * 100_000 + "!",
        "lun { a { " + "b = c  \n" * 20_000 + "!",
        "lun { a { " + "b { c = d  \n } " * 10_000 + "!",
        'lun { a = "' + "\\x" * 50_000,
    ],
)
def test_a_wrong_file_takes_no_longer(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError):
        FORMATS["ctl"].read(Source("/etc/ctl.conf", text, Texts({})))
    assert time.process_time() - start < 5


def test_ucl_of_many_luns_is_the_same_as_that_of_few() -> None:
    """Tokens hold at most fifty items; more become several."""
    luns = "\n".join(f'  "d{n}" {{ path = "/dev/d{n}", serial = "s{n}" }}' for n in range(200))
    refers = ",\n".join(f"{{ number = {n}, name = d{n} }}" for n in range(200))
    text = f"lun {{\n{luns}\n}}\ntarget {{\n  t0 {{\n    lun = [\n{refers}\n]\n  }}\n}}\n"
    found = ucl.parse(Source("/etc/ctl.conf", text, Texts({})))
    assert [one.name for one in found if one.key == "lun"] == [f"d{n}" for n in range(200)]
    (target,) = (one for one in found if one.key == "target")
    assert [one.words for one in target.blocks("lun")] == [
        ("lun", str(n), f"d{n}") for n in range(200)
    ]
    assert [one.line for one in target.blocks("lun")] == [206 + n for n in range(200)]
