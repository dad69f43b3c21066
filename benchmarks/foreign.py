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
from targetcli.commands import import_

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


def lio(luns: int) -> Iterator[str]:
    """Yield the lines of a scsi_target.lio, each disk with a few of its attributes."""
    for target in range(luns // _EACH):
        for lun in range(_EACH):
            yield f"storage fileio disk t{target}-{lun} {{"
            yield f"    path {path(target, lun)}"
            yield f"    size 1MB\n    wwn sn-{target}-{lun}"
            yield "    attribute {\n        block_size 512\n        emulate_tpu yes\n    }\n}"
        yield f"fabric iscsi target iqn.2003-01.org.example:t{target} tpgt 1 {{"
        yield from (f"    lun {lun} backend fileio:t{target}-{lun}" for lun in range(_EACH))
        yield "    enable yes\n}"


def lio_utils(luns: int) -> Iterator[str]:
    """Yield the lines of the scripts of lio-utils, each disk with a few of its attributes."""
    core, iscsi = "/sys/kernel/config/target/core", "/sys/kernel/config/target/iscsi"
    for target in range(luns // _EACH):
        tpg = f"{iscsi}/iqn.2003-01.org.example:t{target}/tpgt_1"
        for lun in range(_EACH):
            disk = f"fileio_{target}/t{target}-{lun}"
            yield f"tcm_node --establishdev {disk} fd_dev_name={path(target, lun)},fd_dev_size=4096"
            yield f"tcm_node --setunitserialwithmd {disk} sn-{target}-{lun}"
            yield f"echo 512 > {core}/{disk}/attrib/block_size"
            yield f"echo 1 > {core}/{disk}/attrib/emulate_tpu"
            yield f"mkdir -p {tpg}/lun/lun_{lun}\nln -s {core}/{disk} {tpg}/lun/lun_{lun}/port"
        yield f"echo 1 > {tpg}/enable"


def ceph(luns: int) -> Iterator[str]:
    """Yield the text of a gateway.conf."""
    names = [[f"rbd/t{target}-{lun}" for lun in range(_EACH)] for target in range(luns // _EACH)]
    disks = {
        name: {"pool": "rbd", "image": name[4:], "wwn": f"sn-{name}", "controls": {}}
        for each in names
        for name in each
    }
    targets = {
        f"iqn.2003-01.org.example:t{target}": {
            "disks": {name: {"lun_id": lun} for lun, name in enumerate(each)},
            "ip_list": ["192.0.2.1"],
        }
        for target, each in enumerate(names)
    }
    yield json.dumps({"disks": disks, "gateways": {}, "targets": targets, "version": 11})


def truenas(luns: int) -> Iterator[str]:
    """Yield the text of the answers of TrueNAS."""
    extents = [
        {"id": n, "name": f"d{n}", "type": "DISK", "disk": f"zvol/tank/d{n}", "serial": f"s{n}"}
        | {"blocksize": 512, "naa": f"0x6589cfc{n:025x}", "rpm": "SSD", "insecure_tpc": True}
        for n in range(luns)
    ]
    links = [{"target": n // _EACH, "extent": n, "lunid": n % _EACH} for n in range(luns)]
    group = {"portal": 1, "initiator": None, "authmethod": "NONE", "auth": None}
    targets = [{"id": n, "name": f"t{n}", "groups": [group]} for n in range(luns // _EACH)]
    portals = [{"id": 1, "listen": [{"ip": "192.0.2.1", "port": 3260}]}]
    yield json.dumps(
        {"extent": extents, "targetextent": links, "target": targets, "portal": portals}
    )


def path(target: int, lun: int) -> str:
    """Return the file of a disk."""
    return f"/srv/disks/t{target}-{lun}.img"


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of the fastest run."""
    found = []
    for _ in range(_RUNS):
        # Each run is that of a new process, without the garbage of the one before.
        gc.collect()
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def row(name: str, lines: Callable[[int], Iterator[str]], luns: int) -> str:
    """Measure a format; return its row of the table."""
    sizes = {path(target, lun): 1 << 20 for target in range(luns // _EACH) for lun in range(_EACH)}
    source = Source("/etc/x.conf", "\n".join(lines(luns)), Texts({}, sizes))
    kind = foreign.FORMATS["ctl" if name == "ucl" else name]
    config = kind.read(source).config
    text = savefile.dumps(config)
    assert savefile.loads(text).config == config
    read = seconds(lambda: import_.read(kind, source))
    plan = seconds(lambda: plans.between(Config(), config))
    load, parse = seconds(lambda: savefile.loads(text)), seconds(lambda: json.loads(text))
    times = " | ".join(f"{value * 1000:.0f} ms" for value in (read, plan, load, parse))
    return f"| {name} | {luns:,} | {times} | {(read + plan) / load:.1f} |"


FORMATS: dict[str, Callable[[int], Iterator[str]]] = {
    "tgt": tgt,
    "ietd": ietd,
    "scst": scst,
    "ctl": ctl,
    "ucl": ucl,
    "lio": lio,
    "lio-utils": lio_utils,
    "ceph": ceph,
    "truenas": truenas,
}


def main(words: list[str]) -> None:
    """Print the table."""
    gc.set_threshold(50_000)
    print("| format | LUNs | read | plan | load | JSON alone | read + plan, of load |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for luns in map(int, words or ["1000", "10000"]):
        for name, lines in FORMATS.items():
            print(row(name, lines, luns), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
