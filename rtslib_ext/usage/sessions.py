# SPDX-License-Identifier: Apache-2.0
"""Sessions of initiators, read from their ACLs, or from the TPG if they have none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config.model import MappedLun
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass
from ..kernel import links, paths
from ..kernel.abi import NO_SESSION
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from ..reading.tpg_keys import TpgKey, tpg_keys

# drivers/target/target_core_tpg.c, target_show_dynamic_sessions, after each name
_END_OF_NAME = "\n\0"
# drivers/target/iscsi/iscsi_target_configfs.c, lio_target_nacl_info_show. The name and the alias
# are the initiator's and may contain any text, also lines like these; all after them is the
# kernel's.
_NAME, _ALIAS, _SESSION = "InitiatorName: ", "\nInitiatorAlias: ", "\nLIO Session ID: "
# What stands for such a text in other fabrics, whose ACLs have none.
_INSTEAD = f"{_NAME}{_ALIAS}{_SESSION}0 Session State: TARG_SESS_STATE_LOGGED_IN"
_SID = re.compile(r"[0-9]+")
_ISID = re.compile(r"ISID: 0x((?:[0-9A-Fa-f]{2} ?){6})")
_TSIH = re.compile(r"TSIH: (\d+)")
_TYPE = re.compile(r"SessionType: (\S+)")
_STATE = re.compile(r"TARG_SESS_STATE_(\S+)")
_CONNECTION = re.compile(r"CID: (\d+)\s[^\n]*TARG_CONN_STATE_(\S+)[^\n]*\n\s*Address (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a session (RFC 7143 section 4.3).

    ``state`` is the kernel's name of it, such as LOGGED_IN; ``address`` the initiator's IP
    address, ``transport`` TCP or SCTP, as the kernel names it.
    """

    cid: int
    state: str
    address: str
    transport: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an initiator with a TPG.

    ``initiator`` and ``target`` are WWNs, ``tpg`` is the tag, ``acl`` the ACL's configfs path.
    ``sid`` is the number of the session (0: unknown, in other fabrics than iSCSI), ``alias`` the
    initiator's own name ("": none), ``type`` Normal or Discovery, ``state`` the kernel's name of
    it, such as LOGGED_IN.
    """

    sid: int
    initiator: str
    alias: str
    type: str
    state: str
    connections: tuple[Connection, ...]
    target: str
    tpg: int
    acl: ConfigfsPath
    authenticated: bool
    """True if the login required CHAP."""
    isid: str = ""
    """Twelve hexadecimal digits (RFC 7143 section 11.12.5); "" in other fabrics."""
    tsih: int = 0
    """The number that the TPG gave it, one more for each login; 0 in other fabrics."""


@dataclass(frozen=True, slots=True)
class DynamicSession:
    """A session of an initiator without an ACL; the kernel shows only its name.

    ``initiator`` and ``target`` are WWNs, ``tpg`` is the tag, ``fabric`` the name of the fabric.
    """

    initiator: str
    target: str
    tpg: int
    fabric: str = "iscsi"


def dynamic_sessions(reader: Reader, above: str = "") -> Iterator[DynamicSession]:
    """Yield the sessions of initiators without an ACL, ``above`` as for sessions().

    With cache_dynamic_acls the kernel keeps the dynamic ACL after the logout, but shows it in no
    directory.
    """
    for fabric, wwn, tag in _tpgs(reader, above):
        for name in dynamic_initiators(reader, paths.tpg(fabric, wwn, tag)):
            yield DynamicSession(name, wwn, tag, fabric.name)


def sessions(reader: Reader, above: str = "") -> Iterator[Session]:
    """Yield the sessions of initiators with an ACL.

    ``above`` is the configfs path of a fabric, target or TPG: only its sessions; "" for all.
    """
    for fabric, wwn, tag in _tpgs(reader, above):
        path = paths.tpg(fabric, wwn, tag)
        for name in reader.acl_names(path):
            if session := of_acl(reader, fabric, path, name):
                yield session


def of_acl(reader: Reader, fabric: Fabric, tpg: ConfigfsPath, folder: str) -> Session | None:
    """Return the session of an ACL; None without one.

    The ACL is given by its TPG's configfs path and its directory name.
    """
    acl = paths.acl(tpg, folder)
    text = reader.fs.read_if_there(f"{acl}/info")
    if text is None and fabric.name != "iscsi":
        text = _INSTEAD if _has_session(reader, acl) else None
    if not text or text.startswith(NO_SESSION):
        return None
    parsed = paths.parse_tpg(tpg)
    assert parsed is not None, tpg
    _, wwn, tag = parsed
    return _session(reader, text, fabric.from_folder(folder), wwn, tag, acl)


def _has_session(reader: Reader, acl: ConfigfsPath) -> bool:
    """Return True if an initiator of a fabric that shows no sessions has one, and a mapped LUN.

    target_core_stat.c, target_stat_iport_port_ident_show: ENODEV without a session.
    """
    for index in reader.mapped_indexes(acl)[:1]:
        port = f"{paths.mapped_lun(acl, index)}/statistics/scsi_att_intr_port/port_ident"
        return reader.fs.read_if_there(port) is not None
    return False


def _tpgs(reader: Reader, above: str) -> Iterator[TpgKey]:
    return tpg_keys(reader, (fabric for fabric in FABRICS.values() if fabric.has("acls")), above)


def dynamic_initiators(reader: Reader, tpg: ConfigfsPath) -> list[str]:
    """Return the names of the initiators without an ACL that are logged in to a TPG.

    A name is listed for each session. It is text that came over the network, and may be no WWN.
    """
    text = reader.fs.read_if_there(f"{tpg}/dynamic_sessions")
    return text.split(_END_OF_NAME) if text else []


def _session(
    reader: Reader, text: str, initiator: str, target: str, tag: int, acl: ConfigfsPath
) -> Session:
    names, _, facts = text.rpartition(_SESSION)
    sid = _SID.match(facts)
    return Session(
        sid=int(sid[0]) if sid else 0,
        initiator=initiator,
        alias=_alias(names, initiator),
        type=_first(_TYPE, facts),
        state=_first(_STATE, facts),
        connections=tuple(_connections(facts)),
        target=target,
        tpg=tag,
        acl=acl,
        authenticated=_enforced(reader, acl),
        isid=_first(_ISID, facts).replace(" ", ""),
        tsih=int(_first(_TSIH, facts) or 0),
    )


def _alias(names: str, initiator: str) -> str:
    """Return the alias, given all before the number of the session."""
    known = f"{_NAME}{initiator}{_ALIAS}"
    if names.startswith(known):
        return names[len(known) :].strip()
    return names.partition(_ALIAS)[2].strip()


def _enforced(reader: Reader, acl: ConfigfsPath) -> bool:
    """Return True if CHAP is required; the ACL's attribute, if 0 or 1, overrides the TPG's."""
    value = None
    for item in (acl, paths.tpg_of(acl)):
        value = reader.fs.read_if_there(f"{paths.attributes(item)}/authentication")
        if value in ("0", "1"):
            break
    return value == "1"


def _connections(text: str) -> Iterator[Connection]:
    for match in _CONNECTION.finditer(text):
        cid, state, address, transport = match.groups()
        yield Connection(int(cid), state, address, transport)


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""


def mapped(reader: Reader, session: Session) -> Iterator[tuple[MappedLun, str]]:
    """Yield (mapped LUN, plugin/name of its storage object) of a session."""
    tpg = paths.tpg_of(session.acl)
    for lun in reader.mapped_luns(session.acl):
        link = links.link_in(reader.fs, paths.lun(tpg, lun.tpg_lun))
        key = paths.key_of_storage_object(link[1]) if link else None
        yield lun, "/".join(key) if key else "?"
