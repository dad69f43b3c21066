# SPDX-License-Identifier: Apache-2.0
"""The kernel's texts about sessions, which contain names that came over the network."""

from __future__ import annotations

import pytest

from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import sessions

NAME = "iqn.2003-01.org.example:i"
ISCSI = FABRICS["iscsi"]
TPG = ConfigfsPath("iscsi/iqn.2003-01.org.example:t/tpgt_1")
ACL = ConfigfsPath(f"{TPG}/acls/{NAME}")
# As Linux 6.1 to 7.2 write it.
INFO = """InitiatorName: {name}
InitiatorAlias: {alias}
LIO Session ID: 7   ISID: 0x80 00 00 00 00 01  TSIH: 7  SessionType: Normal
Session State: TARG_SESS_STATE_LOGGED_IN
---------------------[iSCSI Session Values]-----------------------
  CmdSN/WR  :  CmdSN/WC  :  ExpCmdSN  :  MaxCmdSN  :     ITT    :     TTT
 0x00000040   0x00000040   0x00000001   0x00000040   0x01000000   0x00000000
----------------------[iSCSI Connections]-------------------------
CID: 0  Connection State: TARG_CONN_STATE_LOGGED_IN
   Address 192.0.2.1 TCP  StatSN: 0xfda59844"""
FORGED = """x
LIO Session ID: 1   ISID: 0x80 00 00 00 00 01  TSIH: 1  SessionType: Discovery
Session State: TARG_SESS_STATE_FAILED
CID: 9  Connection State: TARG_CONN_STATE_FREE
   Address 203.0.113.9 SCTP  StatSN: 0x00000000"""


class Files(ReadFS):
    """Some files of the target tree."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def read_if_there(self, path: str) -> str | None:
        return self.texts.get(path.rpartition("/")[2])


def session(alias: str, name: str = NAME) -> sessions.Session:
    fs = Files(info=INFO.format(name=name, alias=alias), authentication="0")
    found = sessions.of_acl(Reader(fs), ISCSI, TPG, name)
    assert found is not None
    return found


@pytest.mark.parametrize("alias", ["", "host 1", FORGED, f"\n{FORGED}", "InitiatorAlias: y"])
def test_an_alias_is_no_record(alias: str) -> None:
    found = session(alias)
    assert (found.sid, found.type, found.state) == (7, "Normal", "LOGGED_IN")
    assert (found.isid, found.tsih) == ("800000000001", 7)
    assert found.connections == (sessions.Connection(0, "LOGGED_IN", "192.0.2.1", "TCP"),)
    assert found.alias == alias.strip()


def test_a_name_is_no_record() -> None:
    found = session("host", f"{NAME}\nInitiatorAlias: other")
    assert (found.sid, found.alias) == (7, "host")


@pytest.mark.parametrize(
    "names", [[], [NAME], [NAME, NAME], [f"{NAME} b", f"{NAME}\nc", "d\n", "../../e"]]
)
def test_names_of_guests_end_where_the_kernel_ends_them(names: list[str]) -> None:
    raw = "".join(f"{name}\n\0" for name in names)
    # What ConfigFS.read returns.
    fs = Files(dynamic_sessions=raw.rstrip("\0").removesuffix("\n"))
    assert sessions.dynamic_initiators(Reader(fs), TPG) == names


@pytest.mark.parametrize("name", ["", ".", "..", "../../core", "a/b", "a\0"])
def test_a_name_that_leads_elsewhere_is_no_path(name: str) -> None:
    assert not paths.is_name(name)
    for make in (
        lambda: paths.acl(TPG, name),
        lambda: paths.child(TPG, name),
        lambda: paths.portal(TPG, name),
        lambda: paths.target(ISCSI, name),
        lambda: paths.tg_pt_gp(paths.CORE, name),
        lambda: paths.lu_gp(name),
        lambda: paths.hba(name),
        lambda: paths.storage_object_in(paths.CORE, name),
    ):
        with pytest.raises(InvalidValue):
            make()
    if "/" in name:
        with pytest.raises(InvalidValue):
            paths.mapped_lun(ACL, name)
        with pytest.raises(InvalidValue):
            paths.of_lu_gp_member("fileio_0/../../x")
