# SPDX-License-Identifier: Apache-2.0
"""targets.conf of tgt, and the output of ``tgt-admin --dump``, which has the same grammar.

Targets are numbered in the order of their names, LUNs from 1 in the order of their paths, first
all backing stores, then all direct stores (scripts/tgt-admin, add_targets and find_next_lun). The
identity of a disk is made of both numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import addresses, tgt_store
from .builder import Builder
from .config_general import Block, Option, parse
from .imported import ISNS, Imported, Place
from .source import Source
from .target import LOGIN_KEYS, TargetBuilder

_STORES = ("backing-store", "direct-store")
# The dump has this word in place of each password.
_NO_PASSWORD = "PLEASE_CORRECT_THE_PASSWORD"
# scripts/tgt-admin, dump_config: blocks of lines, each with a tab.
_DUMP = re.compile(r"(?:default-driver \S+\n\n)?(?:<target \S+>\n(?:\t[^\n]+\n)+</target>\n\n?)+")
# Options of tgt's programs.
_OF_TGT = frozenset(("ignore-errors", "control-port", "allow-in-use", "controller_tid"))
_DRIVERS = ("iscsi", "iser")


def read(source: Source) -> Imported:
    """Return the configuration in a targets.conf or a dump. Raises ParseError, LioError."""
    root, files = parse(source)
    return _Reader(source, root).run(files)


class _Reader:
    def __init__(self, source: Source, root: Block) -> None:
        self.source, self.root = source, root
        self.builder = Builder(source)
        self.driver = "iscsi"
        self.is_dump = _DUMP.fullmatch(source.text) is not None
        self.tid = 0

    def run(self, files: Iterable[str]) -> Imported:
        if self.is_dump:
            self.builder.changed(
                Place(self.source.path, 1),
                "a dump has no LUN numbers, identifiers and options of disks: LUNs are numbered "
                "from 1, as tgt does at a start from it",
                "compare: tgtadm --lld iscsi --op show --mode target",
            )
        for option in self.root.options:
            self.outside(option)
        for name, blocks in sorted(self.targets().items()):
            self.target(name, blocks)
        return self.builder.imported(files)

    def targets(self) -> dict[str, list[Block]]:
        """Return the blocks of each target: those of one name count as one."""
        found: dict[str, list[Block]] = {}
        for block in self.root.blocks:
            if block.kind == "target" and block.name:
                found.setdefault(block.name, []).append(block)
            else:
                self.builder.unknown(block.at, f"<{block.kind}>")
        return found

    def outside(self, option: Option) -> None:
        name = option.name
        if name == "default-driver":
            self.driver = option.value
        elif name in ("incomingdiscoveryuser", "outgoingdiscoveryuser"):
            self.discovery_user(option)
        elif name.startswith("iSNS"):
            self.builder.lost(option.at, "LIO registers with no iSNS server", ISNS)
        elif name not in _OF_TGT:
            self.builder.unknown(option.at, name)

    def discovery_user(self, option: Option) -> None:
        userid, password = _credentials(option)
        if password is None:
            self.builder.lost(
                option.at,
                f"the password of {userid} for discovery is not in the file",
                "/iscsi set discovery_auth sets it",
            )
            return
        mutual = option.name == "outgoingdiscoveryuser"
        self.builder.discovery(option.at, userid, password, mutual=mutual)

    # -- one target -------------------------------------------------------------------------

    def target(self, name: str, blocks: list[Block]) -> None:
        options: dict[str, list[Option]] = {}
        for block in blocks:
            for option in block.options:
                options.setdefault(option.name, []).append(option)
        tid = options["controller_tid"][0].value if "controller_tid" in options else ""
        # tgt's number has 32 bits.
        known = tid.isascii() and tid.isdecimal() and len(tid) <= 10
        self.tid = int(tid) if known else self.tid + 1
        driver = options["driver"][0].value if "driver" in options else self.driver
        if driver not in _DRIVERS:
            self.builder.lost(blocks[0].at, f"the driver {driver} is not imported: {name}")
            return
        target = self.builder.target(blocks[0].at, name)
        if target is None:
            return
        if self.builder.is_first("controller"):
            self.builder.note(
                blocks[0].at, "LUN 0 of each target is a controller without data: LIO has none"
            )
        if driver == "iser":
            target.listen(blocks[0].at, "::0", iser=True)
        for each in options.values():
            for option in each:
                self.option(target, option)
        self.stores(target, blocks, options)

    def option(self, target: TargetBuilder, option: Option) -> None:
        name, at = option.name, option.at
        if name in ("incominguser", "outgoinguser"):
            userid, password = _credentials(option)
            target.user(at, userid, password, mutual=name == "outgoinguser")
        elif name in ("initiator-address", "initiator-name"):
            # A dump writes networks, and ALL for every one, as names.
            if option.value == "ALL":
                every = self.is_dump or name == "initiator-address"
                target.any_address = target.any_address or every
            elif name == "initiator-address" or addresses.network(option.value):
                target.admit_address(at, option.value)
            else:
                target.admit(at, option.value)
        elif name in LOGIN_KEYS:
            target.parameter(at, name, option.value)
        elif name not in (*_STORES, "driver", "lun", *_OF_TGT, *tgt_store.OPTIONS):
            self.builder.unknown(at, name)

    def stores(
        self, target: TargetBuilder, blocks: list[Block], options: dict[str, list[Option]]
    ) -> None:
        stores = list(self.in_order(blocks))
        taken = {number for store in stores if (number := self.given(store.options)) is not None}
        forced = self.given(options)
        free = 1
        for store in stores:
            number = forced if forced is not None else self.given(store.options)
            if number is None and tgt_store.is_missing(self.source, store, options):
                # tgt-admin passes over it, and the next one gets its number.
                number = free
            elif number is None:
                while free in taken:
                    free += 1
                number = free
                taken.add(free)
            store.number = (self.tid, number)
            self.store(target, store, number, options)

    def store(
        self,
        target: TargetBuilder,
        store: tgt_store.Store,
        number: int,
        options: dict[str, list[Option]],
    ) -> None:
        made = tgt_store.made(self.source, self.builder, store, options)
        if made.key and self.builder.is_first("designators"):
            self.builder.changed(
                store.at,
                "of the designators in VPD page 0x83 LIO has the one of type NAA 6, but not those "
                "of type T10 and NAA 3: links such as /dev/disk/by-id/scsi-1IET_00010001 disappear",
            )
        if made.has_default_id and self.builder.is_first("default identifier"):
            self.builder.note(
                store.at,
                "without a scsi_id, tgt makes the identifier of the numbers of target and LUN, so "
                "the first disk of every host with tgt has this one",
            )
        target.lun(store.at, number, made.key, readonly=made.readonly)

    def in_order(self, blocks: list[Block]) -> Iterator[tgt_store.Store]:
        """Yield the stores as tgt-admin numbers them: by kind, then by path."""
        for kind in _STORES:
            found: dict[str, tgt_store.Store] = {}
            for block in blocks:
                for option in block.options:
                    if option.name == kind:
                        found.setdefault(
                            option.value, tgt_store.Store(kind, option.value, option.at)
                        )
                for inner in block.blocks:
                    if inner.kind == kind:
                        store = found.setdefault(
                            inner.name, tgt_store.Store(kind, inner.name, inner.at)
                        )
                        store.add(inner.options)
            yield from (found[path] for path in sorted(found))
        for block in blocks:
            for inner in block.blocks:
                if inner.kind not in _STORES:
                    self.builder.unknown(inner.at, f"<{inner.kind}>")

    def given(self, options: dict[str, list[Option]]) -> int | None:
        """Return the LUN that a store or target gives. Raises ParseError."""
        if "lun" not in options:
            return None
        option = options["lun"][0]
        if not (option.value.isascii() and option.value.isdecimal() and len(option.value) < 10):
            at: Place = option.at
            raise Source(at.file, "").wrong(at.line, f"expected a number, not {option.value!r}")
        return int(option.value)


def _credentials(option: Option) -> tuple[str, str | None]:
    """Return a user and its password; None if the file does not have it."""
    userid, *password = option.value.split(None, 1) or [""]
    return userid, None if password in ([], [_NO_PASSWORD]) else password[0]
