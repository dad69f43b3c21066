# SPDX-License-Identifier: Apache-2.0
"""Files of other SCSI targets -> Config, with remarks about what LIO expresses differently.

Like a save file, a source is read without the kernel: the result is planned and shown before it is
applied. Each format has a module of its own, imported when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..config.model import Config
from ..errors import InvalidValue, Unsupported
from ..fast_dataclasses import dataclass

if TYPE_CHECKING:
    from .imported import Exported, Imported
    from .source import Source


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files: its name in commands, and what it is.

    ``signs`` is a regular expression, with MULTILINE and IGNORECASE, that only its files match.
    ``reads`` and ``exports`` are functions as ``module:function`` of this package: of a Source to
    Imported, and of a Config to Exported ("": there is none). They raise LioError.
    """

    name: str
    text: str
    signs: str
    reads: str = ""
    exports: str = ""

    def recognises(self, text: str) -> bool:
        """Return True if a text is of this format."""
        return re.search(self.signs, text, re.MULTILINE | re.IGNORECASE) is not None

    def read(self, source: Source) -> Imported:
        """Return the configuration in a source. Raises LioError, ParseError with its line."""
        if not self.reads:
            raise Unsupported(f"files of the format {self.name} cannot be imported")
        found: Imported = _function(self.reads)(source)
        return found

    def export(self, config: Config) -> Exported | None:
        """Return a configuration in this format; None if it cannot be exported."""
        return _function(self.exports)(config) if self.exports else None


def _function(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), function)


FORMATS: Mapping[str, Format] = {
    item.name: item
    for item in (
        Format(
            "ietd",
            "iSCSI Enterprise Target: ietd.conf",
            # SCST and ctld have a brace after the name of a target.
            r"\A(?:[^{}<>#\n]*(?:#[^\n]*)?\n)*[ \t]*Target[ \t]+[^\s{}=]+[ \t]*(?:#.*)?$",
            reads="ietd:read",
        ),
        Format(
            "tgt",
            "tgt: targets.conf, or the output of tgt-admin --dump",
            r"^[ \t]*<target[ \t]+\S|^[ \t]*default-driver[ \t]+\S|"
            r"^[ \t]*include[ \t]+\S*tgt\S*[ \t]*$",
            reads="tgt:read",
            exports="tgt_writer:export",
        ),
        Format(
            "scst",
            "SCST: scst.conf",
            r"^[ \t]*(?:HANDLER|TARGET_DRIVER|DEVICE_GROUP)[ \t]+[^\s{}]+[ \t]*\{"
            r"|^\[(?:HANDLER|GROUP|ASSIGNMENT)[ \t]+[^\]\n]*\]",
            reads="scst.reader:read",
            exports="scst.writer:export",
        ),
        Format(
            "ctl",
            "FreeBSD's ctld: ctl.conf, also in UCL",
            # SCST has targets within drivers, Datera's language within fabrics.
            r"\A(?![\s\S]*^[ \t]*(?:HANDLER|TARGET_DRIVER|DEVICE_GROUP|storage|fabric)\b)[\s\S]*"
            r"^[ \t]*(?:(?:auth|portal|transport)-group|lun|target|controller)\b[^\n{};=]*"
            r"(?:[=:]\s*|\s*)\{",
            reads="ctl.reader:read",
        ),
        Format(
            "lio",
            "Datera's targetcli and rtslib 3: scsi_target.lio",
            r"^[ \t]*(storage[ \t]+(\w+[ \t]*\{|(fileio|iblock|pscsi|rd_mcp|rd_dr)[ \t]+disk[ \t])"
            r"|fabric[ \t]+\w+[ \t]*(\{|(target|discovery_auth)[ \t]))",
            reads="lio:read",
        ),
        Format(
            "lio-utils",
            "lio-utils: tcm_start.sh, lio_start.sh",
            r"^[^\n#]*\b(tcm|lio)_node[ \t]+--|^[ \t]*(mkdir|echo|ln)[ \t][^\n]*"
            r"/sys/kernel/config/target/(core|iscsi)/",
            reads="lio_utils:read",
        ),
        Format(
            "ceph",
            "ceph-iscsi: gateway.conf, as gwcli export prints it",
            r"\A\s*\{(?=[\s\S]*\"gateways\"\s*:)(?=[\s\S]*\"disks\"\s*:)",
            reads="ceph:read",
        ),
        Format(
            "truenas",
            "TrueNAS: the answers of midclt call iscsi.extent.query and others",
            r"\A\s*[\[{](?=[\s\S]*\"(insecure_tpc|pblocksize|lunid|authmethod|peersecret)\"\s*:)",
            reads="truenas:read",
        ),
    )
}


def detect(text: str) -> Format:
    """Return the format of a text. Raises InvalidValue unless it is exactly one."""
    found = [item for item in FORMATS.values() if item.recognises(text)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(item.name for item in found or FORMATS.values())
    raise InvalidValue(
        f"the file may be {names}" if found else "the format of the file is not known",
        hint=f"format= names it: one of {names}",
    )
