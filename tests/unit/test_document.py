# SPDX-License-Identifier: Apache-2.0
"""The document of --json without a kernel: errors, values, the schema itself."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Any

import pytest
from documents import SCHEMA, checked, values_as_text
from jsonschema import Draft202012Validator

from rtslib_ext import errors, schema
from rtslib_ext.errors import InvalidValue, KernelRefused, LioError, ParseError, RestoreIncomplete
from rtslib_ext.steps import Action, Step
from targetcli import cli, options
from targetcli.report import Report
from targetcli.result import Result, say, show
from targetcli.views import document, typed
from targetcli.views.settings import Row


def made(report: Report, *, secrets: bool = False) -> dict[str, Any]:
    return checked(document.line(report, secrets=secrets) + "\n")


def failed(*found: Exception) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = made(Report("create", "/", failures=[*found]))["errors"]
    return told


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def described(schema: Any, name: str = "") -> Iterator[str]:
    """The members that nothing is said of."""
    for key, value in schema.get("properties", {}).items():
        if "description" not in value:
            yield f"{name}.{key}"
        yield from described(value, f"{name}.{key}")
    for part in (schema.get("items"), *schema.get("anyOf", ())):
        if part:
            yield from described(part, f"{name}[]")


def test_every_member_is_described() -> None:
    assert list(described(SCHEMA)) == []
    for name, part in SCHEMA["$defs"].items():
        assert "description" in part and list(described(part, name)) == []


def test_every_kind_of_error_is_told() -> None:
    told = SCHEMA["$defs"]["error"]["properties"]["kind"]["description"]
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    kinds = {item.__name__ for item in classes if issubclass(item, LioError)}
    # It is told as the errors that it stands for.
    kinds -= {"RestoreIncomplete"}
    assert kinds | {"OSError", "Bug"} <= set(re.findall(r"(\w+):", told))


def test_what_the_kernel_refused() -> None:
    err = KernelRefused(
        "no", errno=errno.EBUSY, operation="rmdir", file="x", path="/iscsi", hint="wait"
    )
    assert failed(err) == [
        {
            "kind": "KernelRefused",
            "message": "no (EBUSY)",
            "path": "/iscsi",
            "hint": "wait",
            "errno": "EBUSY",
        }
    ]


def test_other_errors() -> None:
    found = failed(FileNotFoundError(errno.ENOENT, "gone", "x"), ValueError("odd"), LioError("l"))
    assert [item["kind"] for item in found] == ["OSError", "Bug", "LioError"]
    assert [item["errno"] for item in found] == ["ENOENT", None, None]
    assert found[2]["path"] is None and found[2]["hint"] is None


def test_one_for_each_cause() -> None:
    causes = [InvalidValue("a", path="/a"), LioError("b")]
    found = failed(RestoreIncomplete("2 errors:\na\nb", causes=causes))
    assert [(item["kind"], item["message"]) for item in found] == [
        ("InvalidValue", "a"),
        ("LioError", "b"),
    ]


def test_a_line_with_a_secret_is_not_shown() -> None:
    err = ParseError("unclosed quote\n  set auth password=x 'y\n  ^")
    assert [failed(err)[0]["message"]] == ["unclosed quote"]
    shown = made(Report("set", "/", failures=[err]), secrets=True)["errors"][0]["message"]
    assert "password=x" in shown
    assert "\n  ls 'y" in failed(ParseError("unclosed quote\n  ls 'y\n     ^"))[0]["message"]


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        ("number", "12", ("number", 12)),
        ("number", "-1", ("number", -1)),
        ("number", "007", ("string", "007")),
        ("number", "", ("number", None)),
        ("number", "0x001405", ("number", 5125)),
        ("number", "True", ("bool", True)),
        ("bool", "false", ("bool", False)),
        ("string", "12", ("string", "12")),
        ("yesno", "Yes", ("yesno", "Yes")),
    ],
)
def test_values(kind: str, text: str, expected: tuple[str, object]) -> None:
    found = document.setting(Row("x", text, kind), hidden=False)
    assert (found["type"], found["value"]) == expected
    assert document.setting(Row("x", text, kind), hidden=True)["value"] is None


def test_parts_are_told_together() -> None:
    step = Step(Action.DELETE, "/a", "delete", "a", ())
    parts = [Report("delete", "/a", changes=[step]), Report("delete", "/b")]
    err = LioError("no")
    parts[1].failures.append(err)
    whole = made(Report("delete", "/*", parts=parts, failures=[err]))
    nothing_set = {"setting": None, "before": None, "after": None}
    deleted = {"action": "delete", "path": "/a", "text": "delete a"}
    assert whole["changes"] == [{**deleted, **nothing_set}]
    assert [part["ok"] for part in whole["results"]] == [True, False]


def test_what_a_report_takes() -> None:
    report = Report()
    report.take(show(iter(["laid out"]), lambda: {"path": "/"}))
    assert (report.messages, report.data) == ([], {"path": "/"})
    report = Report()
    report.take(say("done"))
    assert (report.messages, report.data) == (["done"], None)
    report.take(Result(["a"], notes=["b"]))
    assert report.messages == ["a", "b"]


def test_the_option() -> None:
    request = options.parse(["--json", "--show-secrets", "--", "ls", "--json"])
    assert request.options.json and request.words == ["ls", "--json"]
    assert options.written(request.options) == ["--json", "--show-secrets"]
    assert not options.parse(["ls"]).options.json


def test_v_alone_is_the_version_and_with_a_command_verbose() -> None:
    assert options.parse_program(["-v"], options.Request()).action == "version"
    for words in (["-v", "diff"], ["--verbose", "diff"]):
        request = options.parse_program(words, options.Request())
        assert (request.action, request.options.verbose) == ("", True)


def test_what_is_no_option() -> None:
    assert options.parse(["--", "ls"]).options.literal
    assert not options.parse(["--"]).options.literal
    assert not options.parse(["apply", "x", "--dry-run"]).options.literal


@pytest.mark.parametrize("row", options.ROWS, ids=lambda row: row.name)
def test_every_option_is_read_from_its_row(row: options.Option) -> None:
    words = [row.name, *(["1"] if row.value else [])]
    request = options.parse(words)
    assert (request.action == row.word) is (not row.sets)
    label = f"{row.name}, {row.short}" if row.short else f"{row.name} {row.value}".rstrip()
    usage = options.usage()
    assert f"\n  {label:18}{row.text}\n" in usage.replace("\n" + " " * 20, " ")
    assert max(map(len, usage.splitlines())) <= 80
    if row.sets.startswith("options."):
        # A program in a sandbox gets it, too.
        passed = options.written(request.options)
        assert len(passed) == 1 and options.parse(passed).options == request.options
    else:
        assert options.written(request.options) == []
    if not row.value:
        with pytest.raises(InvalidValue, match="there is no option"):
            options.parse([f"{row.name}=1"])
    else:
        with pytest.raises(InvalidValue, match="needs a value"):
            options.parse([row.name])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--state", "X", "clearconfig", "confirm=true"], "--state"),
        (["--memory=2G", "ls"], "--memory"),
        (["--kernel", "trixie", "ls"], "--kernel"),
        (["--exec", "bash"], "--exec"),
        (["--exec", "--sandbox", "bash"], "--exec"),
        (["--state", "X"], "--state"),
        (["--json", "--state", "X", "--batch", "f"], "--state"),
        (["--sandbox", "--json", "--exec", "bash"], "--json"),
        (["--sandbox", "--wait=3", "--exec", "bash"], "--wait"),
        (["--disable-daemon", "ls"], "--disable-daemon"),
        (["disable-daemon", "clearconfig", "confirm=true"], "--disable-daemon"),
        (["--disable-daemon", "--batch=f"], "--disable-daemon"),
        (["--sandbox", "--state=", "ls"], "--state"),
        (["--sandbox", "--memory", "", "ls"], "--memory"),
        (["--verbose"], "--verbose"),
        (["-v", "--batch", "f"], "--verbose"),
        (["--sandbox", "--kernel=", "ls"], "--kernel"),
    ],
)
def test_an_option_without_an_effect_is_an_error(words: list[str], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        options.refuse_ineffective(options.parse(words))


def test_no_command_is_run_with_an_option_without_an_effect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--state", "X", "clearconfig", "confirm=true"]) == 1
    assert "--state has no effect without --sandbox, so nothing was run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--sandbox", "--state", "X", "--memory=2G", "--kernel=trixie", "--yes", "ls"],
        ["--state", "X", "--sandbox", "--exec", "bash", "--json"],
        ["--memory", "2G", "--help"],
        ["--state=X", "--version"],
        ["--disable-daemon"],
        ["-v", "diff"],
        ["-v", "--dry-run", "--batch", "f"],
    ],
)
def test_an_option_with_an_effect_is_none(words: list[str]) -> None:
    options.refuse_ineffective(options.parse(words))


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        ("attribute login_timeout", "15", 15),
        ("alua_access_state", "1", 1),
        ("attribute authentication", "-1", -1),
        ("size", "1048576", 1048576),
        ("discovery_auth enable", "True", True),
        ("discovery_auth enable", "0", False),
        ("parameter InitialR2T", "Yes", "Yes"),
        ("auth userid", "12", "12"),
        ("attribute login_timeout", "", ""),
        ("attribute login_timeout", None, None),
        (None, "12", "12"),
    ],
)
def test_values_of_changes(setting: str | None, text: str | None, value: object) -> None:
    assert typed.value(setting, text) == value and type(typed.value(setting, text)) is type(value)


def test_a_name_is_a_number_in_every_group_or_in_none() -> None:
    rows = [row for group in schema.GROUPS.values() for row in group]
    assert {row.name for row in rows if schema.is_number(row.name) != row.is_number} == set()


def test_a_number_that_is_a_text_is_noticed() -> None:
    found = values_as_text({"data": [{"lu_gp_id": "1", "name": "1"}, {"on": "true", "n": 1}]})
    assert found == ["lu_gp_id: 1", "on: true"]


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_about_the_command_version(word: str) -> None:
    assert options.parse_program(["version"], options.Request()).action == "version"
    request = options.parse_program(["version", word], options.Request())
    assert (request.action, request.words) == ("", ["version", word])
