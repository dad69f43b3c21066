# SPDX-License-Identifier: Apache-2.0
"""Verb and subject of steps: in one line, inverted, and on disk in the formats of all versions."""

from __future__ import annotations

import pytest

from rtslib_ext.config.model import Auth, Lun, MappedLun, NodeAcl, Portal
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.steps import Action, Step, acls, codec, inverse, lu_groups, luns, portals, targets
from rtslib_ext.steps.operations import Mkdir, Redacted, Write
from rtslib_ext.steps.settings import change as change_of
from rtslib_ext.steps.settings import credentials, differing
from rtslib_ext.steps.step import set_step

ISCSI = FABRICS["iscsi"]
WWN = "iqn.2003-01.org.example:store"
PLACE = TpgPath.of(ISCSI, WWN, 1)
HOST = "iqn.2003-01.org.example:host"
MAPPED = MappedLun(0, 1, write_protect=True, alias="map")
PORTAL = Portal("127.0.0.1", 3260)
DISK = "core/fileio_1/d1"
LUN = Lun(2, ("fileio", "d1"), alias="lun")

# One step, its text, the text of its inverse and that of the inverse of the inverse.
TEXTS = [
    (next(acls.create_acl(PLACE, NodeAcl(HOST))), f"create ACL {HOST}", f"delete ACL {HOST}"),
    (next(acls.delete_acl(PLACE, NodeAcl(HOST))), f"delete ACL {HOST}", f"recreate ACL {HOST}"),
    (
        Step(Action.CREATE, "/x", "create", "fileio d on /srv/d, a new file", (Mkdir("d"),)),
        None,
        "delete fileio d on /srv/d",
    ),
    (
        acls.create_mapped_lun(PLACE, HOST, MAPPED),
        "map LUN 1 as 0, read-only",
        "unmap LUN 1 as 0, read-only",
    ),
    (acls.delete_mapped_lun(PLACE, HOST, MAPPED), "unmap LUN 1", "map LUN 1"),
    (
        acls.set_write_protect(PLACE, HOST, MAPPED),
        "set write_protect=1",
        "set write_protect=0",
    ),
    (next(luns.create_lun(PLACE, LUN, DISK)), "create LUN 2 (fileio/d1)", None),
    (next(luns.delete_lun(PLACE, LUN, DISK)), None, "recreate LUN 2 (fileio/d1)"),
    (
        portals.create_portal(PLACE, PORTAL),
        "listen on 127.0.0.1:3260",
        "stop listening on 127.0.0.1:3260",
    ),
    (
        portals.delete_portal(PLACE, PORTAL),
        "stop listening on 127.0.0.1:3260",
        "listen on 127.0.0.1:3260",
    ),
    (portals.set_portal_flag(PLACE, PORTAL, "iser", True), "set iser=True", "set iser=False"),
    (targets.enable(ISCSI, WWN, 1, True), "enable", "disable"),
    (
        targets.set_nexus(FABRICS["loopback"], "/loopback", "loopback/x/tpgt_1", "naa.2", "naa.1"),
        "set nexus=naa.2",
        "set nexus=naa.1",
    ),
    (
        lu_groups.join("/backstores/fileio/d1", DISK, "g1", None),
        "set alua_lu_gp=g1",
        "set alua_lu_gp=default_lu_gp",
    ),
    (acls.set_tag(PLACE, NodeAcl(HOST), "", "web"), "set tag=", "set tag=web"),
    (
        Step(Action.UPDATE, "/x", "grow", "from 1 to 2 bytes", (Write("x", "2", "1"),)),
        "grow from 1 to 2 bytes",
        "undo grow from 1 to 2 bytes",
    ),
]


@pytest.mark.parametrize(("step", "text", "inverted"), TEXTS)
def test_texts(step: Step, text: str | None, inverted: str | None) -> None:
    assert text in (None, step.text)
    (found,) = inverse.invert([step])
    assert inverted in (None, found.text)
    assert codec.decode(codec.encode(found)) == found


def test_the_inverse_of_an_inverse() -> None:
    step = Step(Action.UPDATE, "/x", "grow", "from 1 to 2 bytes", (Write("x", "2", "1"),))
    back = inverse.invert([step])
    assert [item.text for item in inverse.invert(back)] == ["redo grow from 1 to 2 bytes"]
    step = acls.delete_mapped_lun(PLACE, HOST, MAPPED)
    assert [item.text for item in inverse.invert(inverse.invert([step]))] == ["unmap LUN 1"]


def test_secrets_are_masked() -> None:
    (step,) = credentials("/x", "x/auth", Auth(password="new"), Auth(password="old"))
    assert (step.text, step.value, step.before) == ("set password=***", "***", "***")
    (step,) = credentials("/x", "x/auth", Auth(password="new"), Auth())
    (back,) = inverse.invert([step])
    assert (back.text, back.value, back.before) == ("set password=", "", "***")
    assert "new" not in str(codec.encode(step, secrets=False))


# -- records of versions that kept the text only -----------------------------------------------

OLD = {
    "action": "-",
    "path": f"/iscsi/{WWN}/tpg1/acls/{HOST}",
    "text": f"take back: admit initiator {HOST}",
    "needs": [],
    "operations": [{"do": "Rmdir", "file": "iscsi/x/tpgt_1/acls/y"}],
    "undo": [{"do": "Mkdir", "file": "iscsi/x/tpgt_1/acls/y"}],
}
OLD_SETTING = {
    "action": "~",
    "path": f"/iscsi/{WWN}/tpg1",
    "text": "set password=***",
    "needs": ["/x"],
    "operations": [{"do": "Forgotten", "file": "iscsi/x/tpgt_1/auth/password"}],
    "undo": None,
}


def test_an_old_record() -> None:
    step = codec.decode(OLD)
    assert step.action is Action.DELETE
    assert step.text == OLD["text"]
    assert step.undo == (Mkdir("iscsi/x/tpgt_1/acls/y"),)
    assert codec.decode(codec.encode(step)) == step


@pytest.mark.parametrize("text", ["enable", "grow from 1 to 2 bytes", "set it right", "a=b", ""])
def test_an_old_text_stays(text: str) -> None:
    assert codec.decode({**OLD, "text": text}).text == text


def test_an_old_setting() -> None:
    step = codec.decode(OLD_SETTING)
    assert (step.verb, step.subject, step.value, step.before) == ("set", "password", "***", None)
    assert step.text == OLD_SETTING["text"]
    assert step.operations == (Redacted("iscsi/x/tpgt_1/auth/password"),)
    assert step.needs == ("/x",)
    # Which setting a change of the history is about, without an operation.
    assert codec.parts({"text": "set password=***"})[:2] == ("set", "password")


def test_an_old_setting_inverted() -> None:
    old = set_step("/x", "login_timeout", "20", None, (Write("x", "20", "15"),))
    assert [step.text for step in inverse.invert([old])] == ["undo set login_timeout=20"]


def test_present_values_are_left_out_unless_another_one_moves_them() -> None:
    def step(name: str, value: str, before: str) -> Step:
        return change_of("/tpg", f"attrib/{name}", value, before, {})

    same, moved = step("default_erl", "0", "0"), step("cache_dynamic_acls", "0", "0")
    change = step("generate_node_acls", "1", "0")
    assert differing(ConfigFS(), [same, moved]) == []
    assert differing(ConfigFS(), [change, moved, same]) == [change, moved]
