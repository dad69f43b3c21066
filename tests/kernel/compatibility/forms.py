# SPDX-License-Identifier: Apache-2.0
"""How the program is started: each form of arguments and of standard input that is in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .row import (
    ACL,
    BLOCK,
    EMPTY,
    EXPORT,
    FILEIO,
    IQN,
    K_ACL,
    K_TARGET,
    K_TPG,
    OTHER,
    RAMDISK,
    SAVED,
    TARGET,
    TPG,
    Text,
    like,
)


@dataclass(frozen=True, slots=True)
class Form:
    """One run of the program; what must come of it is as in a Row.

    ``before`` are runs before it, each of them words. ``out`` of None is not looked at.
    """

    fact: str
    words: tuple[str, ...] = ()
    stdin: str | None = None
    out: Text | None = None
    err: str = ""
    exit: int = 0
    world: tuple[str, ...] = EXPORT
    before: tuple[tuple[str, ...], ...] = ()
    kernel: Mapping[str, str | None] = field(default_factory=dict)
    differs: str = ""
    # A process of its own, as scripts start it; else the program's main function.
    process: bool = False

    def __str__(self) -> str:
        return self.fact


ALSO_SAVED = "Note: this also saved what others changed, in the kernel or in the file: "
AUTO_SAVE = "Global pref auto_save_on_exit=true"
SPELLED = "Created ramdisk r2 with size 1M."

WORDS = (
    Form("words", (RAMDISK, "create", "r2", "1M"), out=SPELLED, process=True),
    Form("one word holds the line", (f"{RAMDISK} create r2 1M",), out=SPELLED, process=True),
    Form("path and command in one word", (f"{RAMDISK} create", "r2", "1M"), out=SPELLED),
    Form("command and value in one word", (TARGET, "create 2"), out=like(r"\ACreated TPG 2\.$")),
    Form("name=value words", (RAMDISK, "create", "name=r2", "size=1M"), out=SPELLED),
    Form("no slash before", ("backstores/ramdisk", "create", "r2", "1M"), out=SPELLED),
    Form("a slash behind", ("backstores/ramdisk/", "create", "r2", "1M"), out=SPELLED),
    Form("iscsi/ create in one word", ("iscsi/ create", OTHER),
         out=like(rf"\ACreated target {OTHER}\.$"), world=EMPTY),
    Form("first word of a loopback target", ("/loopback", "create"),
         out=like(r"\ACreated target (.*)\."), world=EMPTY),
    Form("ls with a path", ("ls", "iscsi"), out=like(r"\Ao- iscsi ")),
    Form("ls with a path and a depth", ("ls", "/iscsi", "1"), out=like(rf"^  o- {IQN} ")),
    Form("ls of a child", (f"{TPG}/portals", "ls", "[::0]:3260"), out=like(r"\Ao- \[::0\]:3260 ")),
    Form("ls of a missing child", (f"{TPG}/portals", "ls", "0.0.0.0:3261"), err="No such path",
         exit=1),
    Form("a path that is there", (TPG,), out=""),
    Form("a path that is not there", (f"{TARGET}/tpg9",), err="No such path", exit=1),
    Form("status of what is there", (TARGET, "status"), out=f"Status for {TARGET}: TPGs: 1"),
    Form("status of what is not there", ("/iscsi/iqn.2003-01.org.example:z", "status"),
         err="No such path", exit=1),
    Form("a failure is 1", (RAMDISK, "create", "r1", "1M"), out="", err="exists", exit=1,
         process=True),
    Form("a command that is not there is 1", ("frobnicate",), err="Command not found frobnicate",
         exit=1),
    Form("pwd", ("pwd",), out="/"),
    Form("the shell's help and version behind a slash", ("/", "version"),
         out=like(r"\Atargetcli version (.*)\Z")),
    Form("help of a command", ("/", "help", "saveconfig"), out=like("^SYNTAX$")),
    Form("set global under another path", ("/iscsi", "set", "global", "auto_save_on_exit=false"),
         out="Parameter auto_save_on_exit is now 'false'."),
    Form("a value with blanks is one word", (ACL, "set", "auth", "userid=a b  c"),
         out="Parameter userid is now 'a b  c'.", kernel={f"{K_ACL}/auth/userid": "a b  c"},
         differs="words of the command line after the command"),
    Form("a value with quotes is one word", (ACL, "set", "auth", "userid=a\"b'c"),
         out="Parameter userid is now 'a\"b'c'.",
         kernel={f"{K_ACL}/auth/userid": "a\"b'c"},
         differs="words of the command line after the command"),
    Form("an empty value", (ACL, "set", "auth", "userid=", "password=p"),
         out="Parameter userid is now ''.\nParameter password is now '(hidden)'.",
         err="initiators on Windows accept only 12 to 16"),
    Form("two credentials in one word", (ACL, "set", "auth", "userid=u password=SECRET"), out="",
         exit=1, err="userid= and password= are in one word", kernel={f"{K_ACL}/auth/userid": ""},
         differs="words of the command line after the command"),
    Form("two settings in one word",
         (TPG, "set", "parameter", "InitialR2T=Yes MaxBurstLength=4096"), out="", exit=1,
         err="pass each NAME=VALUE as a separate word",
         differs="words of the command line after the command"),
    Form("two values in one word: an object and its LUN",
         (f"{TPG}/luns", "create", f"{RAMDISK}/r1 4"), out="", exit=1,
         err="storage object or path not valid (pass each value as a separate word; ",
         differs="words of the command line after the command"),
    Form("two values in one word: a name and its size", (RAMDISK, "create", "r2 4M"), out="",
         err="Missing required parameter size (pass each value as a separate word; ", exit=1,
         differs="words of the command line after the command"),
    Form("two values in one word: of a line they are two", (f"{RAMDISK} create r2 4 M",),
         out="Created ramdisk r2 with size 4M."),
    Form("empty words at the end", (TARGET, "create", "", ""), out=like(r"\ACreated TPG 2\.$")),
    Form("empty words at the end: what must be there is not", (RAMDISK, "create", "r2", ""),
         out="", err="Missing required parameter size", exit=1),
    Form("a value with the name of another is quoted in a line",
         (f"{ACL} set auth userid='a password=b'",), out="Parameter userid is now 'a password=b'.",
         kernel={f"{K_ACL}/auth/userid": "a password=b"}),
    Form("one command saves nothing at its end", (RAMDISK, "create", "r2", "1M"), out=SPELLED,
         before=(("saveconfig",),), kernel={"core/rd_mcp_*/r2": "/"}),
    Form("an error does not stop with a traceback", (BLOCK, "create", "b1", "/dev/nosuch"),
         err="Could not open /dev/nosuch", exit=1),
)  # fmt: skip

FLAGS = (
    Form("--version", ("--version",), out="", err="targetcli version ", world=EMPTY, process=True),
    Form("-v", ("-v",), out="", err="targetcli version ", world=EMPTY),
    Form("-v with a command", ("-v", "/", "undo"), err="this session has no change to undo", exit=1,
         world=EMPTY, differs="`-v` with a command"),
    Form("version without dashes", ("version",), out="", err="targetcli version ", world=EMPTY),
    Form("--help", ("--help",), out=like("^Usage: targetcli "), world=EMPTY,
         differs="`--help`, `-h`, `help`"),
    Form("-h", ("-h",), out=like("^Usage: targetcli "), world=EMPTY,
         differs="`--help`, `-h`, `help`"),
    Form("help without dashes", ("help",), out=like("^Usage: targetcli "), world=EMPTY,
         differs="`--help`, `-h`, `help`"),
    Form("help with words", ("help", "search", "queue", "depth"), out=like("^queue_depth "),
         world=EMPTY, differs="`--help`, `-h`, `help`"),
    Form("--disable-daemon", ("--disable-daemon",),
         out="Parameter auto_use_daemon is now 'false'.", world=EMPTY),
    Form("disable-daemon", ("disable-daemon",), out="Parameter auto_use_daemon is now 'false'.",
         world=EMPTY),
    Form("auto_use_daemon: failures are told", ("frobnicate",), err="Command not found", exit=1,
         before=(("set", "global", "auto_use_daemon=true"),), differs="daemon `targetclid`"),
    Form("an option that is none", ("--nosuch",), err="there is no option --nosuch", exit=1,
         world=EMPTY, differs="unknown option"),
    Form("an option behind the command", ("/", "saveconfig", "--dry-run"),
         out=like("^~ /: would save the configuration to "), world=EMPTY, differs="unknown option"),
    Form("an option with a value behind the command", ("/iscsi", "ls", ".", "--wait", "5", "1"),
         out=like("^o- iscsi "), world=EMPTY, differs="unknown option"),
    Form("an option of the program behind the command", ("ls", "--state", "x"), out="",
         err="(options come first: targetcli --state x ls)", exit=1, world=EMPTY,
         differs="unknown option"),
    Form("a misspelled option behind the command", ("/", "saveconfig", "--dryrun"), out="",
         err="there is no option --dryrun (did you mean --dry-run?", exit=1, world=EMPTY,
         differs="unknown option"),
    Form("--help behind the command", (TPG, "enable", "--help"),
         out=like("^SYNTAX\n======\nenable $"),
         differs="`--help`, `-h`, `help`"),
    Form("--help behind a command of other nodes", ("create", "--help"),
         out=like(r"^/backstores/fileio \(help fileio create\)$"), world=EMPTY,
         differs="`--help`, `-h`, `help`"),
    Form("--help behind the command of a line", stdin="saveconfig --help\nhelp '--nosuch'\n",
         out=like("SYNTAX\n======\nsaveconfig "), err="Cannot find help topic --nosuch.",
         world=EMPTY, differs="`--help`, `-h`, `help`"),
    Form("--help behind -- is a value", ("--", "ls", "--help"), out="", exit=1,
         err="No such path /--help", world=EMPTY),
    Form("an option of the command", (f"{TPG}/luns", "drain", "lun0", "--dry-run"),
         out=like(f"^- {TPG}/luns/lun0"), kernel={f"{K_TPG}/lun/lun_0": "/"}),
    Form("an option of another command", (f"{TPG}/luns", "delete", "0", "--dry-run"),
         out=like(f"^- {TPG}/luns/lun0"), kernel={f"{K_TPG}/lun/lun_0": "/"},
         differs="unknown option"),
    Form("an option behind the command of a line", stdin="saveconfig --dry-run\npwd\n",
         out=like("^/> ~ /: would save the configuration to "), world=EMPTY,
         differs="unknown option"),
    Form("an option that is a value of a line", stdin="help search '--dry-run' zzzz\n",
         out=like("^/> /> exit$"), world=EMPTY,
         err="Nothing contains --dry-run and zzzz in its name"),
    Form("an option that is a value", ("--", "ls", "--json"), out="", exit=1,
         err="No such path /--json", world=EMPTY),
)  # fmt: skip

SCRIPT = f"""\
# storage first

