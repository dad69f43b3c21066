# SPDX-License-Identifier: Apache-2.0
"""Drop-in files: fabrics of kernel modules that this program does not know.

A file is an INI file with one section, ``[fabric]``, and the keys in ``KEYS``: targetcli(8).
"""

from __future__ import annotations

import os
import re

from .. import naming
from ..config.printable import printable
from ..errors import InvalidValue, reason
from ..files import patterns, trusted
from . import ALIASES, DROP_INS, FABRICS, FEATURES, FORMS, MODULE_ALIASES, Fabric

SUFFIX = ".conf"
_SECTION = "fabric"
KEYS = {
    "name": "",
    "kernel_module": "",
    "configfs_group": "",
    "features": "",
    "wwn_types": "",
    "wwn_form": "plain",
    "wwn_from_files": "",
    "wwn_driver": "",
}
# A word that cannot be taken for an option of a program or a path.
_WORD = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)
_LONGEST = 65536
# Names beside the fabrics, in configfs and in the shell.
_OTHERS = ("backstores", "core")


def add_drop_ins(folder: str = DROP_INS) -> list[str]:
    """Add the fabrics of a directory's files to the table; return one problem per bad file.

    Call it once, before any use of the table.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as err:
        return [f"{folder}: {reason(err)}"]
    problems = []
    for name in sorted(names):
        if not name.endswith(SUFFIX) or name.startswith("."):
            continue
        path = f"{folder}/{name}"
        try:
            fabric = _fabric(_values(path), name.removesuffix(SUFFIX))
        except InvalidValue as err:
            problems.append(f"{path}: {err.message}; this fabric is left out")
        except trusted.Untrusted as err:
            problems.append(f"{err}; this fabric is left out")
        else:
            FABRICS[fabric.name] = fabric
    return problems


def _values(path: str) -> dict[str, str]:
    """Return the values of all keys; "" for keys that the file does not have."""
    # Imported here: few hosts have such files.
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(path), source=os.path.basename(path))
    except configparser.Error as err:
        # Its message has several lines.
        raise InvalidValue(printable(" ".join(err.message.split()))) from err
    if parser.sections() != [_SECTION]:
        raise InvalidValue(f"it must have exactly one section, [{_SECTION}]")
    given = dict(parser[_SECTION])
    for key, value in given.items():
        # A value may have several lines.
        given[key] = " ".join(value.split("\n"))
        if not given[key].isprintable():
            raise InvalidValue(f"{printable(key)} has a character that cannot be printed")
    unknown = sorted(given.keys() - KEYS.keys())
    if unknown:
        raise InvalidValue(f"{printable(unknown[0])} is not one of {', '.join(KEYS)}")
    return KEYS | given


def _text(path: str) -> str:
    try:
        return trusted.read(path, _LONGEST).decode()
    except OSError as err:
        raise InvalidValue(reason(err)) from err
    except UnicodeDecodeError as err:
        raise InvalidValue("it is not UTF-8") from err


def _fabric(values: dict[str, str], stem: str) -> Fabric:
    name = _word("name", values["name"] or stem)
    folder = _word("configfs_group", values["configfs_group"] or name)
    if name in FABRICS or name in ALIASES or name in _OTHERS:
        raise InvalidValue(f"the name {name} is already used")
    if folder in _OTHERS or any(folder == fabric.folder for fabric in FABRICS.values()):
        raise InvalidValue(f"the configfs_group {folder} is already used")
    module = _word("kernel_module", values["kernel_module"])
    if values["wwn_from_files"] and not values["wwn_from_files"].startswith("/"):
        raise InvalidValue("wwn_from_files must be an absolute path")
    patterns.check(values["wwn_from_files"])
    types = _some_of("wwn_types", values["wwn_types"], naming.TYPES)
    if not types:
        raise InvalidValue(f"wwn_types must be some of {', '.join(naming.TYPES)}")
    forms = _some_of("wwn_form", values["wwn_form"], FORMS)
    if len(forms) != 1:
        raise InvalidValue(f"wwn_form must be one of {', '.join(FORMS)}")
    return Fabric(
        name=name,
        folder=folder,
        features=_some_of("features", values["features"], FEATURES),
        wwn_types=types,
        module=MODULE_ALIASES.get(module, module),
        hardware=bool(values["wwn_from_files"]),
        form=forms[0],
        wwn_files=values["wwn_from_files"],
        wwn_driver=values["wwn_driver"],
    )


def _word(key: str, text: str) -> str:
    if not _WORD.fullmatch(text):
        raise InvalidValue(f"{key} must be one word" + (f", not {text!r}" if text else ""))
    return text


def _some_of(key: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a value; raise InvalidValue if one is not known."""
    words = tuple(text.replace(",", " ").split())
    for word in words:
        if word not in known:
            raise InvalidValue(f"{key}: {word} is not one of {', '.join(known)}")
    return words


def wwns(fabric: Fabric) -> list[str]:
    """Return the WWNs in the files that a fabric's drop-in file names."""
    result = []
    for path in patterns.matching(fabric.wwn_files):
        if fabric.wwn_driver and fabric.wwn_driver not in _drivers(path):
            continue
        try:
            result.append(naming.normalize(fabric.wwn_types, _text(path)))
        except InvalidValue:
            # A port that is down may have no WWN.
            continue
    return result


def _drivers(path: str) -> set[str]:
    """Return the drivers of the devices above a file in /sys."""
    drivers = set()
    folder = os.path.dirname(os.path.realpath(path))
    while folder not in ("/", "/sys"):
        link = os.path.join(folder, "driver")
        if os.path.islink(link):
            drivers.add(os.path.basename(os.readlink(link)))
        folder = os.path.dirname(folder)
    return drivers
