# SPDX-License-Identifier: Apache-2.0
"""Samples in the text format of Prometheus, as prometheus_client writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtslib_ext.errors import Unsupported
from rtslib_ext.fast_dataclasses import dataclass

from .metrics import Chunk

try:
    from prometheus_client.core import Metric as Family
    from prometheus_client.exposition import generate_latest
except ImportError as error:
    raise Unsupported(
        "the exporter needs the Python package prometheus_client",
        hint="apt install python3-prometheus-client, or pip install 'targetcli[exporter]'",
    ) from error

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Registry:
    """One family, where generate_latest expects all of them: so it never has all in memory."""

    family: Family

    def collect(self) -> Iterable[Family]:
        """Return the family."""
        return (self.family,)


def text(chunks: Iterable[Chunk]) -> Iterator[bytes]:
    """Yield the text of samples in pieces; a metric without samples is left out."""
    last = ""
    for chunk in chunks:
        if not chunk.samples:
            continue
        metric = chunk.metric
        family = Family(metric.name, metric.text, metric.kind)
        name = metric.full_name
        for labels, value in chunk.samples:
            family.add_sample(name, dict(zip(metric.labels, labels, strict=True)), value)
        found = generate_latest(_Registry(family))
        # The description of a metric stands before its first samples only.
        yield _without_comments(found) if name == last else found
        last = name


def _without_comments(found: bytes) -> bytes:
    """Return a text without its first lines, which are comments."""
    while found.startswith(b"#"):
        found = found.partition(b"\n")[2]
    return found
