# SPDX-License-Identifier: Apache-2.0
"""get and set: attributes, parameters, credentials, preferences; all of them or none."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest

from rtslib_ext.kernel import paths
from targetcli import session
from targetcli.language import grammar
from targetcli.preference import PREFERENCES

from .conftest import Loop
from .harness import Shell, tree, value

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"
R1 = "/backstores/ramdisk/r1"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a storage object and a TPG."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    return shell


@pytest.mark.parametrize(
    "path, groups",
    [
        ("/", "global"),
        ("/backstores", "global"),
        (R1, "global attribute device identity reservations"),
        (f"{R1}/alua/default_tg_pt_gp", "global alua"),
        ("/iscsi", "global discovery_auth fabric"),
        ("/loopback", "global"),
        (f"/iscsi/{IQN}", "global parameter"),
        (TPG, "global attribute parameter auth port"),
        (f"{TPG}/acls", "global"),
    ],
)
def test_groups_of_each_node(user: Shell, path: str, groups: str) -> None:
    for command in ("get", "set"):
        assert user.ok(f"{path} {command}").rows == [
            "",
            "AVAILABLE CONFIGURATION GROUPS",
            "==============================",
            groups,
        ]


def test_get_by_name(user: Shell) -> None:
    assert user.ok(f"{TPG} get attribute authentication") == "authentication=0 \n"
    assert user.ok(f"{R1} get attribute emulate_caw hw_queue_depth") == (
        "emulate_caw=1 \nhw_queue_depth=128 [ro]\n"
    )


def test_get_of_a_group(user: Shell) -> None:
    rows = user.ok(f"{R1} get attribute").rows
    assert rows[:2] == ["ATTRIBUTE CONFIG GROUP", "======================"]
    place = rows.index("hw_queue_depth=128 [ro]")
    assert rows[place + 1] == "-" * len(rows[place])
    assert rows[place + 2] and rows[place + 3] == ""
    names = [
        row.partition("=")[0]
        for row, line in zip(rows, rows[1:], strict=False)
        if line.startswith("---")
    ]
    assert names == sorted(names) and len(names) > 30


def test_set_of_a_group_shows_types(user: Shell) -> None:
    rows = user.ok(f"{TPG} set parameter").rows
    assert rows[:2] == ["PARAMETER CONFIG GROUP", "======================"]
    assert "InitialR2T=yesno" in rows and "MaxConnections=number" in rows
    assert "hw_queue_depth=number" not in user.ok(f"{R1} set attribute").rows


def test_set_attributes_of_a_storage_object(user: Shell) -> None:
    at = paths.find_storage_object(user.fs, "ramdisk", "r1")
    assert user.ok(f"{R1} set attribute emulate_caw=0 queue_depth=64 block_size=4096").rows == [
        "Parameter emulate_caw is now '0'.",
        "Parameter queue_depth is now '64'.",
        "Parameter block_size is now '4096'.",
    ]
    assert [value(f"{at}/attrib/{name}") for name in ("emulate_caw", "block_size")] == ["0", "4096"]


def test_set_attributes_and_parameters_of_a_tpg(user: Shell) -> None:
    assert user.ok(f"{TPG} set attribute demo_mode_write_protect=0 cache_dynamic_acls=1").rows == [
        "Parameter demo_mode_write_protect is now '0'.",
        "Parameter cache_dynamic_acls is now '1'.",
    ]
    assert value(f"{FILE}/attrib/cache_dynamic_acls") == "1"
    answer = user.ok(
        f"{TPG} set parameter MaxConnections=4 InitialR2T=No TargetAlias='my disk 50%'"
    )
    assert answer.rows[2] == "Parameter TargetAlias is now 'my disk 50%'."
    assert value(f"{FILE}/param/MaxConnections") == "4"
    assert value(f"{FILE}/param/TargetAlias") == "my disk 50%"


def test_set_of_a_target(user: Shell) -> None:
    answer = user.ok(f"/iscsi/{IQN} set parameter cmd_completion_affinity=-2")
    assert answer == "Parameter cmd_completion_affinity is now '-2'.\n"
    assert value(f"iscsi/{IQN}/param/cmd_completion_affinity") == "-2"


def test_credentials(user: Shell) -> None:
    secret = "s'e\"c \\r{}|^`ü"
    answer = user.words(TPG, "set", "auth", "userid=u", f"password={secret}", "mutual_userid=m")
    assert answer.rows == [
        "Parameter userid is now 'u'.",
        "Parameter password is now '(hidden)'.",
        "Parameter mutual_userid is now 'm'.",
    ]
    assert value(f"{FILE}/auth/password") == secret
    user.ok(f"{TPG} set auth userid_mutual=m2 password_mutual=p2")
    assert value(f"{FILE}/auth/userid_mutual") == "m2"
    assert value(f"{FILE}/auth/password_mutual") == "p2"
    assert "userid=u" in user.ok(f"{TPG} get auth").rows
    assert user.ok(f"{TPG} set auth userid= ") == "Parameter userid is now ''.\n"
    assert user.ok(f"{TPG} get auth userid") == "userid= \n"


EQUAL = "password and mutual_password are equal, so initiators such as open-iscsi do not log in"
SECRET = "a-fine-secret"


def _hosts(user: Shell) -> tuple[str, ...]:
    user.ok(f"{TPG}/acls create iqn.2003-01.org.example:i1")
    return (
        f"{TPG} set auth",
        f"{TPG}/acls/iqn.2003-01.org.example:i1 set auth",
        "/iscsi set discovery_auth",
    )


def test_equal_secrets_are_refused_in_any_order(user: Shell) -> None:
    for line in _hosts(user):
        for lines in (
            [f"password={SECRET} mutual_password={SECRET}"],
            [f"password={SECRET}", f"userid=u mutual_password={SECRET}"],
            ["password=", f"mutual_password={SECRET}", f"mutual_userid=m password={SECRET}"],
        ):
            user.ok(f"{line} userid=u password='' mutual_password=''")
            for values in lines[:-1]:
                user.ok(f"{line} {values}")
            user.refuses(f"{line} {lines[-1]}", EQUAL)
        user.ok(f"{line} password={SECRET}1 mutual_password={SECRET}")


def test_equal_secrets_are_noted_at_restore_and_apply(user: Shell, tmp_path: Path) -> None:
    line = _hosts(user)[1]
    user.ok(f"{line} userid=u password={SECRET} mutual_userid=m mutual_password={SECRET}1")
    file = tmp_path / "save.json"
    user.ok(f"saveconfig {file}")
    file.write_text(file.read_text().replace(f"{SECRET}1", SECRET))
    note = f"{TPG}/acls/iqn.2003-01.org.example:i1: {EQUAL}"
    assert note in user.ok(f"apply {file} dry_run=true")
    assert f"Note: {note}" in user.ok(f"restoreconfig {file} clear_existing=true").asides
    assert EQUAL not in user.ok(f"apply {file} dry_run=true")


def test_secrets_that_windows_refuses_are_noted(user: Shell) -> None:
    needs = "initiators on Windows accept only 12 to 16"
    for line in _hosts(user):
        answer = user.ok(f"{line} password=p mutual_password={'m' * 17}")
        assert answer.asides == [
            f"Note: password has 1 character; {needs}",
            f"Note: mutual_password has 17 characters; {needs}",
        ]
        assert user.ok(f"{line} password={'p' * 12} mutual_password={'m' * 16}").asides == []
        assert user.ok(f"{line} userid=u password=''").asides == []


def test_discovery_authentication(user: Shell) -> None:
    folder = "iscsi/discovery_auth"
    assert user.ok("/iscsi set discovery_auth enable=1 userid=u password=p").rows == [
        "Parameter enable is now 'True'.",
        "Parameter userid is now 'u'.",
        "Parameter password is now '(hidden)'.",
    ]
    assert value(f"{folder}/enforce_discovery_auth") == "1"
    assert value(f"{folder}/password") == "p"
    assert user.ok("/iscsi status") == "Status for /iscsi: 1-way disc auth, Targets: 1\n"
    user.ok("/iscsi set discovery_auth mutual_userid=m mutual_password=q")
    assert user.ok("/iscsi status") == "Status for /iscsi: mutual disc auth, Targets: 1\n"
    assert "enable=True" in user.ok("/iscsi get discovery_auth").rows
    user.ok("/iscsi set discovery_auth enable=0")
    assert user.ok("/iscsi status") == "Status for /iscsi: Targets: 1\n"
    assert value(f"{folder}/userid") == "u"


class Terminal(io.StringIO):
    """A screen of 80 columns."""

    def isatty(self) -> bool:
        return True


def on_terminal(user: Shell, line: str, **options: object) -> list[str]:
    """The lines that a command shows at a terminal."""
    env = user.env(**options)
    env.stdout = Terminal()
    assert session.run_line(env, lambda: grammar.parse(line)) is not None, env.stderr.getvalue()  # type: ignore[attr-defined]
    lines = env.stdout.getvalue().splitlines()
    assert max(map(len, lines)) <= 80, lines
    return lines


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("targetcli.views.terminal_width", lambda _: 80)


@pytest.mark.usefixtures("narrow")
def test_people_see_secrets_only_when_they_ask(user: Shell) -> None:
    user.ok(f"{TPG} set auth userid=u password=geheim")
    line = f"{TPG} get auth password userid"
    shown = {wish: on_terminal(user, line, show_secrets=wish) for wish in (False, True)}
    assert shown[False][1].split()[:4] == ["*", "password", "(hidden)", "text,"]
    assert shown[True][1].split()[1:3] == ["password", "geheim"]
    assert "* userid    u " in "\n".join(shown[False])


def test_set_at_a_terminal_is_wrapped(user: Shell) -> None:
    lines = on_terminal(user, f"{TPG} set auth")
    assert any(line.startswith("    ") for line in lines)
    written = user.ok(f"{TPG} set auth").rows
    assert " ".join(line.strip() for line in lines) == " ".join(map(str.strip, written))


@pytest.mark.usefixtures("narrow")
def test_get_at_a_terminal_is_a_table(user: Shell) -> None:
    user.ok(f"{R1} set attribute emulate_tas=0")
    lines = on_terminal(user, f"{R1} get attribute")
    cells = {line[2:].split()[0]: (line[:2], line[2:].split()[1:]) for line in lines}
    assert cells["NAME"][1] == ["VALUE", "DEFAULT", "RANGE"]
    assert cells["emulate_tas"] == ("* ", ["0", "1", "0,", "1"])
    assert cells["emulate_caw"] == ("  ", ["1", "1", "0,", "1"])
    assert cells["hw_queue_depth"] == ("  ", ["128", "-", "read-only"])
    assert cells["queue_depth"][1] == ["128", "128", "1", "to", "hw_queue_depth", "commands"]
    names = [line[2:].split()[0] for line in lines[1:-1]]
    assert names == sorted(names) and len(names) > 30
    assert lines[-1] == "* differs from the default; -v shows the meaning of each setting"


@pytest.mark.usefixtures("narrow")
def test_every_group_fits_a_terminal(user: Shell) -> None:
    for path in ("/", R1, f"{R1}/alua/default_tg_pt_gp", "/iscsi", f"/iscsi/{IQN}", TPG):
        for group in user.ok(f"{path} get").rows[3].split():
            for more in ("", "-v"):
                assert len(on_terminal(user, f"{path} get {group} {more}")) > 2


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("line", ["get attribute emulate_tpu", "get attribute -v"])
def test_the_meaning_is_shown_for_names_and_with_v(user: Shell, line: str) -> None:
    lines = on_terminal(user, f"{R1} {line}")
    place = next(place for place, row in enumerate(lines) if row[2:].startswith("emulate_tpu "))
    assert lines[place + 1].startswith("      Offer thin provisioning with UNMAP, so that")
    assert "-v shows" not in lines[-1]


def test_v_shows_the_table_anywhere(user: Shell) -> None:
    for line in (f"{TPG} get attribute -v", f"-v {TPG} get attribute"):
        assert user.ok(line).rows[0].split() == ["NAME", "VALUE", "DEFAULT", "RANGE"]
    assert user.ok(f"{TPG} get attribute authentication").rows == ["authentication=0 "]
    user.refuses(f"{TPG} get -v", "--verbose has no effect without a group")


@pytest.mark.usefixtures("narrow")
def test_changed_without_a_group_is_of_all_groups(user: Shell) -> None:
    node = f"/iscsi/{IQN}"
    assert user.ok(f"{node} get --changed").rows == [NEW]
    assert on_terminal(user, f"{node} get --changed") == [NEW]
    user.ok(f"{node} set parameter cmd_completion_affinity=-2")
    user.ok("set global tree_max_depth=3")
    changed = ["global tree_max_depth=3", "parameter cmd_completion_affinity=-2"]
    assert user.ok(f"{node} get --changed").rows == changed
    head, *lines = on_terminal(user, f"{node} get --changed")
    assert head.split()[0] == "NAME"
    first, second, legend = (line for line in lines if line[0] == "*")
    assert legend.startswith("* differs from the default; ")
    assert first.split()[:5] == ["*", "global", "tree_max_depth", "3", "0"]
    assert second.split()[:4] == ["*", "parameter", "cmd_completion_affinity", "-2"]
    user.ok("set global tree_max_depth=default")
    assert user.ok(f"{node} get --changed").rows == changed[1:]
    rows = user.ok(f"{R1} get --changed").rows
    assert rows[0] == "attribute emulate_model_alias=1"
    assert rows[1] == "Not compared, the default is not known: 5 settings of attribute, identity"
    user.refuses(f"{TPG} get attribute --changed nosuch", "No parameter 'nosuch'")


@pytest.mark.parametrize(
    "line, says",
    [
        (f"{R1} set attribute emulate_caw=0 nosuch=1", "Unknown parameter nosuch in group"),
        (f"{R1} set attribute emulate_caw=0 emulate_dpo=7", "emulate_dpo takes 0 or 1, not '7'"),
        (f"{R1} set attribute emulate_caw=0 hw_queue_depth=1", "Parameter hw_queue_depth is read"),
        (
            f"{R1} set attribute emulate_caw=0 emulate_tpu=1",
            "Cannot set attribute emulate_tpu: [Errno 38] Function not implemented: a ramdisk "
            "cannot discard blocks (use a fileio backstore on a tmpfs, which can); the kernel "
            "says: Generic Block Discard not supported",
        ),
        (f"{TPG} set parameter MaxConnections=2 InitialR2T=Maybe", "InitialR2T takes Yes or No"),
        (f"{TPG} set auth userid=u password=NULLX", "password must not begin with NULL"),
        (f"{TPG} set auth userid=u nosuch=x", "Unknown parameter nosuch in group 'auth'."),
        (f"{TPG} set auth pasword=x", "parameter pasword in group 'auth'. (did you mean password?"),
        ("/iscsi set discovery_auth enabled=1", "enabled in group 'discovery_auth'. (did you mean"),
        ("/iscsi set discovery_auth userid=u enable=x", "enable takes 0 or 1, not 'x'"),
        ("set global tree_max_depth=1 color_path=x", "Not setting color_path! Syntax error, 'x'"),
        ("set global tree_max_depth=1 max_backup_files=x", "Not setting max_backup_files! Syntax"),
        ("set global tree_max_depth=1 auto_save_on_exit=maybe", "'maybe' is not true|false."),
        ("set global tree_max_depth=1 nosuch=1", "Unknown parameter nosuch in group 'global'."),
    ],
)
def test_all_or_none(user: Shell, line: str, says: str) -> None:
    user.refuses(line, says)
    assert user.ok("get global tree_max_depth") == "tree_max_depth=0 \n"


def test_attribute_of_an_exported_object_is_the_kernels_to_refuse(user: Shell) -> None:
    user.ok(f"{TPG}/luns create {R1}")
    user.refuses(
        f"{R1} set attribute emulate_caw=0 block_size=4096",
        f"{R1}: Cannot set attribute block_size: [Errno 22] Invalid argument",
        "Unable to change SE Device block_size while export_count is 1",
    )


def test_refused_value_is_written_once(user: Shell) -> None:
    """The kernel complains of every write."""
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    user.refuses(f"{R1} set attribute emulate_tpu=1", "Generic Block Discard not supported")
    records = []
    with suppress(BlockingIOError):
        while True:
            records.append(os.read(log, 8192))
    os.close(log)
    assert sum(b"Generic Block Discard" in record for record in records) == 1


def test_colours_do_not_change_what_is_said(user: Shell) -> None:
    said = set()
    for mode in ("false", "true"):
        user.ok(f"set global color_mode={mode}")
        said.add(user.ok("/loopback create naa.5001405000000001"))
        said.add(user.ok("/loopback delete naa.5001405000000001"))
        said.add(user.refuses("/loopback delete naa.5001405000000001").stderr)
    assert len(said) == 3


def test_preferences_stay_between_processes(user: Shell) -> None:
    for name, text in (
        ("auto_add_default_portal", "false"),
        ("max_backup_files", "3"),
        ("tree_max_depth", "2"),
        ("color_path", "red"),
        ("loglevel_file", "info"),
        ("logfile", "/var/log/x y.txt"),
    ):
        words = ("/iscsi", "set", "global", f"{name}={text}")
        assert user.words(*words) == f"Parameter {name} is now '{text}'.\n"
        assert user.ok(f"get global {name}") == f"{name}={text} \n"
    assert len(user.ok("ls").rows) < 15


def test_auto_cd_after_create(user: Shell) -> None:
    user.ok("set global auto_cd_after_create=true")
    answer = user.ok("/backstores/ramdisk create r2 1M")
    assert answer.rows[-1] == "Entering new node /backstores/ramdisk/r2"
    assert user.ok("pwd") == "/backstores/ramdisk/r2\n"
    user.ok(f"/iscsi/{IQN} create 4")
    assert user.ok("pwd") == f"/iscsi/{IQN}/tpg4\n"
    assert user.ok("cd <") == "Taking you back to /backstores/ramdisk/r2.\n"
    assert user.ok("cd >") == f"Taking you back to /iscsi/{IQN}/tpg4.\n"
    assert user.ok("@last status").startswith(f"Status for /iscsi/{IQN}/tpg4: ")


def test_preferences_that_cannot_be_kept_hold_for_now(user: Shell, tmp_path: Path) -> None:
    user.home = tmp_path / "file"
    user.home.write_text("")
    answer = user("set global tree_max_depth=3")
    assert answer.exit == 0
    assert answer.rows[0] == "Parameter tree_max_depth is now '3'."
    assert answer.rows[1].startswith("Not saved, for this session only: preferences not saved: ")


NEW = "Nothing differs from the defaults."


@pytest.mark.parametrize(
    ("create", "path"),
    [
        ("/backstores/ramdisk create x 1M", "/backstores/ramdisk/x"),
        ("/backstores/fileio create x {disks}/x 1M", "/backstores/fileio/x"),
        ("/backstores/fileio create x {disks}/x 1M false", "/backstores/fileio/x"),
        ("/backstores/fileio create x {loop}", "/backstores/fileio/x"),
        ("/backstores/block create x {loop}", "/backstores/block/x"),
        ("/backstores/pscsi create x {scsi}", "/backstores/pscsi/x"),
    ],
)
def test_a_new_storage_object_has_changed_nothing(
    shell: Shell, disks: Path, loop: Loop, scsi_disk: tuple[str, str], create: str, path: str
) -> None:
    device = loop() if "{loop}" in create else ""
    for word, text in (("{disks}", str(disks)), ("{loop}", device), ("{scsi}", scsi_disk[0])):
        create = create.replace(word, text)
    shell.ok("set global export_backstore_name_as_model=false")
    shell.ok(create)
    rows = shell.ok(f"{path} get attribute --changed").rows
    assert rows[-1] == NEW or rows[-1].startswith("Not compared, the default is not known: ")
    assert len(rows) == 1


def test_changed_names_what_cannot_be_told(shell: Shell, loop: Loop) -> None:
    shell.ok(f"/backstores/block create x {loop()}")
    answer = shell.ok("/backstores/block/x get attribute --changed block_size queue_depth")
    assert answer == "Not compared, the default is not known: block_size queue_depth\n"


@pytest.mark.parametrize(
    ("path", "group", "setting", "new"),
    [
        ("/backstores/ramdisk/r2", "attribute", "emulate_tas=0", "emulate_model_alias=1 "),
        ("/backstores/ramdisk/r2", "attribute", "queue_depth=64", ""),
        (f"{R1}/alua/g", "alua", "preferred=1", ""),
        (TPG, "attribute", "login_timeout=20", "authentication=0 "),
        (TPG, "parameter", "MaxConnections=4", "AuthMethod=CHAP,None "),
        (f"/iscsi/{IQN}", "parameter", "cmd_completion_affinity=-2", ""),
        (f"{TPG}/acls/iqn.1994-05.com.example:h", "attribute", "nopin_timeout=30", ""),
        (f"{TPG}/luns/lun0", "alua", "alua_tg_pt_gp_name=g", ""),
        ("/iscsi", "discovery_auth", "userid=u", ""),
        ("/", "global", "auto_cd_after_create=true", ""),
        ("/", "global", "tree_max_depth=3", ""),
    ],
)
def test_changed_and_back(user: Shell, path: str, group: str, setting: str, new: str) -> None:
    user.ok(f"{R1}/alua create g 7")
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"{TPG}/luns create {R1}")
    user.ok(f"{TPG}/acls create iqn.1994-05.com.example:h")
    name, _, _ = setting.partition("=")
    before = user.ok(f"{path} get {group} --changed").rows
    assert new == "" or new in before
    value_before = user.ok(f"{path} get {group} {name}")
    user.ok(f"{path} set {group} {setting}")
    rows = user.ok(f"{path} get {group} --changed").rows
    shown = user.ok(f"{path} get {group} {name}").rows[0]
    assert shown in rows and len(rows) == len(before) + (before[-1] != NEW)
    assert user.ok(f"{path} get {group} --changed {name}").rows == [shown]
    if group in ("attribute", "parameter") or "preferred" in setting:
        user.ok(f"{path} set {group} {name}=default")
        assert user.ok(f"{path} get {group} --changed").rows == before
        assert user.ok(f"{path} get {group} {name}") == value_before
        assert user.ok(f"{path} get {group} --changed {name}").rows == [NEW]


def test_changed_hides_secrets(user: Shell) -> None:
    assert user.ok(f"{TPG} get auth --changed").rows == [NEW]
    user.ok(f"{TPG} set auth userid=u password=default")
    assert user.ok(f"{TPG} get auth --changed").rows == ["password=(hidden) ", "userid=u "]
    assert "auth password=(hidden)" in user.ok(f"{TPG} get --changed").rows
    shown = user.ok(f"{TPG} get auth --changed", show_secrets=True).rows
    assert shown == ["password=default ", "userid=u "]


def test_several_defaults_or_none(user: Shell) -> None:
    user.ok(f"{R1} set attribute queue_depth=64 emulate_caw=0 emulate_tas=0")
    user.refuses(
        f"{R1} set attribute queue_depth=default emulate_caw=default optimal_sectors=default",
        f"{R1}: Not setting optimal_sectors! its default is not known",
    )
    answer = user.ok(f"{R1} set attribute queue_depth=default emulate_caw=default emulate_tas=1")
    assert answer.rows == [
        "Parameter queue_depth is now '128'.",
        "Parameter emulate_caw is now '1'.",
        "Parameter emulate_tas is now '1'.",
    ]
    user.refuses(f"{R1} set attribute hw_queue_depth=default", "is read-only")
    user.refuses(f"{R1} set attribute nosuch=default", "Unknown parameter nosuch")


def test_default_is_a_text_where_any_text_is_a_value(user: Shell) -> None:
    user.ok(f"{TPG} set parameter TargetAlias=default")
    assert value(f"{FILE}/param/TargetAlias") == "default"


def test_help_tells_of_a_setting(user: Shell) -> None:
    rows = user.ok(f"{R1} help queue_depth").rows
    assert rows[0] == "queue_depth (attribute)" and len(rows) == 4
    assert "Default: 128. Fixed while a LUN exports it." in rows[2]
    assert rows[3].startswith("Source: ")
    assert rows[2] in user.ok(f"{R1} get attribute")
    assert user.ok(f"{TPG} help password").rows[0] == "password (auth)"
    assert user.ok("/iscsi help enable").rows[3].endswith(".c.")
    user.refuses(f"{R1} help nosuch", "Cannot find help topic nosuch")


# A line that sets what is set already, of each group and kind of node.
PRESENT = (
    f"{R1} set attribute emulate_tas=1 emulate_caw=1",
    "/backstores/ramdisk/r2 set identity vendor_id=LIO-ORG",
    f"{R1}/alua/default_tg_pt_gp set alua alua_access_state=0",
    f"{TPG} set attribute authentication=0 generate_node_acls=0",
    f"{TPG} set parameter HeaderDigest=CRC32C,None",
    f"{TPG} set auth userid=u password=secret",
    f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=default_tg_pt_gp",
    f"{TPG} enable",
    "/iscsi set discovery_auth enable=0 userid=",
)


@pytest.mark.parametrize("line", PRESENT)
def test_setting_the_present_value_is_no_change(user: Shell, line: str) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"{TPG}/luns create {R1}")
    user.ok(f"{TPG} set auth userid=u password=secret")
    user.ok(f"{R1} set attribute max_write_same_len=100")
    before, undoable = tree(), len(user.done)
    history = str(user.ok("/ history"))
    user.ok(line)
    assert (tree(), len(user.done), str(user.ok("/ history"))) == (before, undoable, history)
    user.ok("/ undo")
    answer = user.ok(f"{R1} get attribute max_write_same_len")
    assert answer != "max_write_same_len=100 \n"


def test_default_resets_any_preference(
    user: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # that of the file named 7
    other = {"loglevel": "error", "color": "red", "colordefault": "red"}
    for name, row in PREFERENCES.items():
        default = user.ok(f"get global {name}")
        text = str(not row.default) if row.kind == "bool" else other.get(row.kind, "7")
        user.ok(f"set global {name}={text}")
        assert user.ok(f"get global {name}") != default
        user.ok(f"set global {name}=default")
        assert user.ok(f"get global {name}") == default
