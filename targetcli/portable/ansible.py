# SPDX-License-Identifier: Apache-2.0
"""A configuration as a list of tasks for the Ansible collection targetcli.lio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config
from rtslib_ext.foreign.imported import Remark
from rtslib_ext.reading.tpg_keys import tpgs_of_config

from . import heading, secret_files, yaml
from .call import Call

COLLECTION = "targetcli.lio"
_HEAD = """\
# The configuration of a storage target, as tasks for the Ansible collection targetcli.lio;
# written by targetcli export. Others' objects are not deleted. Run them as root:
#   ansible.builtin.import_tasks: FILE"""
_SECRETS = f"""\
# Secrets are not written here. Each is an entry of the variable {yaml.VARIABLE}, which
# ansible-vault can encrypt:"""
# The options of lio_backstore for parameters of create.
_NAMES = {"file_or_dev": "dev"}
_BELOW = {
    "portal": "Create portals",
    "lun": "Create LUNs",
    "acl": "Create ACLs",
    "mapped_lun": "Map LUNs",
}
_RENAMED = {
    "portal": {"ip_address": "address", "ip_port": "port"},
    "lun": {"storage_object": "backstore", "lun": "lun"},
    "acl": {"wwn": "initiator"},
    "mapped_lun": {
        "mapped_lun": "mapped_lun",
        "tpg_lun_or_backstore": "lun",
        "write_protect": "write_protect",
    },
}
_OWN = {"alias": "alias", "lba_map": "lba_map", "alua_lu_gp": "lu_group"}

Item = dict[str, object]


def lines(config: Config, calls: Sequence[Call], remarks: Sequence[Remark]) -> Iterator[str]:
    """Yield the lines of the file of tasks."""
    names = [secret_files.name(secret) for secret in secret_files.of_calls(calls)]
    yield from heading.lines(_HEAD, remarks, _SECRETS, names)
    yield "---"
    for number, task in enumerate(_Tasks(config).of(calls)):
        if number:
            yield ""
        yield from yaml.lines([task])
    if not calls:
        yield "[]"


