# SPDX-License-Identifier: Apache-2.0
"""The metrics as a table; dashboard, alert rules and the manual name only these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.abi import ALUA_STATES

COUNTER, GAUGE = "counter", "gauge"
# So many samples are formatted at once, which bounds the memory.
_CHUNK = 1000
_MIB = "The kernel shows whole MiB, cut off: this is a multiple of 1048576"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: ``name`` without _total, ``kind`` COUNTER or GAUGE, ``labels`` in their order."""

    name: str
    kind: str
    text: str
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Return the name of its samples."""
        return f"{self.name}_total" if self.kind == COUNTER else self.name


_OBJECT = ("storage_object",)
_LUN = ("fabric", "target", "tpg", "lun", "storage_object")
_MAPPED = ("fabric", "target", "tpg", "initiator", "mapped_lun")
_TARGET = ("target",)
_SESSION = ("target", "tpg", "initiator")

ROWS = (
    Metric("lio_up", GAUGE, "1 if the kernel's target could be read."),
    Metric(
        "lio_exporter_info",
        GAUGE,
        "The versions of targetcli and the kernel.",
        ("version", "kernel"),
    ),
    Metric(
        "lio_scrape_duration_seconds", GAUGE, "The time that this scrape took to read everything."
    ),
    Metric("lio_storage_object_commands", COUNTER, "Commands to a storage object.", _OBJECT),
    Metric("lio_storage_object_read_bytes", COUNTER, f"Bytes read. {_MIB}.", _OBJECT),
    Metric("lio_storage_object_written_bytes", COUNTER, f"Bytes written. {_MIB}.", _OBJECT),
    Metric("lio_storage_object_aborts", COUNTER, "Tasks that were aborted.", _OBJECT),
    Metric("lio_storage_object_resets", COUNTER, "Resets of the logical unit.", _OBJECT),
    Metric("lio_storage_object_bytes", GAUGE, "The size of a storage object.", _OBJECT),
    Metric(
        "lio_backing_device_missing",
        GAUGE,
        "1 if the file or device of a storage object is gone, or could not be restored.",
        _OBJECT,
    ),
    Metric(
        "lio_backing_device_answers",
        GAUGE,
        "0 if the file or device of a storage object did not answer in 2 s, as on a network file "
        "system whose server is gone: whether it is missing, and a device's size, are not known.",
        _OBJECT,
    ),
    Metric(
        "lio_alua_state",
        GAUGE,
        "1 for the ALUA state of a target port group, 0 for the other states.",
        ("storage_object", "group", "state"),
    ),
    Metric(
        "lio_reservation_info",
        GAUGE,
        "1 for each storage object that an initiator has reserved.",
        ("storage_object", "holder", "type"),
    ),
    Metric("lio_lun_commands", COUNTER, "Commands of all kinds, not only I/O.", _LUN),
    Metric("lio_lun_read_bytes", COUNTER, f"Bytes read. {_MIB}.", _LUN),
    Metric("lio_lun_written_bytes", COUNTER, f"Bytes written. {_MIB}.", _LUN),
    Metric("lio_mapped_lun_commands", COUNTER, "Commands of an initiator to a LUN.", _MAPPED),
    Metric("lio_mapped_lun_read_bytes", COUNTER, f"Bytes read by an initiator. {_MIB}.", _MAPPED),
    Metric(
        "lio_mapped_lun_written_bytes", COUNTER, f"Bytes written by an initiator. {_MIB}.", _MAPPED
    ),
    Metric(
        "lio_sessions",
        GAUGE,
        "The sessions with a target, as the kernel counts them: those without an ACL too.",
        _TARGET,
    ),
    Metric("lio_logins", COUNTER, "Logins that succeeded.", _TARGET),
    Metric("lio_logouts", COUNTER, "Logouts of initiators.", _TARGET),
    Metric(
        "lio_login_failures",
        COUNTER,
        "Refused logins, each counted once; wrong target names and disabled TPGs are not counted.",
        ("target", "kind"),
    ),
    Metric(
        "lio_connection_timeouts",
        COUNTER,
        "Connections that ended because the initiator did not answer.",
        _TARGET,
    ),
    Metric("lio_tpg_enabled", GAUGE, "1 if a TPG is enabled.", ("fabric", "target", "tpg")),
    Metric(
        "lio_portal_address_missing",
        GAUGE,
        "1 if no interface of this host has the address of a portal.",
        ("target", "tpg", "portal"),
    ),
    Metric(
        "lio_session_info",
        GAUGE,
        "1 for each session that the kernel lists; the address is unknown if it is dynamic.",
        ("initiator", "target", "tpg", "address", "dynamic"),
    ),
    Metric("lio_session_commands", COUNTER, "Commands of the latest session of an ACL.", _SESSION),
    Metric("lio_session_sent_bytes", COUNTER, "Bytes sent to the initiator.", _SESSION),
    Metric(
        "lio_session_received_bytes",
        COUNTER,
        "Bytes received, without those that come with a command (immediate data).",
        _SESSION,
    ),
    Metric("lio_session_digest_errors", COUNTER, "Wrong digests.", _SESSION),
    Metric(
        "lio_host_connected_paths",
        GAUGE,
        "The portals of enabled TPGs to which a host is connected.",
        ("host",),
    ),
    Metric(
        "lio_host_expected_paths",
        GAUGE,
        "The portals of enabled TPGs with LUNs for a host: an initiator, or all with one tag.",
        ("host",),
    ),
    Metric(
        "lio_saved_config_drift",
        GAUGE,
        "The differences between the saved file and the running configuration.",
    ),
    Metric("lio_saved_config_timestamp_seconds", GAUGE, "When the configuration was saved."),
    Metric(
        "lio_backing_device_changed",
        GAUGE,
        "1 if the path of a storage object leads to another device than the saved one.",
        _OBJECT,
    ),
    Metric("lio_unrestored_objects", GAUGE, "Objects that the last restore could not create."),
)

METRICS = {row.name: row for row in ROWS}

STATES = {
    number: text.lower().replace(" ", "_").replace("/", "_").replace("-", "_")
    for number, text in ALUA_STATES.items()
}
"""The values of the label state, by the kernel's number."""


Labels = tuple[str, ...]
"""The values of the labels of a sample, in the order of its metric's."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some samples of a metric: (values of its labels, value). Chunks of one metric follow."""

    metric: Metric
    samples: Sequence[tuple[Labels, float]]


def chunk(name: str, *samples: tuple[Labels, float]) -> Chunk:
    """Return samples of the metric of a name."""
    return Chunk(METRICS[name], samples)


def chunks(name: str, samples: Iterable[tuple[Labels, float | None]]) -> Iterator[Chunk]:
    """Yield the known ones of many samples of a metric, in chunks."""
    metric = METRICS[name]
    part: list[tuple[Labels, float]] = []
    for labels, value in samples:
        if value is not None:
            part.append((labels, value))
        if len(part) == _CHUNK:
            yield Chunk(metric, part)
            part = []
    if part:
        yield Chunk(metric, part)
