# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of save files and fragments, as rtslib_ext.savefile reads them."""

from __future__ import annotations

import json
from typing import Any

from rtslib_ext import naming
from rtslib_ext.config.backing import ALIASES, KINDS
from rtslib_ext.config.model import AUTH_NAMES
from rtslib_ext.savefile import OWN_KEY, decode_backstores, encode

Json = dict[str, Any]

_MOST = 2**64 - 1
_TEXT: Json = {"type": "string", "pattern": "^[^\\u0000]*$"}
_WHOLE: Json = {"type": "integer", "minimum": -_MOST, "maximum": _MOST}
_DIGITS: Json = {"type": "string", "pattern": "^\\s*[0-9]{1,20}\\s*$"}
_WORDS = "[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]"


def schema() -> str:
    """Return the text of docs/saveconfig.schema.json."""
    return f"{json.dumps(_root(), indent=2, ensure_ascii=True)}\n"


def _root() -> Json:
    sections = ("storage_objects", "targets", "fabric_modules")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "saveconfig.json, and fragments of owners",
        "description": "What targetcli restores (saveconfig.json(5)) and what apply --owner takes. "
        "A null stands for a missing value. Numbers may be strings of digits, and texts numbers.",
        **_object(
            {
                "storage_objects": _list("storage_object"),
                "targets": _list("target"),
                "fabric_modules": _list("fabric_module"),
                OWN_KEY: _optional(_ref("own")),
            }
        ),
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
            for name in sections
        ],
        "$defs": {
            "settings": _settings(),
            "storage_object": _storage_object(),
            "alua_group": _alua_group(),
            "target": _target(),
            "tpg": _tpg(),
            "lun": _lun(),
            "portal": _portal(),
            "node_acl": _acl(),
            "mapped_lun": _mapped_lun(),
            "fabric_module": _fabric(),
            "own": _own(),
        },
    }


# -- kinds of values --------------------------------------------------------------------------


def _optional(value: Json) -> Json:
    return {"anyOf": [value, {"type": "null"}]}


def _any(*values: Json, null: bool = True) -> Json:
    return {"anyOf": [*values, *([{"type": "null"}] if null else [])]}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str) -> Json:
    return _optional({"type": "array", "items": _ref(name)})


def _text(*, null: bool = True) -> Json:
    return _any(_TEXT, _WHOLE, null=null)


def _number(low: int, high: int, *, null: bool = True) -> Json:
    return _any({"type": "integer", "minimum": low, "maximum": high}, _DIGITS, null=null)


def _flag() -> Json:
    words = {"type": "string", "pattern": f"^(?:[01]|{_WORDS})$"}
    return _any({"type": "boolean"}, {"type": "integer", "enum": [0, 1]}, words)


def _settings() -> Json:
    names = {"pattern": f"^(?:{naming.SETTING})$"}
    values = _any({"type": "boolean"}, _TEXT, _WHOLE)
    return {"type": "object", "propertyNames": names, "additionalProperties": values}


def _of_settings() -> Json:
    return _optional(_ref("settings"))


def _by_name(value: Json) -> Json:
    return _optional({"type": "object", "additionalProperties": value})


def _object(properties: Json, *required: str) -> Json:
    """Return an object with no other keys; all but ``required`` may be missing."""
    result: Json = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**result, "required": list(required)} if required else result


# -- objects ----------------------------------------------------------------------------------

_BACKINGS: dict[str, tuple[Json, tuple[str, ...]]] = {
    "fileio": (
        {
            "dev": _text(null=False),
            "size": _number(0, decode_backstores.SIZE_MAX),
            "write_back": _flag(),
            "aio": _flag(),
        },
        ("dev",),
    ),
    "block": (
        {
            "dev": _text(null=False),
            "readonly": _flag(),
            "exclusive": _flag(),
            "write_back": _flag(),
        },
        ("dev",),
    ),
    "pscsi": ({"dev": _text(null=False)}, ("dev",)),
    "ramdisk": (
        {"size": _number(1, decode_backstores.SIZE_MAX, null=False), "nullio": _flag()},
        ("size",),
    ),
    "user": (
        {
            "config": _text(null=False),
            "size": _number(1, decode_backstores.SIZE_MAX, null=False),
            "hw_max_sectors": _number(0, decode_backstores.SECTORS_MAX),
            "control": _text(),
        },
        ("config", "size"),
    ),
}
assert _BACKINGS.keys() == KINDS.keys()


