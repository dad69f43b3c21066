# SPDX-License-Identifier: Apache-2.0
"""The scripts of lio-utils, read as words: the options of tcm_node and lio_node, and configfs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtslib_ext import foreign
from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.foreign.imported import Imported
from rtslib_ext.foreign.lio_utils_options import LIO, TCM
from rtslib_ext.foreign.shell_words import Command, commands
from rtslib_ext.foreign.source import Source, Texts
from tests.growth import growth

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.1993-08.org.example:01:host1"
CORE = "/sys/kernel/config/target/core"
TPG = f"/sys/kernel/config/target/iscsi/{IQN}/tpgt_1"

# As tcm_dump and lio_dump wrote them, with fewer attributes.
TCM_START = f"""modprobe target_core_mod
#### ALUA Logical Unit Groups
mkdir -p {CORE}/alua/lu_gps/gold
echo 3 > {CORE}/alua/lu_gps/gold/lu_gp_id
#### Parameters for TCM subsystem plugin storage object reference
tcm_node --establishdev iblock_0/guest /dev/rbd/rbd/guest
tcm_node --setunitserialwithmd iblock_0/guest 5d3f21e0-8a1c-4c63-9c8b-2f00a6f1d7b4
#### ALUA Target Port Groups
tcm_node --addaluatpgwithmd iblock_0/guest default_tg_pt_gp 0
echo 100 > {CORE}/iblock_0/guest/alua/default_tg_pt_gp/nonop_delay_msecs
tcm_node --addaluatpgwithmd iblock_0/guest far 16
echo 1 > {CORE}/iblock_0/guest/alua/far/alua_access_state
#### Attributes for {CORE}/iblock_0/guest
echo 512 > {CORE}/iblock_0/guest/attrib/block_size
echo 0 > {CORE}/iblock_0/guest/attrib/emulate_tpu
echo 0 > {CORE}/iblock_0/guest/attrib/task_timeout
tcm_node --establishdev fileio_1/logs fd_dev_name=/srv/logs.img,fd_dev_size=1073741824
tcm_node --setunitserialwithmd fileio_1/logs 0f0f
tcm_node --establishdev rd_dr_0/fast 2048
tcm_node --setunitserialwithmd rd_dr_0/fast beef
tcm_node --establishdev pscsi_2/tape scsi_host_id=2,scsi_channel_id=0,scsi_target_id=1,scsi_lun_id=0
"""
LIO_START = f"""modprobe iscsi_target_mod
#### Network portals for iSCSI Target Portal Group
mkdir -p {TPG}/np/192.0.2.1:3260
lio_node --addnp {IQN} 1 [2001:db8::1]
#### iSCSI Target Ports
mkdir -p {TPG}/lun/lun_0
#### ALUA Target Port Group
echo far > {TPG}/lun/lun_0/alua_tg_pt_gp
ln -s {CORE}/iblock_0/guest {TPG}/lun/lun_0/lio_west_port
lio_node --addlun {IQN} 1 5 port5 fileio_1/logs
#### Attributes for iSCSI Target Portal Group
echo 1 > {TPG}/attrib/authentication
lio_node --settpgattr={IQN} 1 generate_node_acls 0
#### Parameters for iSCSI Target Portal Group
echo "CHAP,None" > {TPG}/param/AuthMethod
echo "Yes" > {TPG}/param/ImmediateData
#### iSCSI Initiator ACLs for iSCSI Target Portal Group
mkdir -p {TPG}/acls/{HOST}
echo 32 > {TPG}/acls/{HOST}/cmdsn_depth
echo -n user1 > {TPG}/acls/{HOST}/auth/userid
echo -n "pass 1" > {TPG}/acls/{HOST}/auth/password
echo 15 > {TPG}/acls/{HOST}/attrib/nopin_timeout
mkdir -p {TPG}/acls/{HOST}/lun_2
ln -s {TPG}/lun/lun_0 {TPG}/acls/{HOST}/lun_2/lio_lun
echo 1 > {TPG}/acls/{HOST}/lun_2/write_protect
lio_node --addlunacl {IQN} 1 {HOST} 5 3
#### Trigger to enable iSCSI Target Portal Group
echo 1 > {TPG}/enable
"""


def read(text: str, path: str = "tcm_start.sh", **beside: str) -> Imported:
    assert foreign.detect(text).name == "lio-utils"
    texts = {f"{name}.sh": other for name, other in beside.items()}
    return foreign.FORMATS["lio-utils"].read(Source(path, text, Texts(texts)))


def tpg_of(config: Config, wwn: str = IQN, tag: int = 1) -> Tpg:
    return config.targets["iscsi", wwn].tpgs[tag]


def words(text: str) -> list[tuple[list[str], str]]:
    return [(one.words, one.to) for one in commands(text)]


# -- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, expected",
    [
        ("a b  c", [(["a", "b", "c"], "")]),
        ("echo 1 > /x # no", [(["echo", "1"], "/x")]),
        ("echo 1 >/x", [(["echo", "1"], "/x")]),
        ("a 'b c' \"d e\" f\\ g", [(["a", "b c", "d e", "f g"], "")]),
        ("a; b && c || d", [(["a"], ""), (["b"], ""), (["c"], ""), (["d"], "")]),
        ("a \\\n  b", [(["a", "b"], "")]),
        ("x=1 y='2 3'\na $x ${y} \"$x-$y\"", [(["a", "1", "2 3", "1-2 3"], "")]),
        ("a '' b", [(["a", "", "b"], "")]),
        ("a#b #c", [(["a#b"], "")]),
        ("  \n#x\n", []),
    ],
)
def test_words_of_a_script(line: str, expected: list[tuple[list[str], str]]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    "line, why",
    [
        ("a $(date)", "a shell would run"),
        ("a `date`", "a shell would run"),
        ('a "$(date)"', "a shell would run"),
        ("a $x", "does not set a variable"),
        ("x=$(date)\na $x", "does not set a variable"),
        ("for i in 1 2", "for depends on"),
        ("a 'b", "a quote is missing"),
        ("a | b", "a shell would run"),
        ("a < b", "a shell would run"),
        ("a \udcff", "UTF-8"),
        ("a 'b\0'", "UTF-8"),
    ],
)
def test_what_a_shell_would_compute_is_not_guessed(line: str, why: str) -> None:
    last = [one for one in commands(line) if one.computed][-1:]
    assert last and why in last[0].computed, last


def test_variables_cannot_grow_without_limit() -> None:
    text = "a=xxxxxxxx\n" + "a=$a$a\n" * 60 + "b $a\n" + "c " + "$a" * 60
    found = list(commands(text))
    assert all(len("".join(one.words)) < 1 << 18 for one in found)


def test_the_line_of_a_continued_command_is_its_first() -> None:
    assert list(commands("\na \\\nb\nc")) == [Command(2, ["a", "b"]), Command(4, ["c"])]


# -- storage objects ------------------------------------------------------------------------


def test_storage_objects_of_tcm_dump() -> None:
    imported = read(TCM_START)
    objects = imported.config.storage_objects
    assert {key: so.backing for key, so in objects.items()} == {
        ("block", "guest"): Block("/dev/rbd/rbd/guest"),
        ("fileio", "logs"): FileIO("/srv/logs.img", size=1 << 30),
        ("ramdisk", "fast"): RamDisk(2048 * 4096),
        ("pscsi", "tape"): Pscsi("2:0:1:0"),
    }
    guest = objects["block", "guest"]
    assert guest.wwn == "5d3f21e0-8a1c-4c63-9c8b-2f00a6f1d7b4"
    assert guest.attributes == {"block_size": "512", "emulate_tpu": "0"}
    far = guest.alua_groups["far"]
    assert (far.tag, far.settings) == (16, {"alua_access_state": "1"})
    assert list(guest.alua_groups) == ["far"]
    assert imported.config.lu_groups == {"gold": "3"}
    (note,) = imported.remarks
    assert note.severity == "note" and "task_timeout" in note.text and note.line == 16


def test_options_that_users_wrote_by_hand() -> None:
    text = """#!/bin/bash
