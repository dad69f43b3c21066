# SPDX-License-Identifier: Apache-2.0
"""Plans as an admin reads them: one line for each change, without the steps that lead to it."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from test_plan import ACL, DISK, HAVE, PATH, TARGET, TPG, between, with_disk, with_tpg

from rtslib_ext import fabrics
from rtslib_ext.config import scalars
from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import Auth, Config, FabricSettings, Portal, StorageObject
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.steps import Step, acls, lu_groups, luns, portals, quiesce, targets
from rtslib_ext.steps.settings import change, credentials
from rtslib_ext.steps.step import Action
from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.views import plan as view
from targetcli.views import setting_names
from targetcli.views.plan import Style
from targetcli.views.wrap import wrap

ROOT = Path(__file__).parents[2]
SO = "core/rd_mcp_1/d"
AT = TpgPath.of(fabrics.FABRICS["iscsi"], TARGET.wwn, 1)


def lines(have: Config, want: Config, **more: object) -> list[str]:
    return view.lines(between(have, want), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (f"{SO}/attrib/emulate_tpu", "attribute emulate_tpu"),
        (f"{SO}/wwn/vendor_id", "identity vendor_id"),
        (f"{SO}/alias", "device alias"),
        (f"{SO}/alua/gold/preferred", "alua preferred"),
        ("core/alua/lu_gps/left/lu_gp_id", "alua lu_gp_id"),
        (f"{AT.configfs}/attrib/login_timeout", "attribute login_timeout"),
        (f"{AT.configfs}/param/AuthMethod", "parameter AuthMethod"),
        (f"{AT.configfs}/rtpi", "port rtpi"),
        (f"{AT.configfs}/acls/iqn.x/attrib/dataout_timeout", "attribute dataout_timeout"),
        (f"{AT.configfs}/acls/iqn.x/param/AuthMethod", "parameter AuthMethod"),
        (f"{AT.configfs}/acls/iqn.x/cmdsn_depth", "initiator cmdsn_depth"),
        (f"{AT.configfs}/lun/lun_0/alua_tg_pt_offline", "alua alua_tg_pt_offline"),
        ("iscsi/iqn.x/param/cmd_completion_affinity", "parameter cmd_completion_affinity"),
        ("iscsi/cpus_allowed_list", "fabric cpus_allowed_list"),
        (f"{AT.configfs}/np/[::]:3260/iser", "iser"),
        (f"{AT.configfs}/acls/iqn.x/lun_0/write_protect", "write_protect"),
    ],
)
def test_a_setting_has_the_name_of_get(file: str, name: str) -> None:
    assert setting_names.of_step(change(AT.shell, file, "1", "0", {})) == name


def names(steps: object) -> list[str | None]:
    return [setting_names.of_step(step) for step in steps]  # type: ignore[attr-defined]


def test_credentials_have_the_names_of_get() -> None:
    auth = Auth("u", "p", "mu", "mp")
    folder = f"{AT.configfs}/auth"
    found = names(credentials(AT.shell, folder, auth, Auth()))  # type: ignore[arg-type]
    expected = ["userid", "password", "mutual_userid", "mutual_password"]
    assert sorted(filter(None, found)) == sorted(f"auth {name}" for name in expected)
    settings = FabricSettings("iscsi", auth, True)
    found = names(targets.set_fabric(settings, FabricSettings("iscsi")))
    assert "discovery_auth enable" in found and "discovery_auth mutual_password" in found


def test_a_value_that_the_kernel_refuses_has_its_bare_name() -> None:
    bad = Auth(userid="NULLx")
    (step,) = credentials(AT.shell, f"{AT.configfs}/auth", bad, Auth())  # type: ignore[arg-type]
    assert setting_names.of_step(step) == "userid"


def test_old_and_new_value() -> None:
    want = with_tpg(replace(TPG, attributes={**TPG.attributes, "login_timeout": "20"}))
    name = "attribute login_timeout"
    assert lines(HAVE, want) == [f"~ {PATH}: would set {name}: 15 -> 20", "Plan: 1 to change."]
    assert lines(HAVE, want, done=True) == [f"~ {PATH}: set {name}: 15 -> 20", "Done: 1 changed."]
    (fact,) = view.facts(between(HAVE, want))["plan"]  # type: ignore[misc]
    assert fact == {
        "action": "update",
        "path": PATH,
        "text": "set login_timeout=20",
        "setting": name,
        "before": 15,
        "after": 20,
    }


def test_secrets_are_in_no_plan() -> None:
    acl = replace(ACL, auth=Auth("user", "geheim", "", ""))
    want = with_tpg(replace(TPG, acls={ACL.wwn: acl}))
    line = f"~ {PATH}/acls/{ACL.wwn}: would set auth password: *** -> *** (another one)"
    assert lines(HAVE, want) == [line, "Plan: 1 to change."]
    shown = "\n".join([*lines(HAVE, want), *lines(HAVE, want, style=Style(verbose=True))])
    assert "geheim" not in shown and "secret" not in shown
    assert "geheim" not in str(view.facts(between(HAVE, want)))
    none = with_tpg(replace(TPG, acls={ACL.wwn: replace(ACL, auth=Auth("", "", "", ""))}))
    assert f"~ {PATH}/acls/{ACL.wwn}: would set auth userid: user -> not set" in lines(HAVE, none)


def test_steps_that_only_lead_to_a_change_are_left_out() -> None:
    want = with_tpg(replace(TPG, attributes={**TPG.attributes, "authentication": "0"}))
    assert lines(HAVE, want) == [
        f"~ {PATH}: would set attribute authentication: 1 -> 0",
        "Plan: 1 to change.",
    ]
    verbose = lines(HAVE, want, style=Style(verbose=True))
    assert f"~ {PATH}: would set parameter AuthMethod: CHAP -> CHAP" in verbose
    assert verbose[-1] == "Plan: 1 to change."


def test_a_parameter_that_follows_an_attribute_is_left_out() -> None:
    attributes, methods = {**TPG.attributes, "authentication": "0"}, {"AuthMethod": "CHAP,None"}
    want = with_tpg(replace(TPG, attributes=attributes, parameters=methods))
    assert lines(HAVE, want) == [
        f"~ {PATH}: would set attribute authentication: 1 -> 0",
        "Plan: 1 to change.",
    ]
    alone = with_tpg(replace(TPG, parameters=methods))
    assert lines(HAVE, alone)[0].endswith("set parameter AuthMethod: CHAP -> CHAP,None")
    other = with_tpg(replace(TPG, attributes=attributes, parameters={"AuthMethod": "None"}))
    assert lines(HAVE, other)[-1] == "Plan: 2 to change."


def test_parts_of_a_deleted_object_are_counted_with_it() -> None:
    assert lines(HAVE, replace(HAVE, targets={})) == [
        f"- /iscsi/{TARGET.wwn}: would delete target {TARGET.wwn}, with 1 TPG, 1 ACL, "
        "1 mapped LUN, 1 LUN, 1 portal",
        "Plan: 1 to delete.",
    ]
    steps = lines(HAVE, replace(HAVE, targets={}), style=Style(verbose=True))
    assert f"- {PATH}/luns/lun0: would delete LUN 0 (ramdisk/disk)" in steps


def test_a_recreated_object_covers_its_parts() -> None:
    found = lines(HAVE, with_disk(replace(DISK, backing=RamDisk(2 << 20))))
    assert found == [
        f"± {DISK.path}: would recreate ramdisk disk on memory: size: 1.0MiB -> 2.0MiB",
        f"± {PATH}/luns/lun0: would recreate LUN 0 (ramdisk/disk): size: 1.0MiB -> 2.0MiB",
        f"± {PATH}/acls/{ACL.wwn}/mapped_lun0: would remap LUN 0 as 0, read-write: "
        "size: 1.0MiB -> 2.0MiB",
        "Plan: 3 to recreate.",
    ]


def test_what_is_off_and_on_again_is_no_change() -> None:
    fabric = fabrics.FABRICS["iscsi"]
    off, on = (targets.enable(fabric, TARGET.wwn, 1, state) for state in (False, True))
    set_one = change(AT.shell, f"{AT.configfs}/rtpi", "2", "1", {})
    assert view.lines(Plan((off, set_one, on))) == [
        f"~ {PATH}: would set port rtpi: 1 -> 2",
        "Plan: 1 to change.",
    ]
    assert view.lines(Plan((off,))) == [f"~ {PATH}: would disable", "Plan: 1 to change."]
    there, back = quiesce.standby(AT.shell, f"{SO}/alua/g", "0", "0")  # type: ignore[arg-type]
    assert view.lines(Plan((there, set_one, back)))[-1] == "Plan: 1 to change."
    joined = (
        lu_groups.join(DISK.path, SO, None, "left"),
        lu_groups.join(DISK.path, SO, "right", None),
    )  # type: ignore[arg-type]
    assert view.lines(Plan(joined))[0].endswith("would set device alua_lu_gp: left -> right")


def test_a_plan_of_nothing_but_such_steps_shows_them() -> None:
    load = targets.load(fabrics.FABRICS["iscsi"])
    assert view.lines(Plan((load,))) == [
        "~ /iscsi: would load iscsi_target_mod",
        "Plan: 1 to change.",
    ]
    assert view.lines(Plan()) == ["No differences"]


def test_interruptions_come_first() -> None:
    step = luns.discard_lun(AT, 0)
    text, past = "host would lose LUN 0", "host lost LUN 0"
    lost = Disturbance("session", ACL.wwn, PATH, text, by=(step,), past=past)
    notes = (("/x", "a note"),)
    shown = view.lines(Plan((step,), {}, notes), [lost])
    assert shown[0].startswith("interrupts: host would lose LUN 0; ")
    assert shown[-2:] == ["Plan: 1 to delete.", "Note: /x: a note"]
    assert view.lines(Plan((step,)), [lost], done=True)[0] == "interrupted: host lost LUN 0"


def test_colours_are_for_the_mark_only() -> None:
    step = luns.discard_lun(AT, 0)
    plain, colored = (view.lines(Plan((step,)), style=Style(colors=on)) for on in (False, True))
    assert plain[0].isascii() and plain[0].startswith("- ")
    assert colored[0] == f"\033[1m\033[31m-\033[0m{plain[0][1:]}" and colored[1:] == plain[1:]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_a_preference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    env = Env(Preferences(None, {}), stdout=Terminal())
    assert env.uses_colors
    assert not Env(Preferences(None, {"color_mode": False}), stdout=Terminal()).uses_colors
    assert not Env(Preferences(None, {}), stdout=io.StringIO()).uses_colors
    monkeypatch.setenv("NO_COLOR", "1")
    assert not env.uses_colors


def test_a_line_is_wrapped_at_a_terminal_only() -> None:
    step = acls.create_mapped_lun(AT, ACL.wwn, ACL.mapped_luns[0])
    (line, _) = view.lines(Plan((step,)))
    assert "\n" not in line and len(line) > 80
    *wrapped, _ = view.lines(Plan((step,)), style=Style(width=80))
    assert " ".join(wrapped).split() == line.split() and wrapped[1].startswith("    ")


def test_wrapping() -> None:
    assert wrap("a b c", None) == wrap("a b c", 5) == "a b c"
    assert wrap("aaa bbb ccc", 8) == "aaa bbb\n    ccc"
    assert wrap("  aaa bbb ccc", 9) == "  aaa bbb\n      ccc"
    assert wrap("aa " + "b" * 20 + " c", 8) == f"aa\n    {'b' * 20}\n    c"
    assert wrap("+ " + "b" * 20 + " c", 8) == f"+ {'b' * 20}\n    c"
    assert wrap("  + " + "b" * 20 + " c", 8) == f"  + {'b' * 20}\n      c"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (512, "512 bytes"),
        (1 << 20, "1.0MiB"),
        (3 << 29, "1.5GiB"),
        ((1 << 20) + 512, "1.0MiB (1049088 bytes)"),
        (10 << 40, "10.0TiB"),
        (1023 << 10, "1023.0KiB"),
    ],
)
def test_a_size_has_its_bytes_where_they_matter(length: int, text: str) -> None:
    assert scalars.size(length) == text


def test_sizes_that_differ_look_different() -> None:
    have, want = (StorageObject("d", FileIO("/srv/d", (1 << 30) + extra)) for extra in (0, 512))
    found = lines(Config({have.key: have}), Config({want.key: want}))
    assert found[0].endswith("would set size: 1.0GiB -> 1.0GiB (1073742336 bytes)")


def _verbs() -> set[str]:
    """The verbs of steps, as they are written in the code."""
    found = {portals.LISTEN, portals.STOP_LISTENING}
    for path in (ROOT / "rtslib_ext").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Step":
                found |= {
                    part.value
                    for part in ast.walk(node.args[2])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


PAST = {
    "create": "created",
    "delete": "deleted",
    "enable": "enabled",
    "disable": "disabled",
    "end": "ended",
    "load": "loaded",
    "map": "mapped",
    "unmap": "unmapped",
    "restore": "restored",
    "wait": "waited",
    portals.LISTEN: "listens on",
    portals.STOP_LISTENING: "stopped listening on",
}


@pytest.mark.parametrize("verb", sorted(_verbs()))
def test_every_verb_has_a_future_and_a_past(verb: str) -> None:
    step = Step(Action.UPDATE, "/x", verb, "it", ())
    assert view.lines(Plan((step,)))[0] == f"~ /x: would {verb} it"
    if verb != "load":
        assert view.lines(Plan((step,)), done=True)[0] == f"~ /x: {PAST[verb]} it"


def test_a_portal_reads_well() -> None:
    step = portals.create_portal(AT, Portal("127.0.0.1", 3261))
    assert view.lines(Plan((step,)))[0].endswith("would listen on 127.0.0.1:3261")