{RAMDISK} create r2 1M
cd /iscsi
  # and indented

create {OTHER}
{OTHER}/tpg1/luns create {RAMDISK}/r2
"""
STDIN = (
    Form("standard input: prompts, comments, blank lines", stdin=SCRIPT, world=EMPTY,
         out=like(r"\Atargetcli shell version .*\n"),
         kernel={f"iscsi/{OTHER}/tpgt_1/lun/lun_0": "/"},
         process=True),
    Form("standard input: prompts stand before what is said", stdin=SCRIPT, world=EMPTY,
         out=like(r"\n/> /> /> Created ramdisk r2 with size 1M\.\n/> /iscsi> /iscsi> /iscsi> "
                  rf"Created target {OTHER}\.\n")),
    Form("standard input: saved at the end", stdin=f"{RAMDISK} create r2 1M\n", err=ALSO_SAVED,
         out=like(rf"\n/> exit\n{AUTO_SAVE}\nConfiguration saved to {SAVED}$")),
    Form("standard input: nothing is saved if nothing was changed", stdin="pwd\n",
         out=like(r"\n/> /\n/> exit\Z"), differs="leaving a shell that changed nothing"),
    Form("standard input: exit ends it", stdin=f"{RAMDISK} create r2 1M\nexit\nfrobnicate\n",
         err=ALSO_SAVED, out=like(rf"\n/> {AUTO_SAVE}\nConfiguration saved to {SAVED}$")),
    Form("standard input: auto_save_on_exit=false", stdin=f"{RAMDISK} create r2 1M\n",
         out=like(r"size 1M\.\n/> exit\Z"),
         before=(("set", "global", "auto_save_on_exit=false"),)),
    Form("standard input: errors do not stop it, exit status 0",
         stdin=f"frobnicate\n{RAMDISK} create r2 1M\n", out=like(SPELLED),
         err="Command not found frobnicate", kernel={"core/rd_mcp_*/r2": "/"}, process=True),
    Form("standard input: failures are counted",
         stdin=f"frobnicate\n/nosuch ls\n{RAMDISK} create r2 1M\n", out=like(SPELLED),
         err="2 of the commands failed\n", differs="commands on standard input"),
    Form("standard input: /iscsi version does not end it",
         stdin=f"/iscsi version\n{RAMDISK} create r2 1M\n", out=like(SPELLED), err=ALSO_SAVED),
    Form("standard input: no newline at the end", stdin=f"{RAMDISK} create r2 1M", err=ALSO_SAVED,
         out=like(SPELLED)),
    Form("standard input: nothing", stdin="", out=like(r"\n/> exit\Z"),
         differs="leaving a shell that changed nothing"),
    Form("standard input: clearconfig and saveconfig", before=(("saveconfig",),),
         stdin="clearconfig confirm=true\nsaveconfig\n",
         out=like(f"^Configuration saved to {SAVED}$"),
         kernel={K_TARGET: None}),
    Form("standard input: clearconfig alone saves nothing at the end",
         stdin="clearconfig confirm=true\n", before=(("saveconfig",),),
         out=like("^/> All configuration cleared$"), err="nothing is configured",
         differs="saving an empty configuration over a saved one"),
)  # fmt: skip

PORTAL = "Global pref auto_add_default_portal=true\nCreated default portal listening on all IPs"
COLLECTED = (
    Form("--batch: no note of a portal that is not there yet", ("--batch", "-"), world=EMPTY,
         stdin=f"/iscsi create {OTHER}\n", out=like(PORTAL),
         kernel={f"iscsi/{OTHER}/tpgt_1/np/[[]::0]:3260": "/"}),
    Form("a range: no note of portals that are not there yet", world=EMPTY, out=like(PORTAL),
         words=("/iscsi", "create", OTHER + "[1-2]"),
         kernel={f"iscsi/{OTHER}2/tpgt_1/np/[[]::0]:3260": "/"}),
)  # fmt: skip

LASTING = (
    Form("set global is seen by the next process", ("/iscsi", "create", OTHER), world=EMPTY,
         before=(("set", "global", "auto_add_default_portal=false"),),
         out=f"Created target {OTHER}.\nCreated TPG 1.", process=True),
    Form("cd: the next shell starts there", stdin="pwd\n", before=(("cd", TPG),),
         out=like(rf"\n\S+> {TPG}\n"), process=True),
    Form("cd: a command starts at the root", ("pwd",), before=(("cd", TPG),), out="/"),
    Form("bookmarks go: the next shell starts there", stdin="pwd\n",
         before=((TPG, "bookmarks", "add", "x"), ("bookmarks", "go", "x")),
         out=like(rf"> {TPG}\n")),
    Form("bookmarks: @last of another process", ("@last", "pwd"), out=f"{RAMDISK}/r2",
         before=((RAMDISK, "create", "r2", "1M"),)),
    Form("a place that is gone: the next shell starts at the root", stdin="pwd\n",
         before=(("cd", f"{FILEIO}/d1"), (FILEIO, "delete", "d1")), out=like(r"\n/> /\n")),
    Form("clearconfig, then saveconfig of the next process", ("saveconfig",),
         before=(("saveconfig",), ("clearconfig", "confirm=true")),
         out=like(f"^Configuration saved to {SAVED}$"), process=True),
)  # fmt: skip

LOG = "/var/tmp/compatibility/log"
LOGGED = (
    Form("log: none by itself", ("pwd",), out="/", before=((RAMDISK, "create", "r2", "1M"),)),
    Form("log: a file that was asked for", (ACL, "set", "auth", "password=hush"),
         out="Parameter password is now '(hidden)'.",
         err="initiators on Windows accept only 12 to 16",
         before=(("set", "global", f"logfile={LOG}"), (RAMDISK, "create", "r2", "1M"),
                 ("frobnicate",))),
    Form("log: levels", ("frobnicate",), err="Command not found", exit=1,
         before=(("set", "global", f"logfile={LOG}", "loglevel_file=error"),
                 (RAMDISK, "create", "r2", "1M"))),
    Form("log: cannot be written", ("pwd",), out="/",
         err="cannot write the log file: /nosuch/log: ",
         before=(("set", "global", "logfile=/nosuch/log"),)),
)  # fmt: skip

FORMS = (*WORDS, *FLAGS, *STDIN, *COLLECTED, *LASTING, *LOGGED)