export flag=7
name=loop_$flag
tcm_node --block iblock_0/$name /dev/loop0
tcm_node --fileio fileio_0/f /srv/f.img 4096
tcm_node --ramdisk rd_mcp_0/r 8
tcm_node --setdevattr=iblock_0/$name emulate_tpu 1
mkdir -p /sys/kernel/config/target/core/alua/lu_gps/gold
echo 5 > /sys/kernel/config/target/core/alua/lu_gps/gold/lu_gp_id
tcm_node --addlungp lead
tcm_node --setlugp iblock_0/$name gold
tcm_node --setlugp fileio_0/f lead
tcm_node --freedev rd_mcp_0/r
"""
    imported = read(text)
    block, file = imported.config.storage_objects.values()
    assert block.key == ("block", "loop_7") and block.attributes == {"emulate_tpu": "1"}
    assert block.lu_group == "gold"
    assert file.backing == FileIO("/srv/f.img", size=4096)
    assert file.lu_group is None and imported.config.lu_groups == {"gold": "5"}
    assert [one.line for one in imported.remarks if "group" in one.text] == [5, 10]
    new = [one for one in imported.remarks if "new disk" in one.text]
    assert [(one.severity, one.line) for one in new] == [("changed", 4), ("changed", 5)]


def test_control_files_of_configfs() -> None:
    text = f"""mkdir -p {CORE}/fileio_0/x
