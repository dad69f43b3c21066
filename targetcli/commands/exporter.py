# SPDX-License-Identifier: Apache-2.0
"""exporter: the metrics of this host, once to a file or by HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from rtslib_ext.files import export
from rtslib_ext.host.answering import Looks
from rtslib_ext.kernel.configfs import ConfigFS

from ..env import Env
from ..exporter import exposition, saved, scrape, server
from ..exporter.metrics import Chunk
from ..result import Result, say, show
from ..tree import Node

# How often the saved file is compared while the exporter serves, in seconds.
_COMPARED = 300.0


def exporter(
    env: Env, node: Node, textfile: str | None, address: str, port: int, drift: bool
) -> Result:
    """Write the metrics to a file, or serve them until Ctrl-C."""
    files = saved.Files(env.save_file, env.unrestored)
    if textfile is not None:
        compare = (lambda: saved.drift(env.fs, files)) if drift else None
        return _to_file(os.path.abspath(textfile), lambda: scrape.scrape(env.fs, files, compare))
    # Its own, as it outlives everything that one command reads.
    fs = ConfigFS()
    found = None
    if drift:
        found = saved.Background(fs, files, _COMPARED)
        found.start()
    background = (lambda: found.chunks) if found else None
    looks = Looks()
    serving = server.Server(
        server.listening(address, port),
        lambda: exposition.text(scrape.scrape(fs, files, background, looks)),
    )
    host, number = serving.server_address[:2]
    print(f"Serving http://{_shown(str(host))}:{number}/metrics", file=env.stderr, flush=True)
    with serving, suppress(KeyboardInterrupt):
        serving.serve_forever()
    return say()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _to_file(path: str, chunks: Callable[[], Iterator[Chunk]]) -> Result:
    """Replace a file by the metrics at once, so that no reader finds a part of them."""
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in exposition.text(chunks()):
            size += len(piece)
            yield piece

    # The collector of node_exporter is another user.
    export.write(path, counted(), 0o644)
    return show([], lambda: {"textfile": path, "bytes": size})
