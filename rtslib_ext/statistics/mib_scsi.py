# SPDX-License-Identifier: Apache-2.0
"""The objects of the SCSI MIB (RFC 4455), for each storage object, LUN and mapped LUN."""

from __future__ import annotations

from .mib_object import MibObject

_WRAPS = " (with 32 bits from Linux 6.16 until the fix in 6.18: begins again after 4 GiB)"

ROWS = (
    MibObject("scsi_dev", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject(
        "scsi_dev",
        "indx",
        "scsiDeviceIndex",
        "the kernel's number of the storage object",
        test=True,
    ),
    MibObject("scsi_dev", "role", "scsiDeviceRole", "Target at all times"),
    MibObject("scsi_dev", "ports", "scsiDevicePortNumber", "the LUNs that export it", test=True),
    MibObject("scsi_tgt_dev", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject(
        "scsi_tgt_dev", "indx", "scsiDeviceIndex", "the kernel's number of the storage object"
    ),
    MibObject("scsi_tgt_dev", "num_lus", "scsiTgtDevNumberOfLUs", "1 at all times"),
    MibObject(
        "scsi_tgt_dev",
        "status",
        "scsiTgtDeviceStatus",
        "activated if a LUN exports it; it says nothing about the disk",
        test=True,
    ),
    MibObject(
        "scsi_tgt_dev",
        "non_access_lus",
        "scsiTgtDevNonAccessibleLUs",
        "0 if a LUN exports it, or 1",
    ),
    MibObject(
        "scsi_tgt_dev",
        "resets",
        "scsiTgtDevResets",
        "resets of the logical unit: equal to scsi_lu",
        test=True,
    ),
    MibObject(
        "scsi_tgt_dev",
        "aborts_complete",
        "",
        "tasks that ABORT TASK or the end of a session aborted",
    ),
    MibObject(
        "scsi_tgt_dev",
        "aborts_no_task",
        "",
        "ABORT TASK for a task that had ended, so there was none left",
    ),
    MibObject("scsi_lu", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject("scsi_lu", "dev", "scsiDeviceIndex", "the kernel's number of the storage object"),
    MibObject("scsi_lu", "indx", "scsiLuIndex", "1 at all times"),
    MibObject("scsi_lu", "lun", "scsiLuDefaultLun", "0 at all times: LUNs are numbered by TPG"),
    MibObject("scsi_lu", "lu_name", "scsiLuWwnName", "the unit serial, or None; not a WWN"),
    MibObject("scsi_lu", "vend", "scsiLuVendorId", "the vendor of INQUIRY data"),
    MibObject("scsi_lu", "prod", "scsiLuProductId", "the product of INQUIRY data"),
    MibObject("scsi_lu", "rev", "scsiLuRevisionId", "the revision of INQUIRY data"),
    MibObject("scsi_lu", "dev_type", "scsiLuPeripheralType", "the device type of SPC: 0 is a disk"),
    MibObject(
        "scsi_lu", "status", "scsiLuStatus", "available if a LUN exports it, or notavailable"
    ),
    MibObject("scsi_lu", "state_bit", "scsiLuState", "exposed at all times"),
    MibObject(
        "scsi_lu",
        "num_cmds",
        "scsiLuInCommands",
        "commands of all kinds, those that failed and those that only ask too",
        test=True,
    ),
    MibObject(
        "scsi_lu",
        "read_mbytes",
        "scsiLuReadMegaBytes",
        f"whole MiB that were read, cut off{_WRAPS}",
        test=True,
    ),
    MibObject(
        "scsi_lu",
        "write_mbytes",
        "scsiLuWrittenMegaBytes",
        f"whole MiB that were written, cut off{_WRAPS}",
        test=True,
    ),
    MibObject("scsi_lu", "resets", "scsiLuInResets", "resets of the logical unit", test=True),
    MibObject(
        "scsi_lu",
        "full_stat",
        "scsiLuOutTaskSetFullStatus",
        "0 at all times: the kernel does not count",
    ),
    MibObject(
        "scsi_lu", "hs_num_cmds", "scsiLuHSInCommands", "0 at all times: the kernel does not count"
    ),
    MibObject(
        "scsi_lu",
        "creation_time",
        "scsiLuLastCreation",
        "when it was created: hundredths of a second since boot; later than 5 minutes after boot "
        "too high by a constant that depends on HZ (32 bits of jiffies)",
        test=True,
    ),
    MibObject("scsi_port", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject(
        "scsi_port",
        "dev",
        "scsiDeviceIndex",
        "the kernel's number of the storage object",
        test=True,
    ),
    MibObject("scsi_port", "indx", "scsiPortIndex", "the relative target port identifier"),
    MibObject("scsi_port", "role", "scsiPortRole", "Device and the number of the storage object"),
    MibObject(
        "scsi_port",
        "busy_count",
        "scsiPortBusyStatuses",
        "0 at all times: the kernel counts no BUSY and no TASK SET FULL",
    ),
    MibObject("scsi_tgt_port", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject(
        "scsi_tgt_port",
        "dev",
        "scsiDeviceIndex",
        "the kernel's number of the storage object",
        test=True,
    ),
    MibObject("scsi_tgt_port", "indx", "scsiPortIndex", "the relative target port identifier"),
    MibObject(
        "scsi_tgt_port",
        "name",
        "scsiTgtPortName",
        "the fabric and the identifier, not the port's name",
    ),
    MibObject(
        "scsi_tgt_port",
        "port_index",
        "scsiTgtPortIdentifier",
        "the target, +t+ and the tag of the TPG",
    ),
    MibObject(
        "scsi_tgt_port",
        "in_cmds",
        "scsiTgtPortInCommands",
        "commands of all kinds through this LUN; no measure of I/O per second",
        test=True,
    ),
    MibObject(
        "scsi_tgt_port",
        "write_mbytes",
        "scsiTgtPortWrittenMegaBytes",
        f"whole MiB that were written, cut off{_WRAPS}",
        test=True,
    ),
    MibObject(
        "scsi_tgt_port",
        "read_mbytes",
        "scsiTgtPortReadMegaBytes",
        f"whole MiB that were read, cut off{_WRAPS}",
        test=True,
    ),
    MibObject(
        "scsi_tgt_port",
        "hs_in_cmds",
        "scsiTgtPortHSInCommands",
        "0 at all times: the kernel does not count",
    ),
    MibObject("scsi_transport", "inst", "scsiInstIndex", "the kernel's number of the HBA"),
    MibObject("scsi_transport", "device", "scsiTransportType", "scsiTransport and the fabric"),
    MibObject("scsi_transport", "indx", "scsiTransportIndex", "the kernel's number of the target"),
    MibObject(
        "scsi_transport", "dev_name", "scsiTransportDevName", "the target, + and the unit serial"
    ),
    MibObject("scsi_transport", "proto_id", "", "the protocol identifier of SPC: 5 is iSCSI"),
    MibObject("scsi_auth_intr", "inst", "scsiInstIndex", "the kernel's number of the target"),
    MibObject(
        "scsi_auth_intr", "dev", "scsiDeviceIndex", "the kernel's number of the storage object"
    ),
    MibObject("scsi_auth_intr", "port", "scsiAuthIntrTgtPortIndex", "the tag of the TPG"),
    MibObject("scsi_auth_intr", "indx", "scsiAuthIntrIndex", "the kernel's number of the ACL"),
    MibObject("scsi_auth_intr", "dev_or_port", "scsiAuthIntrDevOrPort", "1 at all times"),
    MibObject("scsi_auth_intr", "intr_name", "scsiAuthIntrName", "the initiator of the ACL"),
    MibObject("scsi_auth_intr", "map_indx", "scsiAuthIntrLunMapIndex", "0 at all times"),
    MibObject(
        "scsi_auth_intr",
        "att_count",
        "scsiAuthIntrAttachedTimes",
        "1 at all times: logins are not counted here",
        test=True,
    ),
    MibObject(
        "scsi_auth_intr",
        "num_cmds",
        "scsiAuthIntrOutCommands",
        "commands of this initiator to this LUN, kept when it logs out",
        test=True,
    ),
    MibObject(
        "scsi_auth_intr",
        "read_mbytes",
        "scsiAuthIntrReadMegaBytes",
        f"whole MiB that this initiator read, cut off{_WRAPS}",
        test=True,
    ),
    MibObject(
        "scsi_auth_intr",
        "write_mbytes",
        "scsiAuthIntrWrittenMegaBytes",
        f"whole MiB that this initiator wrote, cut off{_WRAPS}",
        test=True,
    ),
    MibObject(
        "scsi_auth_intr",
        "hs_num_cmds",
        "scsiAuthIntrHSOutCommands",
        "0 at all times: the kernel does not count",
    ),
    MibObject(
        "scsi_auth_intr",
        "creation_time",
        "scsiAuthIntrLastCreation",
        "when it was mapped: hundredths of a second since boot; later than 5 minutes after boot "
        "too high by a constant that depends on HZ (32 bits of jiffies)",
        test=True,
    ),
    MibObject("scsi_auth_intr", "row_status", "scsiAuthIntrRowStatus", "Ready at all times"),
    MibObject("scsi_att_intr_port", "inst", "scsiInstIndex", "the kernel's number of the target"),
    MibObject(
        "scsi_att_intr_port", "dev", "scsiDeviceIndex", "the kernel's number of the storage object"
    ),
    MibObject("scsi_att_intr_port", "port", "scsiPortIndex", "the tag of the TPG"),
    MibObject(
        "scsi_att_intr_port",
        "indx",
        "scsiAttIntrPortIndex",
        "the number of the latest session of the ACL; ENODEV without a session",
        test=True,
    ),
    MibObject(
        "scsi_att_intr_port",
        "port_auth_indx",
        "scsiAttIntrPortAuthIntrIdx",
        "the kernel's number of the ACL",
    ),
    MibObject(
        "scsi_att_intr_port",
        "port_ident",
        "scsiAttIntrPortIdentifier",
        "the initiator, +i+ and its ISID; ENODEV without a session",
        test=True,
    ),
)
