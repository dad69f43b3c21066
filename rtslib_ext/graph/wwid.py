# SPDX-License-Identifier: Apache-2.0
"""The identifier of a disk (NAA, SPC-4 section 7.8.6.6) as initiators and their tools write it."""

from __future__ import annotations

import re

from ..config.backing import KINDS
from ..host import disk_identity
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..reading import backed_by
from ..reading.reader import Reader
from ..usage import twins

# A registered extended NAA identifier begins with 6 and has 32 digits, others have 16.
_HEX = r"[0-9a-f]+"
# An identifier as text, itself written in hexadecimal digits: the device paths of Windows' MPIO.
_TWICE = re.compile(r"(?:3[0-9]|4[1-6]|6[1-6]){16,}")
_SHORTEST = 6


def of_storage_object(reader: Reader, configfs: ConfigfsPath) -> str:
    """Return the NAA identifier that initiators see, ``naa.6…``; "" if there is none.

    A device that is passed through shows its own one.
    """
    key = paths.key_of_storage_object(configfs)
    if key is None:
        return ""
    if KINDS[key[0]].has_wwn:
        return twins.running_naa(reader, configfs)
    own = disk_identity.read(backed_by.device(reader.fs, configfs)).get("wwid", "")
    return own if own.startswith("naa.") else ""


def forms(naa: str) -> dict[str, str]:
    """Return how others write an identifier ``naa.6…``: by the word that names them.

    multipath: as multipath -l and scsi_id; by_id: the name in /dev/disk/by-id; vmware: as esxcli
    and vSphere; windows: as Get-Disk and Get-PhysicalDisk.
    """
    digits = naa.removeprefix("naa.")
    if not digits:
        return {}
    return {
        "multipath": f"3{digits}",
        "by_id": f"wwn-0x{digits}",
        "vmware": naa,
        "windows": digits.upper(),
    }


def letters(text: str) -> str:
    """Return the letters and digits of an identifier in lower case."""
    return re.sub(r"[^0-9a-z]", "", text.lower())


def is_in(identifier: str, word: str) -> bool:
    """Return True if a word has a whole identifier in it, however it is written."""
    wanted = letters(identifier.removeprefix("naa.").removeprefix("eui."))
    given = letters(word)
    if given == wanted:
        return bool(given)
    if len(wanted) < _SHORTEST:
        return False
    if re.fullmatch(_HEX, wanted) and len(wanted) >= 16:
        return wanted in given or any(wanted in text for text in _decoded(given))
    # A short or free text may be part of a longer word by chance.
    return given.endswith(wanted) and "_" in word


def is_part(identifier: str, word: str) -> bool:
    """Return True if a word is a part of an identifier, such as its last digits."""
    given = letters(word.removeprefix("naa.").removeprefix("0x"))
    return len(given) >= _SHORTEST and given in letters(identifier)


def _decoded(text: str) -> list[str]:
    return [bytes.fromhex(one[0]).decode("ascii").lower() for one in _TWICE.finditer(text)]
