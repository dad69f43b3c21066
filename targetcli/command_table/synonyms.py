# SPDX-License-Identifier: Apache-2.0
"""Words that users and other programs have for commands and settings, for help search."""

from __future__ import annotations

_NEW_TARGET = "create (command, /FABRIC)"
_NEW_LUN = "create (command, TPG/luns)"
_NEW_ACL = "create (command, TPG/acls)"
_NEW_MAPPED_LUN = "create (command, TPG/acls/WWN or TPG/acls/TAG)"
_NEW_PORTAL = "create (command, TPG/portals)"

_CREDENTIALS = ("userid", "password", "mutual_userid", "mutual_password")
_READ_ONLY = ("readonly", "write_protect", "demo_mode_write_protect", "prod_mode_write_protect")
_DISCARD = (
    "emulate_tpu",
    "emulate_tpws",
    "max_unmap_lba_count",
    "max_unmap_block_desc_count",
    "unmap_granularity",
    "unmap_granularity_alignment",
    "unmap_zeroes_data",
)
_THIN = ("emulate_tpu", "emulate_tpws", "sparse", "unmap_granularity", "unmap_zeroes_data")
_CACHE = ("emulate_write_cache", "write_back", "emulate_fua_write")
_PATHS = (
    "alua_access_state",
    "alua_access_type",
    "alua_tg_pt_gp_name",
    "alua_lu_gp",
    "preferred",
    "qfull_time_out",
    "drain",
    "other_paths",
)
_RESERVATIONS = (
    "emulate_pr",
    "force_pr_aptpl",
    "enforce_pr_isids",
    "pgr_support",
    "holder",
    "registrants",
)
_SERIAL = ("vpd_unit_serial", "company_id")
_GROW = ("resize", "rescan")
_ADDRESS = (_NEW_PORTAL, "ip_address", "ip_port")
_ADMIT = (_NEW_ACL, "generate_node_acls", "pin")
_MASKING = (_NEW_MAPPED_LUN, "add_mapped_luns", "auto_add_mapped_luns")
_PING = ("nopin_timeout", "nopin_response_timeout")
_PREVIEW = ("dry_run", "diff")
_VAAI = ("emulate_caw", "emulate_3pc", "emulate_tpu", "emulate_tpws", "max_write_same_len")

# By a word in lower case: the name of a command, parameter or setting, with its place where only
# one of several is meant.
SYNONYMS = {
    "allow": _ADMIT,
    "atomic": ("begin", "commit", "apply"),
    "backup": ("saveconfig", "restoreconfig", "max_backup_files"),
    "bind": _ADDRESS,
    "cache": _CACHE,
    "chap": (*_CREDENTIALS, "authentication"),
    "connected": ("sessions", "hosts"),
    "copy": ("clone", "emulate_3pc"),
    "credentials": _CREDENTIALS,
    "discard": _DISCARD,
    "disconnect": ("disable", "drain"),
    "expand": _GROW,
    "export": (_NEW_LUN,),
    "expose": (_NEW_LUN,),
    "extend": _GROW,
    "failover": _PATHS,
    "fencing": _RESERVATIONS,
    "flush": _CACHE,
    "grow": _GROW,
    "hostname": (_NEW_ACL, _NEW_TARGET),
    "iqn": (_NEW_TARGET, _NEW_ACL),
    "generate": ("password", "mutual_password", "wwn"),
    "keepalive": _PING,
    "listen": _ADDRESS,
    "login": (*_CREDENTIALS, "authentication", "login_timeout", _NEW_ACL, "sessions"),
    "masking": _MASKING,
    "migrate": ("drain", "replace", "clone"),
    "move": ("drain", "replace", "rename"),
    "mpio": _PATHS,
    "multipath": _PATHS,
    "nic": _ADDRESS,
    "noop": _PING,
    "offline": ("alua_access_state", "alua_tg_pt_offline", "drain", "disable"),
    "passphrase": ("password", "mutual_password"),
    "persistent": (*_RESERVATIONS, "saveconfig"),
    "ping": _PING,
    "preview": _PREVIEW,
    "readonly": _READ_ONLY,
    "reservation": _RESERVATIONS,
    "scsi3": _RESERVATIONS,
    "secret": ("password", "mutual_password"),
    "sector": ("block_size", "hw_block_size", "optimal_sectors"),
    "share": (_NEW_LUN,),
    "simulate": _PREVIEW,
    "thin": _THIN,
    "tpgt": ("tag", "auto_enable_tpgt"),
    "trim": _DISCARD,
    "username": ("userid", "mutual_userid"),
    "uuid": _SERIAL,
    "vaai": _VAAI,
    "vmware": _VAAI,
    "whitelist": _ADMIT,
    "writeback": _CACHE,
    "wwid": _SERIAL,
}
