# SPDX-License-Identifier: Apache-2.0
"""How long files of other targets take to read and to plan, beside the equal save file.

    python -m benchmarks.foreign [LUNS ...]

Prints a row for each format and number of LUNs: the processor time of the fastest of several runs,
with the garbage collector as the program sets it. The libraries are imported before.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator

from rtslib_ext import foreign, savefile
from rtslib_ext.config.model import Config
from rtslib_ext.foreign.source import Source, Texts
from targetcli.changes import plans

_RUNS = 7
# LUNs of each target.
_EACH = 10


def tgt(luns: int) -> Iterator[str]:
    """Yield the lines of a targets.conf."""
    for target in range(luns // _EACH):
        yield f"<target iqn.2003-01.org.example:t{target}>"
        for lun in range(_EACH):
            yield f"    <backing-store {path(target, lun)}>"
            yield f"        lun {lun + 1}"
            yield f"        scsi_id id-{target}-{lun}"
            yield f"        scsi_sn sn-{target}-{lun}"
            yield "    </backing-store>"
        yield f"    incominguser user{target} secret12chars"
        yield "</target>"


def ietd(luns: int) -> Iterator[str]:
    """Yield the lines of an ietd.conf."""
    for target in range(luns // _EACH):
        yield f"Target iqn.2003-01.org.example:t{target}"
        for lun in range(_EACH):
            yield f"    Lun {lun} Path={path(target, lun)},Type=fileio,ScsiSN=sn-{target}-{lun}"
        yield f"    IncomingUser user{target} secret12chars"


def scst(luns: int) -> Iterator[str]:
    """Yield the lines of an scst.conf."""
    yield "HANDLER vdisk_fileio {"
    for target in range(luns // _EACH):
        for lun in range(_EACH):
            yield f"\tDEVICE t{target}-{lun} {{"
            yield f"\t\tfilename {path(target, lun)}"
            yield f"\t\tusn sn-{target}-{lun}"
            yield f"\t\tt10_dev_id sn-{target}-{lun}"
            yield "\t}"
    yield from ("}", "TARGET_DRIVER iscsi {", "\tenabled 1")
    for target in range(luns // _EACH):
        yield f"\tTARGET iqn.2003-01.org.example:t{target} {{"
        yield f'\t\tIncomingUser "user{target} secret12chars"'
        yield from (f"\t\tLUN {lun} t{target}-{lun}" for lun in range(_EACH))
        yield "\t}"
    yield "}"


def ctl(luns: int) -> Iterator[str]:
    """Yield the lines of a ctl.conf."""
    for target in range(luns // _EACH):
        for lun in range(_EACH):
            yield f"lun t{target}-{lun} {{"
            yield f"\tpath {path(target, lun)}"
            yield f"\tserial sn-{target}-{lun}"
            yield f"\tdevice-id sn-{target}-{lun}"
            yield "}"
        yield f"target iqn.2003-01.org.example:t{target} {{"
        yield f'\tchap user{target} "secret12chars"'
        yield from (f"\tlun {lun} t{target}-{lun}" for lun in range(_EACH))
        yield "}"


def ucl(luns: int) -> Iterator[str]:
    """Yield the lines of a ctl.conf in UCL."""
    yield "lun {"
    for target in range(luns // _EACH):
        for lun in range(_EACH):
            yield f'  "t{target}-{lun}" {{'
            yield f'    path = "{path(target, lun)}"'
            yield f'    serial = "sn-{target}-{lun}"'
            yield "  }"
    yield from ("}", "target {")
    for target in range(luns // _EACH):
        yield f'  "iqn.2003-01.org.example:t{target}" {{'
        yield f'    chap = {{ user = "user{target}", secret = "secret12chars" }}'
        yield "    lun = ["
        yield from (f"      {{ number = {lun}, name = t{target}-{lun} }}," for lun in range(_EACH))
        yield from ("    ]", "  }")
    yield "}"


def path(target: int, lun: int) -> str:
    """Return the file of a disk."""
    return f"/srv/disks/t{target}-{lun}.img"


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of the fastest run."""
    found = []
    for _ in range(_RUNS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def row(lines: Callable[[int], Iterator[str]], luns: int) -> str:
    """Measure a format; return its row of the table."""
    sizes = {path(target, lun): 1 << 20 for target in range(luns // _EACH) for lun in range(_EACH)}
    source = Source("/etc/x.conf", "\n".join(lines(luns)), Texts({}, sizes))
    name = lines.__name__
    kind = foreign.FORMATS["ctl" if name == "ucl" else name]
    config = kind.read(source).config
    text = savefile.dumps(config)
    assert savefile.loads(text).config == config
    read = seconds(lambda: kind.read(source))
    plan = seconds(lambda: plans.between(Config(), config))
    load, parse = seconds(lambda: savefile.loads(text)), seconds(lambda: json.loads(text))
    times = " | ".join(f"{value * 1000:.0f} ms" for value in (read, plan, load, parse))
    return f"| {name} | {luns:,} | {times} | {(read + plan) / load:.1f} |"


def main(words: list[str]) -> None:
    """Print the table."""
    gc.set_threshold(50_000)
    print("| format | LUNs | read | plan | load | JSON alone | read + plan, of load |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for luns in map(int, words or ["1000", "10000"]):
        for lines in (tgt, ietd, scst, ctl, ucl):
            print(row(lines, luns), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
