# SPDX-License-Identifier: Apache-2.0
"""export as a script: what it creates on an empty kernel is the exported configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import checked
from hypothesis import HealthCheck, assume, given, settings

from rtslib_ext import savefile
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import Config
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.transaction import clear

from ..plan.configurations import FILES, configurations
from ..plan.test_pairs import reach
from .harness import ETC, Shell, tree

NAME = "iqn.2003-01.org.example"
TPG = f"/iscsi/{NAME}:a/tpg1"
H1, H2, H3 = (f"iqn.1994-05.com.example:h{number}" for number in range(1, 4))
EVERYTHING = f"""
/backstores/lu_gps create left 3
/backstores/fileio create d1 DISKS/d1.img 2M
/backstores/fileio/d1 set device alua_lu_gp=left alias='a red one'
/backstores/ramdisk create 'x=[1]' 1M
/backstores/ramdisk/x=[1] set identity vendor_id=ACME company_id=0xaabb revision=2
/backstores/ramdisk/x=[1] set attribute emulate_model_alias=0 block_size=4096
/backstores/ramdisk/x=[1]/alua create g1 7
/backstores/ramdisk/x=[1]/alua/g1 set alua alua_access_state=2 preferred=1
/iscsi set discovery_auth userid=u password=geheimgeheim3 enable=1
/iscsi create {NAME}:a
{TPG}/portals delete ::0 3260
{TPG}/portals create 127.0.0.1 3261
/iscsi/{NAME}:a create 2
/iscsi/{NAME}:a/tpg2 disable
{TPG}/luns create /backstores/fileio/d1
{TPG}/luns create '/backstores/ramdisk/x=[[]1]' 7
{TPG}/luns/lun7 set alua alua_tg_pt_gp_name=g1
{TPG}/acls create {H1}
{TPG}/acls create {H2}
{TPG}/acls create {H3}
{TPG}/acls tag {H2} web
{TPG}/acls tag {H3} web
{TPG}/acls/web delete 7
{TPG}/acls/web set initiator cmdsn_depth=32
{TPG}/acls/web set auth userid=u password='ge heim $x"y' mutual_userid=m mutual_password=@@andere
{TPG} set attribute login_timeout=20 authentication=1
{TPG} set parameter MaxBurstLength=65536
/loopback create naa.5001405000000001
/loopback/naa.5001405000000001/luns create /backstores/fileio/d1 3
"""
GROUPS = f"""
group create spare target={NAME}:a
group create here target={NAME}:a
group map here /backstores/fileio/d1 5 write_protect=true
"""


@pytest.fixture
def filled(shell: Shell, disks: Path) -> Shell:
    """A target with something of every kind of object."""
    for line in EVERYTHING.strip().splitlines():
        shell.ok(line.replace("DISKS", str(disks)))
    return shell


def typed(script: Path, secrets: Path, folder: Path, has: int = 1) -> list[list[str]]:
    """Run a script with a program that records its words; return those of each command.

    ``has`` is the exit status of groups: 0 if there is the group.
    """
    words = folder / "words"
    words.write_text("")
    # A function: a process for each command would take most of the time.
    record = f"""record() {{
    [ "$2" != groups ] || return {has}
    printf '%s\\0' "$@" >>{words}; printf '\\n\\0' >>{words}
}}
. {script}"""
    variables = {**os.environ, "TARGETCLI": "record", "SECRETS": str(secrets)}
    subprocess.run(["sh", "-c", record], env=variables, check=True)
    found: list[list[str]] = [[]]
    for word in words.read_text().split("\0")[:-1]:
        if word == "\n":
            found.append([])
        else:
            found[-1].append(word)
    return found[:-1]


def run(shell: Shell, commands: list[list[str]]) -> None:
    for words in commands:
        answer = shell.words(*words)
        assert answer.exit == 0, f"{words}: {answer.stderr}"


def saved(fs: ConfigFS) -> dict[str, Any]:
    """The running configuration as in a save file, without the names of links."""
    found: dict[str, Any] = json.loads(savefile.dumps(Reader(fs).config()))
    for target in found["targets"]:
        for tpg in target["tpgs"]:
            mapped = [lun for acl in tpg["node_acls"] for lun in acl["mapped_luns"]]
            for lun in (*tpg["luns"], *mapped):
                lun.pop("alias", None)
    return found


def test_the_script_creates_the_same_again_and_again(
    filled: Shell, disks: Path, tmp_path: Path
) -> None:
    script, secrets = tmp_path / "all.sh", tmp_path / "secrets"
    for line in GROUPS.strip().splitlines():
        filled.ok(line)
    said = filled.ok(f"export {script} secrets={secrets}")
    assert said.rows == [f"Written to {script}"]
    assert said.asides == [f"Note: 3 secrets were written to {secrets}"]
    text = script.read_text()
    assert "geheim" not in text and "andere" not in text
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    before, groups = saved(filled.fs), (ETC / "groups.json").read_text()
    commands = typed(script, secrets, tmp_path)
    clear.everything(filled.fs)
    (ETC / "groups.json").unlink()
    # Neither preference has an effect.
    filled.ok("set global auto_add_mapped_luns=true auto_add_default_portal=true")
    filled.ok("set global export_backstore_name_as_model=true auto_enable_tpgt=true")
    run(filled, commands)
    assert saved(filled.fs) == before
    assert json.loads((ETC / "groups.json").read_text()) == json.loads(groups)
    made, changes = tree(), len(filled.done)
    run(filled, typed(script, secrets, tmp_path, has=0))
    assert tree() == made and len(filled.done) == changes


@pytest.mark.long
def test_the_script_of_one_object_is_run_as_a_program(filled: Shell, tmp_path: Path) -> None:
    script = tmp_path / "d1.sh"
    filled.ok(f"/backstores/fileio/d1 export {script}")
    assert "iscsi" not in script.read_text().partition("set -eu")[2]
    filled.ok("clearconfig confirm=true")
    environ = {**os.environ, "TARGETCLI": f"{sys.executable} -m targetcli"}
    subprocess.run(["sh", script], env=environ, check=True, capture_output=True)
    assert "d1" in filled.ok("/backstores/fileio ls")


def test_saved_files_formats_and_json(filled: Shell, tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    filled.ok(f"saveconfig {file}")
    filled.ok("/backstores/fileio delete d1")
    script = filled.ok(f"export - savefile={file}")
    assert "run /backstores/fileio ensure d1" in script
    assert script == filled.ok(f"export - script {file}")
    assert "targetcli.lio.lio_backstore:" in filled.ok("export - format=ansible")
    found = checked(filled.ok("--json export -"))["data"]
    assert found["format"] == "script" and found["lines"][0] == "#!/bin/sh"
    found = checked(filled.ok(f"--json export {tmp_path}/x.yml"))["data"]
    assert found == {"format": "ansible", "file": f"{tmp_path}/x.yml", "remarks": [], "lines": None}
    filled.refuses("export - format=tgt", "has the secrets in it", "--show-secrets")
    assert filled(f"export {tmp_path}/targets.conf format=tgt").exit in (0, 3)
    assert (tmp_path / "targets.conf").stat().st_mode & 0o777 == 0o600
    filled.refuses("export script", "script is a format, not a file (export - format=script)")
    filled.refuses(f"export {tmp_path}/x.json", "is not clear from its name", "saveconfig")
    filled.refuses("export - format=xml", "format must be one of: script, ansible")
    filled.refuses("/backstores/ramdisk/nosuch export -", "No such path")


@pytest.fixture(scope="module")
def devices() -> None:
    subprocess.run(["modprobe", "-r", "sd_mod"], check=True)
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=65536"], check=True)


def equal_tags(config: Config) -> Config:
    """Without tags: ACLs of one tag are changed as one, so they cannot differ."""
    targets = {}
    for key, target in config.targets.items():
        tpgs = {}
        for tag, tpg in target.tpgs.items():
            acls = {wwn: replace(acl, tag=None) for wwn, acl in tpg.acls.items()}
            tpgs[tag] = replace(tpg, acls=acls)
        targets[key] = replace(target, tpgs=tpgs)
    return replace(config, targets=targets)


def there_and_back(config: Config, folder: Path) -> None:
    fs, shell = ConfigFS(), Shell(folder / "home")
    clear.everything(fs)
    shutil.rmtree(FILES, ignore_errors=True)
    os.makedirs(FILES)
    for so in config.storage_objects.values():
        if isinstance(so.backing, FileIO):
            with open(so.backing.dev, "wb") as file:
                file.truncate(so.backing.size or 0)
    reach(fs, equal_tags(config))
    before = saved(fs)
    script, secrets = folder / "all.sh", folder / "secrets"
    shutil.rmtree(secrets, ignore_errors=True)
    answer = shell(f"export {script} secrets={secrets}")
    assert answer.exit == (3 if "lost: " in answer.stderr else 0), answer.stderr
    # Writable mapped LUNs of read-only disks are what the commands make differently.
    assume(answer.exit == 0 and "the kernel makes it read-only" not in answer.stderr)
    clear.everything(fs)
    run(shell, typed(script, secrets, folder))
    assert saved(fs) == before


@pytest.mark.long
@settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
@given(config=configurations())
def test_random_configurations(
    config: Config, devices: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    there_and_back(config, tmp_path_factory.mktemp("export"))


OBJECTS = f"""
{TPG}/acls/{H1}/mapped_lun0
{TPG}/acls/{H1}
{TPG}/acls/{H2}
{TPG}/acls/web
{TPG}/portals/127.0.0.1:3261
{TPG}/luns/lun7
{TPG}
/iscsi/{NAME}:a
/loopback/naa.5001405000000001
/backstores/ramdisk/x=[1]/alua/g1
/backstores/ramdisk/x=[1]
/backstores/fileio/d1
/backstores/lu_gps/left
"""


def test_ensure_absent_deletes_every_kind_of_object(filled: Shell) -> None:
    for path in OBJECTS.split():
        said = filled.ok(f"ensure_absent '{path}'")
        assert "nothing was changed" not in said, path
        assert filled.ok(f"ensure_absent '{path}'").rows == [
            f"{path} does not exist, nothing was changed."
        ]
    assert len(filled.ok("ls /iscsi 1").rows) == 1
    for path in (TPG + "/luns/lun0", "/iscsi/iqn.2003-01.org.example:no/tpg1/acls/x"):
        assert "nothing was changed" in filled.ok(f"ensure_absent {path}")
    for path in ("/", "/iscsi", "/backstores/fileio"):
        filled.refuses(f"ensure_absent {path}", "is not an object that can be deleted")
    filled.refuses("ensure_absent @nosuch", "nosuch")


def test_equal_values_are_no_change_while_in_use(filled: Shell) -> None:
    before = len(filled.done)
    disk = "/backstores/ramdisk/x=[1]"
    for line in (
        f"{disk} set identity company_id=0xaabb vendor_id=ACME",
        f"{disk} set identity company_id={0xAABB}",
        f"{TPG}/acls tag {H2} web",
        "/backstores/fileio/d1 set device alua_lu_gp=left",
    ):
        filled.ok(line)
    assert len(filled.done) == before
    filled.refuses(f"{disk} set identity company_id=0xaabc", "cannot be changed while a LUN")


def test_parameters_of_a_target_count_before_preferences(shell: Shell) -> None:
    shell.ok(f"/iscsi create {NAME}:b tag=3 default_portal=false enable=false")
    assert "tpg3" in shell.ok(f"ls /iscsi/{NAME}:b")
    assert "3260" not in shell.ok(f"/iscsi/{NAME}:b/tpg3/portals ls")
    assert "has been enabled" in shell.ok(f"/iscsi/{NAME}:b/tpg3 enable")
    shell.ok("set global auto_add_default_portal=false auto_enable_tpgt=false")
    shell.ok(f"/iscsi create {NAME}:c default_portal=true enable=true")
    assert "3260" in shell.ok(f"/iscsi/{NAME}:c/tpg1/portals ls")
    assert "already enabled" in shell.ok(f"/iscsi/{NAME}:c/tpg1 enable")
    shell.ok("/loopback create naa.5001405000000002 enable=false")
