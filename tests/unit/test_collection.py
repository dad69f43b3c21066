# SPDX-License-Identifier: Apache-2.0
"""The Ansible collection: documented as it is, built, and no module without the common parts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib import import_module
from pathlib import Path
from typing import Any

import ansible.release
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import (
    Auth,
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from targetcli.language import grammar
from targetcli.portable import ansible as ansible_tasks
from targetcli.portable import calls

ROOT = Path(__file__).parent.parent.parent
COLLECTION = ROOT / "ansible_collections/targetcli/lio"
MODULES = sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("*.py"))
lio = import_module("ansible_collections.targetcli.lio.plugins.module_utils.lio")


def module_of(name: str) -> Any:
    return import_module(f"ansible_collections.targetcli.lio.plugins.modules.{name}")


def documented(name: str) -> dict[str, Any]:
    """Return the options in the documentation of a module, those of its fragments too."""
    fragments = import_module("ansible_collections.targetcli.lio.plugins.doc_fragments.program")
    found = yaml.safe_load(module_of(name).DOCUMENTATION)
    options: dict[str, Any] = dict(found.get("options", {}))
    for fragment in found["extends_documentation_fragment"]:
        part = fragment.removeprefix("targetcli.lio.program").lstrip(".").upper()
        text = getattr(fragments.ModuleDocFragment, part or "DOCUMENTATION")
        options |= yaml.safe_load(text)["options"]
    return options


def facts(options: dict[str, Any], below: str) -> dict[str, Any]:
    """Return types, defaults and the like of options, with those below them."""
    names = ("type", "elements", "required", "default", "choices")
    return {
        name: {
            **{key: row[key] for key in names if key in row},
            "below": facts(row.get(below) or {}, below),
        }
        for name, row in options.items()
    }


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_has_the_options_of_the_module(name: str) -> None:
    module = module_of(name)
    own = {} if name == "lio_info" else lio.PROGRAM
    assert facts(documented(name), "suboptions") == facts({**own, **module.ARGUMENTS}, "options")
    assert yaml.safe_load(module.DOCUMENTATION)["module"] == name
    assert yaml.safe_load(module.RETURN)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_calls_of_the_module(name: str) -> None:
    module = module_of(name)
    key = f"targetcli.lio.{name}"
    examples = [task for task in yaml.safe_load(module.EXAMPLES) if key in task]
    assert examples
    for task in examples:
        options = task[key] or {}
        arguments = {**lio.PROGRAM, **module.ARGUMENTS}
        assert not ArgumentSpecValidator(arguments).validate(options).error_messages
        if hasattr(module, "lines"):
            params = ArgumentSpecValidator(arguments).validate(options).validated_parameters
            lines = list(module.lines(params))
            assert lines and all(grammar.parse(line).command for line in lines)


def test_every_module_is_in_the_readme() -> None:
    text = (COLLECTION / "README.md").read_text()
    assert set(re.findall(r"`(lio_\w+)`", text)) == set(MODULES)
    (book,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for task in yaml.safe_load(book)[0]["tasks"]:
        name = next(key for key in task if key != "name").rpartition(".")[2]
        arguments = {**lio.PROGRAM, **module_of(name).ARGUMENTS}
        options = task[f"targetcli.lio.{name}"]
        assert not ArgumentSpecValidator(arguments).validate(options).error_messages


def test_ansible_reads_and_builds_the_collection(tmp_path: Path) -> None:
    environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "HOME": str(tmp_path)}
    names = [f"targetcli.lio.{name}" for name in MODULES]
    words = [sys.executable, "-m", "ansible"]
    done = subprocess.run(
        [*words, "doc", "-t", "module", "--json", *names],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(json.loads(done.stdout)) == set(names)
    build = ["galaxy", "collection", "build", "--output-path", str(tmp_path), str(COLLECTION)]
    subprocess.run([*words, *build], env=environ, capture_output=True, check=True)
    (archive,) = tmp_path.glob("targetcli-lio-*.tar.gz")
    with tarfile.open(archive) as found:
        assert {f"plugins/modules/{name}.py" for name in MODULES} <= set(found.getnames())


def test_what_all_modules_return_is_documented_alike() -> None:
    """ansible-core has no fragments for RETURN, so each module has the rows."""
    found = [yaml.safe_load(module_of(name).RETURN) for name in MODULES]
    shared = [rows for rows in found if "changes" in rows]
    assert len(shared) == len(MODULES) - 1
    for name in ("changes", "messages"):
        assert len({json.dumps(rows[name]) for rows in shared}) == 1
    assert all(re.match("#!/usr/bin/python\n# SPDX", text_of(name)) for name in MODULES)


def text_of(name: str) -> str:
    return (COLLECTION / f"plugins/modules/{name}.py").read_text()


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the collection, which the tools of Ansible may write to."""
    root = tmp_path_factory.mktemp("collections")
    copy = root / "ansible_collections/targetcli/lio"
    shutil.copytree(COLLECTION, copy, ignore=shutil.ignore_patterns("__pycache__"))
    # ansible-test asks git which files there are, and wants a file of each of its versions.
    (copy / ".gitignore").write_text("/tests/output/\n")
    (ignored,) = (copy / "tests/sanity").iterdir()
    version = ".".join(ansible.release.__version__.split(".")[:2])
    ignored.rename(ignored.with_name(f"ignore-{version}.txt"))
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", copy, *words], check=True)
    return copy