class _Tasks:
    """Collects commands into tasks: one for all backstores, and a few for each TPG."""

    def __init__(self, config: Config) -> None:
        self.backstores: dict[str, Item] = {}
        self.lu_groups: list[Item] = []
        self.groups: dict[str, Item] = {}
        self.fabrics: list[Item] = []
        self.targets: list[Item] = []
        self.tpgs: dict[str, Item] = {}
        self.credentials: list[Item] = []
        self.enabled: list[Item] = []
        self.tagged: dict[str, str] = {}
        self.below: dict[str, dict[str, dict[str, Item]]] = {}
        self.places: dict[str, Item] = {
            path.shell: {"fabric": target.fabric, "target": target.wwn, "tag": tpg.tag}
            for path, target, tpg in tpgs_of_config(config)
        }

    def of(self, calls: Iterable[Call]) -> Iterator[Item]:
        """Yield the tasks."""
        for call in calls:
            if call.about.startswith(f"{shell_paths.BACKSTORES}/"):
                self._backstore(call)
            elif call.about in self.places:
                self._tpg(call)
            elif call.group in ("discovery_auth", "fabric"):
                self._fabric(call)
            else:
                self._below(call)
        yield from self._tasks()

    def _tasks(self) -> Iterator[Item]:
        backstores: Item = {}
        if self.lu_groups:
            backstores["lu_groups"] = self.lu_groups
        if self.backstores:
            backstores["backstores"] = list(self.backstores.values())
        yield from _task("Create backstores", "lio_backstore", backstores)
        targets: Item = {"fabrics": self.fabrics} if self.fabrics else {}
        if self.targets:
            targets["targets"] = self.targets
        yield from _task("Create targets", "lio_target", targets)
        tpgs = list(self.tpgs.values())
        yield from _task("Set the settings of TPGs", "lio_tpg", {"tpgs": tpgs} if tpgs else {})
        for path, kinds in self.below.items():
            for kind, title in _BELOW.items():
                if kind in kinds:
                    options = {**self.places[path], f"{kind}s": list(kinds[kind].values())}
                    yield from _task(f"{title} of {path}", f"lio_{kind}", options)
        credentials: Item = {"credentials": self.credentials} if self.credentials else {}
        yield from _task("Set credentials", "lio_auth", credentials)
        enabled: Item = {"tpgs": self.enabled} if self.enabled else {}
        yield from _task("Enable TPGs", "lio_tpg", enabled)

    # -- backstores -------------------------------------------------------------------------

    def _backstore(self, call: Call) -> None:
        if call.at == shell_paths.LU_GROUPS:
            self.lu_groups.append(dict(call.values))
        elif call.command == "ensure" and call.at.endswith("/alua"):
            self._group(call.about).update(call.values)
        elif call.command == "ensure":
            kind, _, handler = call.at.rpartition("/")[2].partition(":")
            item: Item = {"kind": kind, **({"handler": handler} if handler else {})}
            item.update((_NAMES.get(name, name), value) for name, value in call.values.items())
            self.backstores[call.about] = item
        elif call.group == "alua":
            self._group(call.about)["settings"] = dict(call.values)
        elif call.group == "device":
            item = self.backstores[call.about]
            item.update((_OWN[name], value) for name, value in call.values.items())
        else:
            _set(self.backstores[call.about], call)

    def _group(self, path: str) -> Item:
        """Return the item of a target port group; the default one has no tag."""
        if path not in self.groups:
            owner, _, name = path.rpartition("/alua/")
            self.groups[path] = {"name": name}
            groups = self.backstores[owner].setdefault("alua_groups", [])
            assert isinstance(groups, list)
            groups.append(self.groups[path])
        return self.groups[path]

    # -- fabrics, targets, TPGs -------------------------------------------------------------

    def _fabric(self, call: Call) -> None:
        name = call.about.strip("/")
        if call.group == "discovery_auth":
            self.credentials.append({"fabric": name, "discovery": True, **call.values})
        else:
            self.fabrics.append({"name": name, "settings": dict(call.values)})

    def _tpg(self, call: Call) -> None:
        place = self.places[call.about]
        if call.command == "ensure" and "wwn" in call.values:
            item = {"fabric": place["fabric"], **call.values}
            item["enabled"] = item.pop("enable")
            self.targets.append(item)
        elif call.command == "ensure":
            values: Item = {"default_portal": False, "enabled": False}
            self.tpgs.setdefault(call.about, {**place, **values})
        elif call.group == "auth":
            self.credentials.append({**place, **call.values})
        elif call.group:
            _set(self.tpgs.setdefault(call.about, dict(place)), call)
        else:
            self.enabled.append({**place, "enabled": call.command == "enable"})

    def _below(self, call: Call) -> None:
        tpg = next(path for path in _above(call.about) if path in self.places)
        kind = call.about.removeprefix(f"{tpg}/").partition("/")[0].rstrip("s")
        name = call.about.rpartition("/")[2]
        if call.group == "auth":
            self.credentials.append({**self.places[tpg], "acl": name, **call.values})
            return
        if name.startswith("mapped_lun") and call.command == "ensure":
            kind = "mapped_lun"
        items = self.below.setdefault(tpg, {}).setdefault(kind, {})
        key = self.tagged.get(call.about, call.about)
        if call.command == "ensure":
            items[key] = _item(kind, call)
        elif call.command == "tag":
            items[key]["tag_name"] = call.values["new_tag"]
            # The settings of a tag follow its last ACL, and hold for all of them.
            self.tagged[f"{tpg}/acls/{call.values['new_tag']}"] = key
        elif call.group:
            _set(items[key], call)
        else:
            items[key][call.command.removeprefix("enable_")] = True


def _item(kind: str, call: Call) -> Item:
    names = _RENAMED[kind]
    item: Item = {names[name]: value for name, value in call.values.items() if name in names}
    return {"acl": call.at.rpartition("/")[2], **item} if kind == "mapped_lun" else item


def _set(item: Item, call: Call) -> None:
    found = item.setdefault("settings", {})
    assert isinstance(found, dict)
    found[call.group] = dict(call.values)


def _task(title: str, module: str, options: Item) -> Iterator[Item]:
    if options:
        yield {"name": title, f"{COLLECTION}.{module}": options}


def _above(path: str) -> Iterator[str]:
    """Yield a path and all paths above it, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]