echo -n fd_dev_name=/srv/x.img,fd_dev_size=8192 > {CORE}/fileio_0/x/control
echo fd_buffered_io=1 > {CORE}/fileio_0/x/control
echo abc > {CORE}/fileio_0/x/wwn/vpd_unit_serial
echo 1 > {CORE}/fileio_0/x/enable
echo udev_path=/dev/sdb,readonly=1 > {CORE}/iblock_0/y/control
"""
    x, y = read(text).config.storage_objects.values()
    assert x.backing == FileIO("/srv/x.img", size=8192, write_back=True)
    assert y.backing == Block("/dev/sdb", readonly=True)


# -- targets --------------------------------------------------------------------------------


def check_target(imported: Imported) -> None:
    tpg = tpg_of(imported.config)
    assert tpg.enable is True
    assert list(tpg.portals) == ["192.0.2.1:3260", "[2001:db8::1]:3260"]
    first, second = tpg.luns[0], tpg.luns[5]
    assert (first.storage_object, first.alias) == (("block", "guest"), "lio_west_port")
    assert first.alua_group == "far"
    assert (second.storage_object, second.alias) == (("fileio", "logs"), "port5")
    assert tpg.attributes == {"authentication": "1", "generate_node_acls": "0"}
    assert tpg.parameters == {"ImmediateData": "Yes"}
    acl = tpg.acls[HOST]
    assert (acl.auth.userid, acl.auth.password) == ("user1", "pass 1")
    assert acl.cmdsn_depth == "32" and acl.attributes == {"nopin_timeout": "15"}
    found = [(one.index, one.tpg_lun, one.write_protect) for one in acl.mapped_luns.values()]
    assert found == [(2, 0, True), (3, 5, False)]
    assert not imported.loses


def test_one_file_with_both_scripts() -> None:
    check_target(read(TCM_START + LIO_START))


def test_two_files_in_either_order() -> None:
    check_target(read(TCM_START, "tcm_start.sh", lio_start=LIO_START))
    check_target(read(LIO_START, "lio_start.sh", tcm_start=TCM_START))
    check_target(read(TCM_START, "tcm_setup.sh", lio_setup=LIO_START))


def test_remarks_name_the_file_that_they_are_about() -> None:
    imported = read(TCM_START, "tcm_start.sh", lio_start=LIO_START + "reboot\n")
    last = imported.remarks[-1]
    assert (last.file, last.line) == ("lio_start.sh", LIO_START.count("\n") + 1)


def test_targets_without_their_storage_objects() -> None:
    imported = read(LIO_START, "lio_start.sh")
    lost = [one for one in imported.remarks if one.severity == "lost"]
    assert [one.line for one in lost] == [9, 10]
    assert "core/iblock_0/guest" in lost[0].text and "tcm_start.sh" in lost[0].cure
    assert not tpg_of(imported.config).luns


def test_options_of_lio_node() -> None:
    text = f"""tcm_node --establishdev iblock_0/a /dev/sda
