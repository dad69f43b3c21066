# SPDX-License-Identifier: Apache-2.0
"""World wide names: their forms, their normal form, new ones; names of storage objects."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from .errors import InvalidValue

# RFC 7143 section 4.2.7: an iSCSI name has 223 bytes at most.
ISCSI_NAME_MAX = 223
# configfs passes the name of a folder on whole; the kernel's model alias and the log
# use at most this much of it.
OBJECT_NAME_MAX = 255
# INQUIRY_VPD_SERIAL_LEN with its final NUL (drivers/target/target_core_configfs.c,
# target_wwn_vpd_unit_serial_store).
UNIT_SERIAL_MAX = 253

# The flat space addressing that rtslib-fb and initiators go up to; the kernel takes 64 bits.
LUN_MAX = 65535
# TPGT_MAX and the identifiers of groups are 16 bits wide.
TAG_MAX = 65535

_FORMS = {
    # RFC 7143 section 4.2.7.3. The month is not checked closer: configurations with a
    # thirteenth month are running.
    "iqn": re.compile(r"iqn\.[0-9]{4}-[01][0-9]\.[^\s_/:]+(:[^\s_/]*)?"),
    # RFC 3980: 16 digits, and 32 for NAA 6.
    "naa": re.compile(r"naa\.([0-9a-f]{16}|6[0-9a-f]{31})"),
    "eui": re.compile(r"eui\.[0-9a-f]{16}"),
    "ib": re.compile(r"ib\.[0-9a-f]{32}"),
    "free": re.compile(r"[^\s/]+"),
}
TYPES = tuple(_FORMS)
"""The kinds of WWN."""
# The kernel and older tools take more: names with an underscore in the host's part.
_AS_RUNNING = re.compile(r"iqn\.[0-9]{4}-[01][0-9]\.[^\s/:]+(:[^\s/]*)?")
# Every attribute and parameter of the kernel is called so.
_SETTING = re.compile(r"[A-Za-z0-9_]+")
_EXAMPLES = {
    "iqn": "iqn.2003-01.org.example:disk",
    "naa": "naa.5001405123456789",
    "eui": "eui.0014051234567890",
    "ib": "ib.fe800000000000000002c90300a0b0c1",
    "free": "a name without blanks",
}


def normalize(types: Sequence[str], text: str, path: str = "") -> str:
    """The normal form of a WWN: lower case, with its prefix, without colons.

    Raises InvalidValue with the forms that are right when it is none of ``types``.
    """
    for kind in types:
        wwn = _candidate(kind, text.strip())
        if wwn.isprintable() and _FORMS[kind].fullmatch(wwn):
            if len(wwn.encode()) <= ISCSI_NAME_MAX:
                return wwn
    examples = " or ".join(_EXAMPLES[kind] for kind in types)
    hint = f"{text!r} is not like {examples}"
    if "_" in text and "iqn" in types and text.strip().lower().startswith("iqn."):
        hint = f"{text!r} has an underscore in it, which RFC 3722 does not allow in iSCSI names"
    raise InvalidValue(f"WWN not valid as: {', '.join(types)}", path=path, hint=hint)


def as_running(types: Sequence[str], text: str) -> str:
    """The normal form of a WWN that a file holds, which was once in use.

    A new name follows RFC 3722, which knows no underscore; taking one from what runs already
    would be no help. Raises InvalidValue.
    """
    try:
        return normalize(types, text)
    except InvalidValue:
        wwn = text.strip().lower()
        fits = len(wwn.encode()) <= ISCSI_NAME_MAX and wwn.isprintable()
        if "iqn" in types and fits and "_" in wwn and _AS_RUNNING.fullmatch(wwn):
            return wwn
        raise


def _candidate(kind: str, text: str) -> str:
    if kind == "free":
        return text
    wwn = text.lower()
    if kind == "iqn":
        return wwn
    bare = wwn.removeprefix("0x").removeprefix(f"{kind}.").replace(":", "").replace("-", "")
    return f"{kind}.{bare}"


def generate(kind: str) -> str:
    """A new WWN of a kind: iqn, naa, eui or free.

    00:14:05 is the OUI that LIO uses (drivers/target/target_core_spc.c).
    """
    if kind == "iqn":
        host = re.sub(r"[^a-z0-9-]", "", os.uname().nodename.partition(".")[0].lower())
        machine = re.sub(r"[^a-z0-9]", "", os.uname().machine.lower())
        prefix = f"iqn.2003-01.org.linux-iscsi.{host or 'localhost'}.{machine}"
        return f"{prefix}:sn.{_digits(12)}"
    if kind == "naa":
        return f"naa.5001405{_digits(9)}"
    if kind == "eui":
        return f"eui.001405{_digits(10)}"
    if kind == "free":
        return unit_serial()
    raise InvalidValue(f"a WWN of type {kind} cannot be made up", hint="give the one to use")


def unit_serial() -> str:
    """A new VPD unit serial number: a random UUID (RFC 9562 section 5.4)."""
    import uuid

    return str(uuid.uuid4())


def alias() -> str:
    """A new name for the link between a LUN and what it exports: ten hexadecimal digits."""
    return _digits(10)


def _digits(count: int) -> str:
    # Not the module secrets: its imports take longer than most commands.
    return os.urandom((count + 1) // 2).hex()[:count]


def check_object_name(name: str, path: str) -> str:
    """The name of a storage object or group, refused where configfs could not hold it."""
    if " " in name:
        raise _no_name(name, path)
    return check_folder_name(name, path)


def check_folder_name(name: str, path: str) -> str:
    """The name of a group that another tool made: rtslib-fb takes blanks in it.

    Raises InvalidValue where configfs could not hold it, or it would lead to another folder.
    """
    if not name or "/" in name or not name.isprintable() or name in (".", ".."):
        raise _no_name(name, path)
    # Printable, so it can be encoded.
    if len(name.encode()) > OBJECT_NAME_MAX:
        raise InvalidValue(f"the name has more than {OBJECT_NAME_MAX} bytes", path=path)
    return name


def _no_name(name: str, path: str) -> InvalidValue:
    return InvalidValue(
        f"{name!r} cannot be a name", path=path, hint="use no blanks, slashes or line ends"
    )


def check_setting_name(name: str, path: str) -> str:
    """The name of an attribute or parameter; it becomes the name of a file that is written.

    Others than those of the kernel are taken too, but none that leads to another folder. Raises
    InvalidValue.
    """
    if not _SETTING.fullmatch(name):
        raise InvalidValue(
            f"{name!r} cannot be the name of a setting",
            path=path,
            hint="use letters, digits and underscores",
        )
    return name


def check_unit_serial(text: str, path: str) -> str:
    """A VPD unit serial number as the kernel keeps it.

    Raises InvalidValue.
    """
    if not text or not text.isprintable() or len(text.encode()) > UNIT_SERIAL_MAX:
        raise InvalidValue(f"{text!r} cannot be a unit serial number", path=path)
    return text


def portal_address(text: str) -> str:
    """An address as a portal's name has it: IPv6 in brackets. Raises InvalidValue."""
    import ipaddress

    bare = text.strip().removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError as err:
        raise InvalidValue(
            f"{text!r} is not an IP address",
            hint="give an address such as 192.0.2.10 or 2001:db8::10; names are not looked up",
        ) from err
    return bare if address.version == 4 else f"[{bare}]"


def listens_on(text: str) -> str | None:
    """The address of a portal in one spelling; "*" for all addresses, of either family.

    None where it is no address.
    """
    import ipaddress

    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return "*" if address.is_unspecified else str(address)