def _storage_object() -> Json:
    return {
        "type": "object",
        "required": ["name", "plugin"],
        "properties": {"plugin": {"enum": [*KINDS, *ALIASES]}},
        "oneOf": [_of_plugin(plugin, *parts) for plugin, parts in _BACKINGS.items()],
    }


def _of_plugin(plugin: str, properties: Json, required: tuple[str, ...]) -> Json:
    names = [plugin, *(name for name, kind in ALIASES.items() if kind == plugin)]
    common: Json = {
        "name": _text(null=False),
        "plugin": {"enum": names},
        "wwn": _text(),
        "attributes": _of_settings(),
        "alua_tpgs": _list("alua_group"),
        # Of older tools; they have no meaning.
        "exists": True,
        "buffered_mode": True,
    }
    return _object({**common, **properties}, "name", "plugin", *required)


def _alua_group() -> Json:
    texts = {key: _text() for key in encode.ALUA_KEYS}
    number = _number(0, naming.TAG_MAX)
    return _object({"name": _text(null=False), "tg_pt_gp_id": number, **texts}, "name")


def _target() -> Json:
    properties: Json = {
        "fabric": {"type": "string"},
        "wwn": _text(null=False),
        "tpgs": _list("tpg"),
        "parameters": _of_settings(),
        "attributes": True,
    }
    return _object(properties, "fabric", "wwn")


def _auth(*prefixes: str) -> Json:
    return {f"{prefix}{name}": _text() for prefix in prefixes for name in AUTH_NAMES}


def _tpg() -> Json:
    return _object(
        {
            "tag": _number(0, naming.TAG_MAX),
            "enable": _flag(),
            "attributes": _of_settings(),
            "parameters": _of_settings(),
            **_auth("chap_", ""),
            "luns": _list("lun"),
            "portals": _list("portal"),
            "node_acls": _list("node_acl"),
        }
    )


def _lun() -> Json:
    return _object(
        {
            "index": _number(0, naming.LUN_MAX, null=False),
            "storage_object": {"type": "string", "pattern": "^[^/]*/backstores/[^/]*/[^/]*$"},
            "alias": _text(),
            "alua_tg_pt_gp_name": _text(),
            **{key: _text() for key in encode.LUN_ALUA_KEYS},
        },
        "index",
        "storage_object",
    )


def _portal() -> Json:
    return _object(
        {
            "ip_address": _text(null=False),
            "port": _number(0, naming.PORT_MAX, null=False),
            "iser": _flag(),
            "offload": _flag(),
        },
        "ip_address",
        "port",
    )


def _acl() -> Json:
    return _object(
        {
            "node_wwn": _text(null=False),
            "mapped_luns": _list("mapped_lun"),
            "attributes": _of_settings(),
            "parameters": True,
            **_auth("chap_", ""),
            "tag": _text(),
            "tcq_depth": _any(_WHOLE, _DIGITS),
        },
        "node_wwn",
    )


def _mapped_lun() -> Json:
    return _object(
        {
            "index": _number(0, naming.LUN_MAX, null=False),
            "tpg_lun": _number(0, naming.LUN_MAX, null=False),
            "write_protect": _flag(),
            "alias": _text(),
            "tag": True,
        },
        "index",
        "tpg_lun",
    )


def _fabric() -> Json:
    return _object(
        {
            "name": {"type": "string"},
            "discovery_enable_auth": _flag(),
            "cpus_allowed_list": _text(),
            **_auth("discovery_", ""),
        },
        "name",
    )


def _own() -> Json:
    states = _object({key: _text() for key in encode.STATE_KEYS})
    so = _object(
        {
            "alias": _text(),
            "lu_group": _text(),
            "lba_map": _text(),
            "device": _of_settings(),
            "identity": _of_settings(),
            "lba_dependent_groups": _by_name(_optional(states)),
        }
    )
    tpg = _object({"nexus": _text(), "files": _of_settings()})
    texts = {"type": "array", "items": _TEXT}
    values = _any({"type": "boolean"}, _TEXT, _WHOLE)
    return _object(
        {
            "storage_objects": _by_name(_optional(so)),
            "tpgs": _by_name(_optional(tpg)),
            "lu_groups": _by_name(_number(0, naming.TAG_MAX)),
            "unrestored": _optional(texts),
            "instead": _by_name(values),
            "owners": _by_name(values),
        }
    )