def run_in(copy: Path, *words: str) -> None:
    """Run a tool of Ansible in the copy; it must find nothing."""
    home = copy.parents[2] / "home"
    environ = {**os.environ, "HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=copy, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.mark.long
def test_ansible_test_finds_nothing(copied: Path) -> None:
    """All sanity tests but those of PowerShell: validate-modules, import, pep8, pylint, ..."""
    import ansible_test

    # It would fetch pip from a server of its own; Python has one.
    cache = copied.parents[2] / "home/.ansible/test/cache"
    cache.mkdir(parents=True)
    source = Path(ansible_test.__file__).parent / "_internal/python_requirements.py"
    for version in set(re.findall(r"pip='([0-9.]+)'", source.read_text())):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text("import ensurepip\nensurepip.bootstrap()\n")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    run_in(copied, "ansible", "test", "sanity", "--venv", "--python", python, "--requirements")


def configuration() -> Config:
    """Return a configuration that makes a task of each kind."""
    disk = StorageObject("d1", FileIO("/srv/d1.img", size=1 << 20), "5eed", {"emulate_tpu": "1"})
    acl = NodeAcl(
        "iqn.1994-05.com.example:h",
        {0: MappedLun(0, tpg_lun=0)},
        auth=Auth(userid="u", password="geheimgeheim1"),
    )
    portal = Portal("192.0.2.1", 3260)
    luns = {0: Lun(0, disk.key)}
    tpg = Tpg(1, True, luns=luns, portals={portal.name: portal}, acls={acl.wwn: acl})
    target = Target("iscsi", "iqn.2003-01.org.example:a", {1: tpg})
    return Config({disk.key: disk}, {target.key: target})


EXPORTED = configuration()


@pytest.mark.long
def test_ansible_lint_finds_nothing(copied: Path) -> None:
    """Nor in the examples of the modules, of README and of what export writes, by any rule."""
    books = copied / "playbooks"
    books.mkdir()
    (readme,) = re.findall(r"```yaml\n(.*?)```", (copied / "README.md").read_text(), re.DOTALL)
    (books / "readme.yml").write_text(f"---\n{readme}")
    for name in MODULES:
        tasks = "\n".join(f"    {line}".rstrip() for line in module_of(name).EXAMPLES.splitlines())
        head = "---\n- name: Examples\n  hosts: storage\n  tasks:"
        (books / f"{name}.yml").write_text(f"{head}{tasks}\n")
    exported = "\n".join(ansible_tasks.lines(EXPORTED, list(calls.of_config(EXPORTED)), []))
    (copied / "roles/storage_target/tasks/exported.yml").write_text(f"{exported}\n")
    options = ("--offline", "--nocolor", "--profile", "production")
    run_in(copied, "ansiblelint", *options, "roles", "playbooks")


texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    | st.sampled_from("'\"\\ =$`![]*#@-"),
    max_size=12,
)


@given(value=texts)
def test_words_are_read_as_they_were_written(value: str) -> None:
    (line,) = lio.settings("/backstores/fileio/a b", "device", {"alias": value})
    found = grammar.parse(line)
    assert (found.path, found.command) == ("/backstores/fileio/a b", "set")
    assert (found.positional, found.keywords) == (("device",), {"alias": value})


def test_secrets_are_texts_and_not_files() -> None:
    (line,) = lio.settings("/iscsi/x/tpg1", "auth", {"userid": "@u", "password": "@/etc/shadow"})
    assert grammar.parse(line).keywords == {"userid": "@u", "password": "@@/etc/shadow"}
    for wrong in ({"password": "-"}, {"a b": "x"}, {"alias": "x\ny"}):
        with pytest.raises(ValueError, match="."):
            list(lio.settings("/iscsi/x/tpg1", "auth", wrong))


@pytest.mark.parametrize("name", ["*", "iqn.*", "?"])
def test_an_absent_object_is_one(name: str) -> None:
    """targetcli takes a pattern for all that match it; a task names what it deletes."""
    acl = {"initiator": name, "tag_name": None, "settings": None}
    params = {"fabric": "iscsi", "target": "iqn.2003-01.org.example:a", "tag": 1, "acls": [acl]}
    with pytest.raises(ValueError, match="has a wildcard"):
        list(module_of("lio_acl").lines({**params, "state": "absent"}))


@pytest.mark.parametrize("module", ["lio_auth", "lio_tpg"])
def test_a_changed_object_is_one(module: str) -> None:
    """Otherwise a name that a variable has could give one secret to all targets."""
    item: dict[str, Any] = {"default_portal": False}
    item |= {"fabric": "iscsi", "target": "*", "tag": 1, "enabled": True, "settings": None}
    auth = {"acl": None, "discovery": False, "enable": None, "userid": "user", "password": "x"}
    params = {"tpgs": [item], "credentials": [{**item, **auth}], "state": "present"}
    with pytest.raises(ValueError, match="has a wildcard"):
        list(module_of(module).lines(params))


def test_secrets_of_a_document_are_found() -> None:
    document = {"targets": [{"chap_password": "a", "x": [{"chap_mutual_password": "b", "y": "c"}]}]}
    assert sorted(module_of("lio_config").secrets(document)) == ["a", "b"]
