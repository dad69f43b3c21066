# SPDX-License-Identifier: Apache-2.0
"""What the modules share: lines for targetcli, and one process that runs all of a task.

The lines are passed on standard input, so that no secret is a word of a command line.
"""

from __future__ import annotations

import json
import re
import shlex

from ansible.module_utils.basic import AnsibleModule

PROGRAM = {
    "executable": {"type": "str", "default": "targetcli"},
    "force": {"type": "bool", "default": False},
    "save": {"type": "bool", "default": True},
}
STATE = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
PLACE = {
    "fabric": {"type": "str", "default": "iscsi"},
    "target": {"type": "str", "required": True},
    "tag": {"type": "int", "default": 1},
}
SINGLE = frozenset("loopback qla2xxx efct tcm_fc srpt sbp ibmvscsis".split())
"""Fabrics whose targets are a TPG themselves."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+,%~-]+")
# Parameters in which a bracket begins a range of names.
_RANGED = frozenset(
    "name file_or_dev dev wwn cfgstring number tag storage_object lun ip_address ip_port "
    "mapped_lun tpg_lun_or_backstore".split()
)
_SECRETS = frozenset(["password", "mutual_password"])


def target_path(fabric, target):
    """Return the path of a target."""
    return f"/{fabric}/{target}"


def tpg_path(item):
    """Return the path of the TPG that the options fabric, target and tag name."""
    path = target_path(item["fabric"], item["target"])
    return path if item["fabric"] in SINGLE else "{}/tpg{}".format(path, item["tag"])


def quote(text):
    """Quote a text as one word of a line of targetcli."""
    if "\n" in text or "\r" in text:
        raise ValueError("a value contains a line break")
    if _PLAIN.fullmatch(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def node(path):
    """Quote the path of one object; never all that match a pattern. Raises ValueError."""
    if "*" in path or "?" in path:
        raise ValueError(f"{path} has a wildcard: give the name of one object")
    return quote(path)


def text_of(value):
    """Return a value of YAML as targetcli takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def ensure(path, values):
    """Return the line that creates an object, unless an identical one exists."""
    return "{} ensure {}".format(node(path), " ".join(_words(values, ranged=True)))


def absent(path):
    """Return the line that deletes an object, if it exists."""
    return f"/ ensure_absent path={node(path)}"


def settings(path, group, values):
    """Yield the line that sets settings; none without any."""
    words = _words(values or {})
    if words:
        yield "{} set {} {}".format(node(path), group, " ".join(words))


def _words(values, ranged=False):
    words = []
    for name, value in values.items():
        if value is None:
            continue
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name} is not the name of a setting")
        text = text_of(value)
        if ranged and name in _RANGED:
            text = text.replace("[", "[[]")
        if name in _SECRETS:
            # Otherwise it would name a file, or ask for it.
            if text == "-":
                raise ValueError(f"{name} cannot be a single dash")
            text = f"@{text}" if text.startswith("@") else text
        words.append(f"{name}={quote(text)}")
    return words


def pick(item, *names):
    """Return the options of an item by name, those with a value."""
    return {name: item[name] for name in names if item.get(name) is not None}


def main(arguments, make_lines):
    """Run a module of objects: ``make_lines`` yields the lines for its options."""
    module = AnsibleModule(argument_spec=dict(PROGRAM, **arguments), supports_check_mode=True)
    try:
        lines = list(make_lines(module.params))
    except ValueError as err:
        module.fail_json(msg=str(err))
    documents = run(module, ["--batch", "-"], data="".join(f"{line}\n" for line in lines))
    finish(module, documents)


def run(module, words, data=None, statuses=(0,), dry_run=None):
    """Run targetcli once; return its JSON documents. Fails the task as it fails."""
    dry_run = module.check_mode if dry_run is None else dry_run
    command = shlex.split(module.params["executable"]) + ["--json"]
    command += ["--yes"] if module.params.get("force") else []
    command += ["--dry-run"] if dry_run else []
    status, out, err = module.run_command(command + words, data=data, binary_data=False)
    documents = []
    for line in out.splitlines():
        try:
            documents.append(json.loads(line))
        except ValueError:
            module.fail_json(msg=f"targetcli printed no JSON: {line[:200]}", rc=status)
    if status not in statuses:
        errors = [error for document in documents for error in document["errors"]]
        texts = [_error(error) for error in errors] or [err.strip() or "targetcli failed"]
        module.fail_json(msg="; ".join(texts), errors=errors, rc=status)
    return documents


def _error(error):
    path = "{}: ".format(error["path"]) if error["path"] else ""
    hint = " ({})".format(error["hint"]) if error["hint"] else ""
    return "{}{}{}".format(path, error["message"], hint)


def finish(module, documents, changed=False, **more):
    """Save after a change, and end the task with its changes, messages and diff.

    ``changed`` is True for a change that is not one of an object.
    """
    changes = [found for item in documents for found in item["changes"]]
    if module.check_mode:
        changes = [found for item in documents for found in (item["data"] or {}).get("plan", [])]
    changed = changed or bool(changes)
    if changed and not module.check_mode and module.params.get("save"):
        run(module, ["saveconfig"])
    messages = [text for item in documents for text in item["messages"]]
    shown = "".join("{}: {}\n".format(item["path"], item["text"]) for item in changes)
    diff = {"prepared": shown} if shown else {}
    module.exit_json(changed=changed, changes=changes, messages=messages, diff=diff, **more)
