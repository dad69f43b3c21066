# SPDX-License-Identifier: Apache-2.0
"""Samples in the text format of Prometheus, version 0.0.4.

The writer is our own: that of prometheus_client takes ten times as long, as it cannot know that the
metrics of an object have the same labels. The tests read the text with its parser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .metrics import Chunk, Labels, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(chunks: Iterable[Chunk]) -> Iterator[bytes]:
    """Yield the text of samples in pieces; a metric without samples is left out."""
    last: Metric | None = None
    known: dict[Labels, str] = {}
    for chunk in chunks:
        metric = chunk.metric
        if not chunk.samples:
            continue
        if last is None or metric.labels != last.labels:
            known = {}
        name = metric.full_name
        lines = [] if metric is last else list(_comments(metric))
        for labels, value in chunk.samples:
            shown = known.get(labels)
            if shown is None:
                shown = known[labels] = _labels(metric, labels)
            lines.append(f"{name}{shown} {value!r}\n")
        yield "".join(lines).encode()
        last = metric


def _comments(metric: Metric) -> Iterator[str]:
    description = metric.text.replace("\\", "\\\\")
    yield f"# HELP {metric.full_name} {description}\n"
    yield f"# TYPE {metric.full_name} {metric.kind}\n"


def _labels(metric: Metric, values: Labels) -> str:
    if not values:
        return ""
    pairs = zip(metric.labels, values, strict=True)
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(value: str) -> str:
    r"""Return a value with \, " and line ends escaped; the latter printable() has replaced."""
    if "\\" in value or '"' in value:
        return value.replace("\\", "\\\\").replace('"', '\\"')
    return value
