# SPDX-License-Identifier: Apache-2.0
"""The objects of the iSCSI MIB (RFC 4544), for each iSCSI target and session."""

from __future__ import annotations

from .mib_object import MibObject

_TWICE = "a login that fails for this reason also counts in negotiate_fails"

ROWS = (
    MibObject("iscsi_instance", "inst", "iscsiInstIndex", "the kernel's number of the target"),
    MibObject("iscsi_instance", "min_ver", "iscsiInstVersionMin", "0 at all times"),
    MibObject("iscsi_instance", "max_ver", "iscsiInstVersionMax", "0 at all times"),
    MibObject("iscsi_instance", "portals", "iscsiInstPortalNumber", "the portals of all its TPGs"),
    MibObject("iscsi_instance", "nodes", "iscsiInstNodeNumber", "1 at all times"),
    MibObject(
        "iscsi_instance",
        "sessions",
        "iscsiInstSessionNumber",
        (
            "the sessions with the target: all of them, those without an ACL and several of "
            "one initiator too"
        ),
        test=True,
    ),
    MibObject(
        "iscsi_instance",
        "fail_sess",
        "iscsiInstSsnFailures",
        "sessions that ended by an error: the sum of iscsi_sess_err, so timeouts only",
    ),
    MibObject(
        "iscsi_instance", "fail_type", "iscsiInstLastSsnFailureType", "the last one: 2 is a timeout"
    ),
    MibObject(
        "iscsi_instance",
        "fail_rem_name",
        "iscsiInstLastSsnRmtNodeName",
        "the initiator of the last one",
    ),
    MibObject("iscsi_instance", "disc_time", "iscsiInstDiscontinuityTime", "0 at all times"),
    MibObject("iscsi_instance", "description", "iscsiInstDescr", "a fixed text"),
    MibObject("iscsi_instance", "vendor", "iscsiInstVendorID", "a fixed text"),
    MibObject(
        "iscsi_instance",
        "version",
        "iscsiInstVendorVersion",
        "the version of the kernel's iSCSI target",
    ),
    MibObject("iscsi_sess_err", "inst", "iscsiInstIndex", "the kernel's number of the target"),
    MibObject(
        "iscsi_sess_err",
        "digest_errors",
        "iscsiInstSsnDigestErrors",
        "0 at all times: a wrong digest ends the session, and is counted nowhere",
        test=True,
    ),
    MibObject(
        "iscsi_sess_err",
        "cxn_errors",
        "iscsiInstSsnCxnTimeoutErrors",
        ("connections that ended because the initiator sent no data, or did not answer a NOP-In"),
    ),
    MibObject(
        "iscsi_sess_err",
        "format_errors",
        "iscsiInstSsnFormatErrors",
        "0 at all times: the kernel does not count",
    ),
    MibObject("iscsi_tgt_attr", "inst", "iscsiInstIndex", "the kernel's number of the target"),
    MibObject("iscsi_tgt_attr", "indx", "iscsiNodeIndex", "1 at all times"),
    MibObject(
        "iscsi_tgt_attr",
        "login_fails",
        "iscsiTgtLoginFailures",
        "twice the logins without an ACL or with a wrong secret, and once the others",
        test=True,
    ),
    MibObject(
        "iscsi_tgt_attr",
        "last_fail_time",
        "iscsiTgtLastFailureTime",
        "when the last login failed: hundredths of a second since boot; later than 5 minutes after "
        "boot too high by a constant that depends on HZ (32 bits of jiffies)",
        test=True,
    ),
    MibObject(
        "iscsi_tgt_attr",
        "last_fail_type",
        "iscsiTgtLastFailureType",
        "6 (negotiation) at all times; 0 before the first failure",
        test=True,
    ),
    MibObject(
        "iscsi_tgt_attr",
        "fail_intr_name",
        "iscsiTgtLastIntrFailureName",
        "the initiator of the last failed login; Unknown if it has no ACL",
        test=True,
    ),
    MibObject(
        "iscsi_tgt_attr",
        "fail_intr_addr_type",
        "iscsiTgtLastIntrFailureAddrType",
        "ipv6 also for an IPv4 address that came in through a portal of IPv6",
        test=True,
    ),
    MibObject(
        "iscsi_tgt_attr",
        "fail_intr_addr",
        "iscsiTgtLastIntrFailureAddr",
        "its address; (einval) before the first failure",
        test=True,
    ),
    MibObject("iscsi_login_stats", "inst", "iscsiInstIndex", "the kernel's number of the target"),
    MibObject("iscsi_login_stats", "indx", "iscsiNodeIndex", "1 at all times"),
    MibObject(
        "iscsi_login_stats",
        "accepts",
        "iscsiTgtLoginAccepts",
        "logins that succeeded, without discovery",
        test=True,
    ),
    MibObject(
        "iscsi_login_stats",
        "other_fails",
        "iscsiTgtLoginOtherFails",
        (
            "logins that failed for other reasons; a wrong target name, a disabled TPG and "
            "a failed discovery are counted nowhere"
        ),
        test=True,
    ),
    MibObject(
        "iscsi_login_stats", "redirects", "iscsiTgtLoginRedirects", "logins that were redirected"
    ),
    MibObject(
        "iscsi_login_stats",
        "authorize_fails",
        "iscsiTgtLoginAuthorizeFails",
        f"logins without an ACL; {_TWICE}",
        test=True,
    ),
    MibObject(
        "iscsi_login_stats",
        "authenticate_fails",
        "iscsiTgtLoginAuthenticateFails",
        f"logins with a wrong secret or user, or without one; {_TWICE}",
        test=True,
    ),
    MibObject(
        "iscsi_login_stats",
        "negotiate_fails",
        "iscsiTgtLoginNegotiateFails",
        "all logins that failed after they reached a TPG, so also the two kinds above",
        test=True,
    ),
    MibObject("iscsi_logout_stats", "inst", "iscsiInstIndex", "the kernel's number of the target"),
    MibObject("iscsi_logout_stats", "indx", "iscsiNodeIndex", "1 at all times"),
    MibObject(
        "iscsi_logout_stats",
        "normal_logouts",
        "iscsiTgtLogoutNormals",
        "logouts that an initiator asked for",
        test=True,
    ),
    MibObject(
        "iscsi_logout_stats",
        "abnormal_logouts",
        "iscsiTgtLogoutOthers",
        "0: a connection that breaks, or is closed without a logout, is not counted",
        test=True,
    ),
    MibObject(
        "iscsi_sess_stats", "inst", "iscsiInstIndex", "the kernel's number of the target", test=True
    ),
    MibObject(
        "iscsi_sess_stats",
        "node",
        "iscsiSsnNodeIndex",
        "1 with a session; empty without, as all below",
    ),
    MibObject("iscsi_sess_stats", "indx", "iscsiSsnIndex", "the number of the session", test=True),
    MibObject(
        "iscsi_sess_stats",
        "cmd_pdus",
        "iscsiSsnCmdPDUs",
        "commands of the latest session of the ACL, since it logged in",
        test=True,
    ),
    MibObject(
        "iscsi_sess_stats",
        "rsp_pdus",
        "iscsiSsnRspPDUs",
        "responses of their own; not the status that is sent with the last data of a read",
        test=True,
    ),
    MibObject(
        "iscsi_sess_stats",
        "txdata_octs",
        "iscsiSsnTxDataOctets",
        "bytes of Data-In, of INQUIRY and the like too",
        test=True,
    ),
    MibObject(
        "iscsi_sess_stats",
        "rxdata_octs",
        "iscsiSsnRxDataOctets",
        "bytes of Data-Out; immediate data, which come with the command, are left out",
        test=True,
    ),
    MibObject(
        "iscsi_sess_stats",
        "conn_digest_errors",
        "iscsiSsnCxnDigestErrors",
        (
            "wrong digests of the session; the session ends by them unless "
            "ErrorRecoveryLevel is above 0, and its counters with it"
        ),
    ),
    MibObject(
        "iscsi_sess_stats",
        "conn_timeout_errors",
        "iscsiSsnCxnTimeoutErrors",
        "timeouts of the session; it ends by them, and its counters with it",
    ),
)
