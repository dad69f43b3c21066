# SPDX-License-Identifier: Apache-2.0
"""Refusals of targets, TPGs, LUNs, portals and ACLs."""

from __future__ import annotations

from errno import EADDRINUSE, EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT

from ..host import network
from .refusal import Facts, Refusal

_PORTAL = r"iscsi/[^/]+/tpgt_\d+/np/(?P<address>.+):(?P<port>\d+)"
_NOT_BOUND = (EINVAL, EADDRINUSE)


def _is_link_local(facts: Facts) -> bool:
    return facts["address"].lower().startswith("[fe80:")


def _needs_ipv6(facts: Facts) -> bool:
    return facts["address"].startswith("[") and not network.has_ipv6()


def _is_foreign(facts: Facts) -> bool:
    return bool(facts["listener"])


PORTALS = (
    Refusal(
        "portal-no-ipv6",
        "create a portal on an IPv6 address of a host without IPv6",
        "mkdir",
        _PORTAL,
        (EINVAL, EAFNOSUPPORT),
        network.NO_IPV6,
        "use an IPv4 address, or start the kernel with its module ipv6 and without ipv6.disable=1",
        when=_needs_ipv6,
    ),
    Refusal(
        "portal-link-local",
        "create a portal on an IPv6 address that begins with fe80",
        "mkdir",
        _PORTAL,
        (EINVAL,),
        "the kernel's target does not support link-local addresses",
        "use a global address of the interface, or ::0 for all addresses",
        log=r"kernel_bind\(\) failed: -22",
        when=_is_link_local,
    ),
    Refusal(
        "portal-no-host-address",
        "create a portal on a multicast or otherwise unusable address",
        "mkdir",
        _PORTAL,
        (EINVAL,),
        "no host can listen on the address {address}",
        "use an address of this host (ip address), or ::0 for all addresses",
        log=r"kernel_bind\(\) failed: -22",
    ),
    Refusal(
        "portal-port-taken",
        "create a portal while a program listens on its port",
        "mkdir",
        _PORTAL,
        _NOT_BOUND,
        "{listener} already listens on port {port}",
        "end it, or use another port; ss -ltnp shows the listening programs",
        log=r"kernel_bind\(\) failed: -98",
        when=_is_foreign,
    ),
    Refusal(
        "portal-covered",
        "create a portal while another one covers its address and port",
        "mkdir",
        _PORTAL,
        _NOT_BOUND,
        "another portal already listens on port {port}",
        "use another port, or delete that portal, which may be on ::0 or 0.0.0.0",
        log=r"kernel_bind\(\) failed: -98",
    ),
    Refusal(
        "portal-other-tpg",
        "create a portal that another TPG of the target has",
        "mkdir",
        _PORTAL,
        (EINVAL, EEXIST),
        "another TPG of the target has this portal",
        "use another address or port for this TPG",
        log=r"already exists on a different TPG",
    ),
    Refusal(
        "iser-module",
        "enable_iser",
        "write",
        r".+/np/[^/]+/iser",
        (EINVAL, ENODEV),
        "the module ib_isert cannot be loaded",
        "install an RDMA card and that module; modprobe ib_isert shows the error",
        log=r"Unable to request_module for ib_isert",
    ),
    Refusal(
        "offload-card",
        "enable_offload",
        "write",
        r".+/np/[^/]+/cxgbit",
        (EINVAL, ENODEV),
        "no Chelsio card serves this address, or its module cxgbit cannot be loaded",
        "install both; modprobe cxgbit shows the error",
    ),
)

LUNS = (
    Refusal(
        "lun-not-configured",
        "export a storage object that was never enabled",
        "symlink",
        r".+/lun/lun_\d+/[^/]+",
        (ENODEV,),
        "the storage object was never enabled",
        "{delete}, then create it again",
        log=r"se_device not configured yet",
    ),
    Refusal(
        "mapped-lun-missing",
        "restore a mapped LUN of a missing LUN",
        "symlink",
        r".+/acls/[^/]+/lun_\d+/[^/]+",
        (ENOENT,),
        "the TPG has no such LUN",
        "correct its tpg_lun in the file, or create the LUN",
    ),
)

ACLS = (
    Refusal(
        "tag-too-long",
        "tag an ACL",
        "write",
        r".+/acls/[^/]+/tag",
        (EINVAL,),
        "a tag has at most 63 bytes",
        "use a shorter tag",
    ),
    Refusal(
        "queue-depth-range",
        "restore a cmdsn_depth that is out of range",
        "write",
        r".+/acls/[^/]+/cmdsn_depth",
        (EINVAL,),
        "cmdsn_depth must be between 1 and 512 commands",
        "correct it in the file",
    ),
)

TPGS = (
    Refusal(
        "completion-cpu",
        "set cmd_completion_affinity of a target",
        "write",
        r".+/param/cmd_completion_affinity",
        (EINVAL,),
        "this host has no CPU {value} that is online",
        "use one of {cpus}; or -1: chosen by the kernel, or -2: the CPU of the command",
        log=r"Command completion value must be",
    ),
    Refusal(
        "nexus-name",
        "restore a nexus that the fabric does not accept",
        "write",
        r".+/nexus",
        (EINVAL,),
        "this fabric does not accept the initiator name {value}",
        "remove the nexus from the file to get a generated name",
    ),
    Refusal(
        "parameter-value",
        "restore a parameter with a value outside RFC 7143",
        "write",
        r".+/param/(?P<name>\w+)",
        (EINVAL,),
        "{takes}",
        "use a value that get parameter {name} describes",
        log=r"Illegal value for|exceeds 255",
    ),
)

ROWS = (*PORTALS, *LUNS, *ACLS, *TPGS)
