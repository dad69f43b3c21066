# SPDX-License-Identifier: Apache-2.0
"""Names of configfs files that differ from those users know, and fixed texts in them."""

from __future__ import annotations

# model.Auth's fields -> files in an auth or discovery_auth directory
AUTH_FILES = {
    "userid": "userid",
    "password": "password",
    "mutual_userid": "userid_mutual",
    "mutual_password": "password_mutual",
}
SECRET_FILES = frozenset({"password", "password_mutual"})
# The kernel's text for credentials that are not set, read and written
# (drivers/target/iscsi/iscsi_target_configfs.c, DEF_NACL_AUTH_STR).
NO_CREDENTIAL = "NULL"
# iscsi_target_core.h: MAX_USER_LEN and MAX_PASS_LEN without their final NUL.
CREDENTIAL_MAX = 255

# How info of an ACL begins without a session
# (drivers/target/iscsi/iscsi_target_configfs.c, lio_target_nacl_info_show).
NO_SESSION = "No active iSCSI Session"

# The parameter of a TPG that authentication, and enabling the TPG, change.
AUTH_METHOD = "AuthMethod"

# Writing the key changes the files in the value, which are relative to the directory of the key
# (iscsi_target_tpg.c; target_core_configfs.c, emulate_model_alias_store; target_core_alua.c).
CHANGED_WITH = {
    "generate_node_acls": ("cache_dynamic_acls",),
    "authentication": (f"../param/{AUTH_METHOD}",),
    "emulate_model_alias": ("../wwn/product_id",),
    "alua_access_state": ("alua_access_status",),
    "alua_tg_pt_offline": ("alua_tg_pt_status",),
}

# Attributes of storage objects, and the file with the limit of their device
# (target_core_configfs.c, queue_depth_store and optimal_sectors_store).
LIMITED_BY = {"optimal_sectors": "hw_max_sectors", "queue_depth": "hw_queue_depth"}

SERIAL_FILE = "vpd_unit_serial"
PD_TEXT_FILE = "pd_text_id_info"
# target_core_base.h, PD_TEXT_ID_INFO_LEN
PD_TEXT_MAX = 255

# Files of a target port group that are written as a number and read as text
# (drivers/target/target_core_alua.c, core_alua_dump_status and related functions).
ALUA_TEXTS = {
    "alua_access_status": (
        "None",
        "Altered by Explicit STPG",
        "Altered by Implicit ALUA",
    ),
    "alua_access_type": ("None", "Implicit", "Explicit", "Implicit and Explicit"),
}
SECONDARY_STATUS = ALUA_TEXTS["alua_access_status"]
DEFAULT_GROUP = "default_tg_pt_gp"
ALUA_READ_ONLY = ("members",)
# rtslib-fb fails on it in a save file, so it is stored separately there.
LBA_DEPENDENT = "alua_support_lba_dependent"
DEFAULT_LU_GROUP = "default_lu_gp"
# A members file of a group holds at most one page of whole lines, of 256 bytes each or fewer
# (target_core_configfs.c, target_lu_gp_members_show); above this the list may be incomplete.
MEMBERS_FULL = 4096 - 300
# target_core_alua.c: a 16-bit field of REPORT TARGET PORT GROUPS (SPC-4 section 6.37); 0 is the
# default group's.
GROUP_TAG_MAX = 65535

# SPC-4 table 33, ASYMMETRIC ACCESS STATE
ALUA_STATES = {
    "0": "Active/optimized",
    "1": "Active/non-optimized",
    "2": "Standby",
    "3": "Unavailable",
    "4": "LBA Dependent",
    "14": "Offline",
    "15": "Transitioning",
}
"""The names of the ALUA states by the number that the kernel shows (alua_access_state)."""