tcm_node --setunitserial iblock_0/a 1
lio_node --addlun={IQN.upper()} 1 0 port iblock_0/a
lio_node --addnp {IQN} 1 192.0.2.7
lio_node --addnp {IQN} 1 192.0.2.8:
lio_node --disableauth {IQN} 1
lio_node --permissive {IQN} 1
lio_node --settpgparam {IQN} 1 InitialR2T No
lio_node --addlunacl {IQN} 1 {HOST.upper()} 0 4
lio_node --enablelunwp {IQN} 1 {HOST} 4
lio_node --setnodeattr {IQN} 1 {HOST} nopin_timeout 9
lio_node --setnodetcq {IQN} 1 {HOST} 16
lio_node --setchapauth {IQN} 1 {HOST} u p
lio_node --setchapmutualauth {IQN} 1 {HOST} mu mp
lio_node --setchapdiscauth du dp
lio_node --setchapdiscenforce 1
lio_node --addnodeacl {IQN} 1 iqn.1994-05.com.example:gone
lio_node --delnodeacl {IQN} 1 iqn.1994-05.com.example:gone
lio_node --addlunacl {IQN} 1 {HOST} 0 9
lio_node --dellunacl {IQN} 1 {HOST} 9
lio_node --settgptoff {IQN} 1 0
lio_node --listendpoints
lio_node --enabletpg {IQN} 1
"""
    config = read(text).config
    tpg = tpg_of(config)
    assert list(tpg.portals) == ["192.0.2.7:3260", "192.0.2.8:3260"]
    assert tpg.attributes == {"authentication": "0", "generate_node_acls": "1"}
    assert tpg.parameters == {"InitialR2T": "No"} and tpg.enable
    assert tpg.luns[0].alua == {"alua_tg_pt_offline": "1"}
    (acl,) = tpg.acls.values()
    assert acl.wwn == HOST and acl.cmdsn_depth == "16"
    assert dict(acl.auth.items()) == {
        "userid": "u",
        "password": "p",
        "mutual_userid": "mu",
        "mutual_password": "mp",
    }
    assert {one.index: one.write_protect for one in acl.mapped_luns.values()} == {4: True}
    fabric = config.fabrics["iscsi"]
    assert fabric.discovery_enable and fabric.discovery_auth.userid == "du"


def test_every_option_takes_the_words_that_it_uses() -> None:
    for row in (*TCM.values(), *LIO.values()):
        given = [str(number) for number in range(row.takes)]
        for _, path, text in row.acts:
            path.format(*given)
            text.format(*given)


def test_commands_that_are_not_run() -> None:
    text = f"""tcm_node --establishdev iblock_0/a /dev/sda
for i in 1 2; do lio_node --addlun {IQN} 1 $i p$i iblock_0/a; done
lio_node --setchapauth {IQN} 1 {HOST} user $(cat /secret)
lio_node --setchapauth {IQN} 1 {HOST} hidden
rm -rf /sys/kernel/config/target/iscsi/x
echo 1 > /proc/sys/net/ipv4/ip_forward
lio_node --rename {IQN}
ln -s /a /b
mkdir -p /var/target/pr
sleep 3
echo done
"""
    imported = read(text)
    lost = [(one.line, one.text) for one in imported.remarks if one.severity == "lost"]
    assert [line for line, _ in lost] == [2, 2, 2, 3, 4, 5, 6, 7, 8]
    assert not any("hidden" in text or "/secret" in text for _, text in lost)
    assert not imported.config.targets


def test_names_that_lead_elsewhere_are_no_names() -> None:
    imported = read("tcm_node --establishdev iblock_0/../../../x /dev/sda\n")
    assert not imported.config.storage_objects and imported.loses


def test_time_is_linear() -> None:
    def work(count: int) -> Callable[[], object]:
        text = "".join(
            f"tcm_node --establishdev iblock_{number}/d /dev/vg/d{number}\n"
            f"tcm_node --setunitserial iblock_{number}/d s{number}\n"
            f"echo 512 > {CORE}/iblock_{number}/d/attrib/block_size\n"
            f"lio_node --addlun {IQN} 1 {number} p iblock_{number}/d\n"
            for number in range(count)
        )
        return lambda: read(text)

    # Ten times as much, and the noise of a busy host.
    assert growth(work, 200, 2000) < 20


def test_a_group_that_configfs_cannot_hold_is_left_out() -> None:
    folder = f"/sys/kernel/config/target/core/alua/lu_gps/{'x' * 256}"
    imported = read(f"mkdir -p {folder}\necho 5 > {folder}/lu_gp_id\n")
    assert imported.config.lu_groups == {} and imported.loses
    assert "more than 255 bytes" in imported.remarks[0].text


@pytest.mark.parametrize("path", ["disk.img", "../disk.img"])
def test_a_file_without_an_absolute_path_is_left_out(path: str) -> None:
    """The kernel would open another one at boot, where its process is elsewhere."""
    imported = read(f"tcm_node --fileio fileio_0/a {path} 1048576\n")
    assert imported.config.is_empty and "not an absolute path" in imported.remarks[0].text
    text = f"storage fileio {{ disk a {{ path {path}\n size 1MB\n}} }}\n"
    imported = foreign.FORMATS["lio"].read(Source("x.lio", text, Texts({})))
    assert imported.config.is_empty and "not an absolute path" in imported.remarks[0].text
