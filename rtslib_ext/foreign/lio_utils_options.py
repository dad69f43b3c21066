# SPDX-License-Identifier: Apache-2.0
"""The options of tcm_node and lio_node as rows: how many words each takes, and what it writes.

From Datera/lio-utils, tcm-py/tcm_node.py and lio-py/lio_node.py. Options that only show something
have no acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import naming
from ..fast_dataclasses import dataclass, field

Act = tuple[str, str, str]
"""(write, make, link or delete; path below the target directory; text or end of the link).

Both texts have the words of the option as ``{0}``, ``{1}`` and so on.
"""

PARAMETERS = ".parameters"
"""The file that stands for the parameters of --createdev and the like."""

_STATES = {"o": "0", "a": "1", "s": "2", "u": "3"}
_TYPES = {"both": "3", "explict": "2", "explicit": "2", "implict": "1", "implicit": "1"}
_TYPES |= {"none": "0"}


@dataclass(frozen=True, slots=True)
class Row:
    """An option: the number of words that it takes, its acts, and how its words are meant."""

    takes: int
    acts: tuple[Act, ...] = ()
    means: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    lower: tuple[int, ...] = ()
    portal: int | None = None

    def converted(self, words: Sequence[str]) -> list[str]:
        """Return the words as they are written: names in lower case, codes, portals with port.

        Blanks around them are left out.
        """
        found = [word.strip() for word in words]
        for place, codes in self.means.items():
            found[place] = codes.get(found[place].lower(), found[place])
        for place in self.lower:
            found[place] = found[place].lower()
        if self.portal is not None:
            found[self.portal] = _with_port(found[self.portal])
        return found


def _with_port(portal: str) -> str:
    """Return a portal with the default port where it has none: "ADDRESS" or "ADDRESS:"."""
    address, sign, port = portal.rpartition(":")
    if not sign or portal.endswith("]"):
        return f"{portal}:{naming.ISCSI_PORT}"
    return portal if port else f"{address}:{naming.ISCSI_PORT}"


def _device(parameters: str, takes: int = 2) -> Row:
    return Row(takes, (("write", f"core/{{0}}/{PARAMETERS}", parameters),))


def _core(
    takes: int, name: str, text: str, means: Mapping[int, Mapping[str, str]] | None = None
) -> Row:
    return Row(takes, (("write", f"core/{{0}}/{name}", text),), means or {})


def _shown(takes: int) -> Row:
    return Row(takes)


_SERIAL = _core(2, "wwn/vpd_unit_serial", "{1}")
_GROUP = "core/{0}/alua/{1}"
_NEW_GROUP = Row(3, (("write", f"{_GROUP}/tg_pt_gp_id", "{2}"),))

TCM: dict[str, Row] = {
    "establishdev": _device("{1}"),
    "createdev": _device("{1}"),
    "block": _device("{1}"),
    "iblock": _device("{1}"),
    "fileio": _device("fd_dev_name={1},fd_dev_size={2}", 3),
    "ramdisk": _device("{1}"),
    "scsi": _device("{1}"),
    "pscsi": _device("{1}"),
    "scsibyudev": _device("{1}"),
    "pscsibyudev": _device("{1}"),
    "setunitserial": _SERIAL,
    "setunitserialwithmd": _SERIAL,
    "setudevpath": _core(2, "udev_path", "{1}"),
    "setdevattr": _core(3, "attrib/{1}", "{2}"),
    "addlungp": Row(1, (("make", "core/alua/lu_gps/{0}", ""),)),
    "dellungp": Row(1, (("delete", "core/alua/lu_gps/{0}", ""),)),
    "setlugp": _core(2, "alua_lu_gp", "{1}"),
    "addtgptgp": Row(2, (("make", _GROUP, ""),)),
    "addaluatpg": Row(2, (("make", _GROUP, ""),)),
    "addtgptgpwithmd": _NEW_GROUP,
    "addaluatpgwithmd": _NEW_GROUP,
    "deltgptgp": Row(2, (("delete", _GROUP, ""),)),
    "delaluatpg": Row(2, (("delete", _GROUP, ""),)),
    "setaluastate": _core(3, "alua/{1}/alua_access_state", "{2}", {2: _STATES}),
    "setaluatype": _core(3, "alua/{1}/alua_access_type", "{2}", {2: _TYPES}),
    "setaluadelay": _core(3, "alua/{1}/nonop_delay_msecs", "{2}"),
    "setaluatransdelay": _core(3, "alua/{1}/trans_delay_msecs", "{2}"),
    "setaluapref": _core(2, "alua/{1}/preferred", "1"),
    "clearaluapref": _core(2, "alua/{1}/preferred", "0"),
    "delhba": Row(1, (("delete", "core/{0}", ""),)),
    "freedev": Row(1, (("delete", "core/{0}", ""),)),
    **dict.fromkeys(("listdevattr", "listtgptgps", "listaluatpgs", "pr", "praptpl"), _shown(1)),
    **dict.fromkeys(("prshowmd", "udevpath", "wwn"), _shown(1)),
    **dict.fromkeys(("listhbas", "listlugps", "unload", "version"), _shown(0)),
    **dict.fromkeys(("listtgptgp", "listaluatpg"), _shown(2)),
}

_TPG = "iscsi/{0}/tpgt_{1}"
_ACL = f"{_TPG}/acls/{{2}}"
_LUN = f"{_TPG}/lun/lun_{{2}}"
_DISCOVERY = "iscsi/discovery_auth"


def _tpg(takes: int, *acts: Act, portal: int | None = None) -> Row:
    return Row(takes, acts, lower=(0,), portal=portal)


def _acl(takes: int, *acts: Act) -> Row:
    return Row(takes, acts, lower=(0, 2))


def _set(name: str, text: str) -> Row:
    return _tpg(2, ("write", f"{_TPG}/{name}", text))


_OFFLINE = _tpg(3, ("write", f"{_LUN}/alua_tg_pt_offline", "1"))
_ONLINE = _tpg(3, ("write", f"{_LUN}/alua_tg_pt_offline", "0"))
_ALUA_GROUP = _tpg(4, ("write", f"{_LUN}/alua_tg_pt_gp", "{3}"))
_DEMO_MODE = _set("attrib/generate_node_acls", "1")

LIO: dict[str, Row] = {
    "addtpg": _tpg(2, ("make", _TPG, "")),
    "addnp": _tpg(3, ("make", f"{_TPG}/np/{{2}}", ""), portal=2),
    "addlun": _tpg(5, ("link", f"{_LUN}/{{3}}", "core/{4}")),
    "addnodeacl": _acl(3, ("make", _ACL, "")),
    "addlunacl": _acl(5, ("link", f"{_ACL}/lun_{{4}}/lio_lun", f"{_TPG}/lun/lun_{{3}}")),
    "enablelunwp": _acl(4, ("write", f"{_ACL}/lun_{{3}}/write_protect", "1")),
    "disablelunwp": _acl(4, ("write", f"{_ACL}/lun_{{3}}/write_protect", "0")),
    "enableauth": _set("attrib/authentication", "1"),
    "disableauth": _set("attrib/authentication", "0"),
    "demomode": _DEMO_MODE,
    "permissive": _DEMO_MODE,
    "enableaclmode": _set("attrib/generate_node_acls", "0"),
    "enabletpg": _set("enable", "1"),
    "disabletpg": _set("enable", "0"),
    "setchapauth": _acl(
        5, ("write", f"{_ACL}/auth/userid", "{3}"), ("write", f"{_ACL}/auth/password", "{4}")
    ),
    "setchapmutualauth": _acl(
        5,
        ("write", f"{_ACL}/auth/userid_mutual", "{3}"),
        ("write", f"{_ACL}/auth/password_mutual", "{4}"),
    ),
    "setchapdiscenforce": Row(1, (("write", f"{_DISCOVERY}/enforce_discovery_auth", "{0}"),)),
    "setchapdiscauth": Row(
        2,
        (("write", f"{_DISCOVERY}/userid", "{0}"), ("write", f"{_DISCOVERY}/password", "{1}")),
    ),
    "setchapdiscmutualauth": Row(
        2,
        (
            ("write", f"{_DISCOVERY}/userid_mutual", "{0}"),
            ("write", f"{_DISCOVERY}/password_mutual", "{1}"),
        ),
    ),
    "setnodeattr": _acl(5, ("write", f"{_ACL}/attrib/{{3}}", "{4}")),
    "setnodetcq": _acl(4, ("write", f"{_ACL}/cmdsn_depth", "{3}")),
    "settpgattr": _tpg(4, ("write", f"{_TPG}/attrib/{{2}}", "{3}")),
    "settpgparam": _tpg(4, ("write", f"{_TPG}/param/{{2}}", "{3}")),
    "settgptgp": _ALUA_GROUP,
    "setaluatpg": _ALUA_GROUP,
    "settgptoff": _OFFLINE,
    "setaluaoff": _OFFLINE,
    "cleartgptoff": _ONLINE,
    "clearaluaoff": _ONLINE,
    "dellunacl": _acl(4, ("delete", f"{_ACL}/lun_{{3}}", "")),
    "delnodeacl": _acl(3, ("delete", _ACL, "")),
    "delnp": _tpg(3, ("delete", f"{_TPG}/np/{{2}}", "")),
    "dellun": _tpg(3, ("delete", _LUN, "")),
    "deltpg": _tpg(2, ("delete", _TPG, "")),
    "deliqn": _tpg(1, ("delete", "iscsi/{0}", "")),
    **dict.fromkeys(("aluasecmd", "showtgptgp", "listnodeattr", "listnodeparam"), _shown(3)),
    **dict.fromkeys(("showchapauth", "shownodetcq"), _shown(3)),
    **dict.fromkeys(("listlunacls", "listnodeacls", "listnps", "listtpgattr"), _shown(2)),
    "listtpgparam": _shown(2),
    **dict.fromkeys(("listendpoints", "listtargetnames", "showchapdiscauth"), _shown(0)),
    **dict.fromkeys(("unload", "version"), _shown(0)),
}
