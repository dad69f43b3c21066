# SPDX-License-Identifier: Apache-2.0
"""Names: World Wide Names, names of storage objects and settings, addresses of portals."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from .errors import InvalidValue

# typing is not imported by the first commands.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import ipaddress

# RFC 7143 section 4.2.7: the maximum length of an iSCSI name in bytes.
ISCSI_NAME_MAX = 223
# configfs passes the whole name of a directory; the kernel's model alias and the log use at most
# this much of it.
OBJECT_NAME_MAX = 255
# INQUIRY_VPD_SERIAL_LEN without its final NUL (drivers/target/target_core_configfs.c,
# target_wwn_vpd_unit_serial_store).
UNIT_SERIAL_MAX = 253

# target_core_tpg.c, core_tpg_set_initiator_node_tag: it compares four characters.
_NO_TAG = "NULL"
# The highest LUN that rtslib-fb and initiators support; the kernel's LUN has 64 bits.
LUN_MAX = 65535
# TPGT_MAX and the identifiers of groups are 16 bits wide.
TAG_MAX = 65535
PORT_MAX = 65535
# The TCP port of iSCSI targets (RFC 7143 section 13).
ISCSI_PORT = 3260

# Compiled when first used, as all patterns that few commands need.
_FORMS = {
    # RFC 7143 section 4.2.7.3. The month is not checked: running configurations have a thirteenth
    # month.
    "iqn": r"iqn\.[0-9]{4}-[01][0-9]\.[^\s_/:]+(:[^\s_/]*)?",
    # RFC 3980: 16 digits, or 32 for NAA 6.
    "naa": r"naa\.([0-9a-f]{16}|6[0-9a-f]{31})",
    "eui": r"eui\.[0-9a-f]{16}",
    "ib": r"ib\.[0-9a-f]{32}",
    "free": r"[^\s/]+",
}
TYPES = tuple(_FORMS)
"""The types of WWN."""
# The kernel and older tools accept underscores in the host part as well.
_IQN_IN_USE = r"iqn\.[0-9]{4}-[01][0-9]\.[^\s/:]+(:[^\s/]*)?"
# The names of all attributes and parameters of the kernel have this form.
SETTING = r"[A-Za-z0-9_]+"
_EXAMPLES = {
    "iqn": "iqn.2003-01.org.example:disk",
    "naa": "naa.5001405123456789",
    "eui": "eui.0014051234567890",
    "ib": "ib.fe800000000000000002c90300a0b0c1",
    "free": "a name without blanks",
}


def normalize(types: Sequence[str], text: str, path: str = "") -> str:
    """Return the normal form of a WWN: lower case, with its prefix, without colons.

    Raises InvalidValue with examples if ``text`` is of none of ``types``.
    """
    for kind in types:
        wwn = _candidate(kind, text.strip())
        if wwn.isprintable() and re.fullmatch(_FORMS[kind], wwn):
            if len(wwn.encode()) <= ISCSI_NAME_MAX:
                return wwn
    examples = " or ".join(_EXAMPLES[kind] for kind in types)
    hint = f"{text!r} is not like {examples}"
    if "_" in text and "iqn" in types and text.strip().lower().startswith("iqn."):
        hint = f"{text!r} contains an underscore, which RFC 3722 does not allow in iSCSI names"
    raise InvalidValue(f"WWN not valid as: {', '.join(types)}", path=path, hint=hint)


def as_running(types: Sequence[str], text: str, path: str = "") -> str:
    """Return the normal form of a WWN that others chose: an initiator's, or one in a file.

    The names of new targets must follow RFC 3722, which excludes underscores; a name that is in
    use is accepted with them. Raises InvalidValue.
    """
    try:
        return normalize(types, text, path)
    except InvalidValue:
        wwn = text.strip().lower()
        fits = wwn.isprintable() and len(wwn.encode()) <= ISCSI_NAME_MAX
        if "iqn" in types and fits and "_" in wwn and re.fullmatch(_IQN_IN_USE, wwn):
            return wwn
        raise


def is_name(types: Sequence[str], text: str) -> bool:
    """Return True if text from the network is a WWN in normal form that may be part of a command.

    RFC 7143 section 4.2.7.2 excludes all characters that are special to a system's shell, where a
    user may paste the command; the kernel takes them.
    """
    if re.search(r"[^\w.:,+@%=-]", text):
        return False
    try:
        return as_running(types, text) == text
    except InvalidValue:
        return False


def unusual(wwn: str) -> str:
    """Return a text about characters that RFC 3722 excludes from iSCSI names; "" if none."""
    # RFC 7143 section 4.2.7.2: of ASCII, only these.
    found = dict.fromkeys(re.sub(r"[a-z0-9.:-]", "", wwn))
    if not (wwn.startswith("iqn.") and found):
        return ""
    return (
        f"{wwn} contains {' '.join(found)}, which RFC 3722 does not allow in iSCSI names; "
        "only an initiator with exactly this name can log in"
    )


def _candidate(kind: str, text: str) -> str:
    if kind == "free":
        return text
    wwn = text.lower()
    if kind == "iqn":
        return wwn
    bare = wwn.removeprefix("0x").removeprefix(f"{kind}.").replace(":", "").replace("-", "")
    return f"{kind}.{bare}"


def generate(kind: str) -> str:
    """Return a new WWN of type iqn, naa, eui or free; raise InvalidValue for other types.

    00:14:05 is the OUI of LIO (drivers/target/target_core_spc.c).
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
    raise InvalidValue(f"a WWN of type {kind} cannot be generated", hint="specify one")


def unit_serial() -> str:
    """Return a new VPD unit serial number: a random UUID (RFC 9562 section 5.4)."""
    # Not with the module uuid: importing it takes longer than creating a storage object.
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _digits(count: int) -> str:
    # Not with the module secrets: importing it takes longer than most commands.
    return os.urandom((count + 1) // 2).hex()[:count]


def check_object_name(name: str, path: str) -> str:
    """Return the name of a storage object or group.

    Raises InvalidValue if configfs cannot hold it, or if it contains a blank.
    """
    if " " in name:
        raise _invalid_name(name, path)
    return check_folder_name(name, path)


def check_folder_name(name: str, path: str) -> str:
    """Return the name of a group created by another tool; rtslib-fb allows blanks.

    Raises InvalidValue if configfs cannot hold it, or if it would lead to another directory.
    """
    if not name or "/" in name or not name.isprintable() or name in (".", ".."):
        raise _invalid_name(name, path)
    # It is printable, so it can be encoded.
    if len(name.encode()) > OBJECT_NAME_MAX:
        raise InvalidValue(f"the name has more than {OBJECT_NAME_MAX} bytes", path=path)
    return name


def check_tag(text: str, path: str = "") -> None:
    """Raise InvalidValue for a tag of ACLs that the kernel, or a path, could not have."""
    if "." in text:
        raise InvalidValue("'.' not permitted in tag names.", path=path)
    check_object_name(text, path)
    if text.startswith(_NO_TAG):
        raise InvalidValue(f"a tag must not begin with {_NO_TAG}", path=path)


def _invalid_name(name: str, path: str) -> InvalidValue:
    return InvalidValue(
        f"{name!r} is not a valid name",
        path=path,
        hint="names cannot contain spaces, slashes or line breaks",
    )


def check_setting_name(name: str, path: str) -> str:
    """Return the name of an attribute or parameter, which becomes a file name.

    Names that this kernel lacks are accepted; names that lead to another directory are not. Raises
    InvalidValue.
    """
    if not re.fullmatch(SETTING, name):
        raise InvalidValue(
            f"{name!r} cannot be the name of a setting",
            path=path,
            hint="use letters, digits and underscores",
        )
    return name


def check_unit_serial(text: str, path: str) -> str:
    """Return a VPD unit serial number; raise InvalidValue if the kernel cannot hold it."""
    if not text or not text.isprintable() or len(text.encode()) > UNIT_SERIAL_MAX:
        raise InvalidValue(
            f"{text!r} cannot be a unit serial number",
            path=path,
            hint=f"use at most {UNIT_SERIAL_MAX} bytes of printable text",
        )
    return text


def portal_address(text: str) -> str:
    """Return an address as in a portal's name, IPv6 in brackets; raise InvalidValue."""
    import ipaddress

    bare = text.strip().removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError as err:
        raise InvalidValue(
            f"{text!r} is not an IP address",
            hint="use an address such as 192.0.2.10 or 2001:db8::10; names are not resolved",
        ) from err
    return bare if address.version == 4 else f"[{bare}]"


def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an IP address, without brackets; an IPv4 address for one that is mapped to IPv6.

    A socket on ::ffff:192.0.2.1 receives the IPv4 packets to 192.0.2.1 (RFC 4291, 2.5.5.2). Raises
    ValueError.
    """
    import ipaddress

    address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    return getattr(address, "ipv4_mapped", None) or address


def listens_on(text: str) -> str | None:
    """Return a portal's address in one spelling, "*" for all addresses of either family.

    None if ``text`` is no address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return "*" if address.is_unspecified else str(address)
