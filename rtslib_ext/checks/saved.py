# SPDX-License-Identifier: Apache-2.0
"""Rules about the saved configuration: missing objects, unsaved changes, modes of files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from ..files import trusted
from ..kernel import paths, setup
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from .facts import Facts, host_name
from .rule import Finding, Needs, Rule, Severity, Words

INTERRUPTED_CURE = "recover undoes it, recover finish completes it"


def interrupted(facts: Facts) -> Iterator[Finding]:
    """Yield a change that was interrupted."""
    if facts.interrupted:
        cure: Words = ("/", "recover")
        yield Finding(
            "/", f"a change was interrupted: {facts.interrupted}", INTERRUPTED_CURE, (cure,)
        )


def unrestored(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that a restore could not create."""
    for path in facts.unrestored:
        cure: Words = ("/", "restoreconfig", "keep_existing=true")
        why = facts.unrestored_why.get(path)
        text = f"it could not be restored: {why}" if why else "it could not be restored"
        yield Finding(path, text, facts.unrestored_cure, (cure,))


def damaged_record(facts: Facts) -> Iterator[Finding]:
    """Yield that the record of such objects cannot be read."""
    text, cure = facts.damaged_record
    if text:
        yield Finding("/", text, cure)


def missing_folders(facts: Facts) -> Iterator[Finding]:
    """Yield the directories that the kernel needs and that are missing."""
    if facts.fs is None or not facts.config.storage_objects:
        return
    for folder in setup.missing_folders(facts.fs):
        text = f"{folder} is missing: persistent reservations and ALUA states cannot be kept"
        cure: Words = ("mkdir", "-p", "-m", "700", folder)
        yield Finding("/", text, f"{' '.join(cure)}, as does the next change", (cure,))


def broken_links(facts: Facts) -> Iterator[Finding]:
    """Yield the LUNs and mapped LUNs that lead nowhere."""
    for path in facts.broken:
        found = _lun(path) or _mapped_lun(facts, path)
        if found:
            yield found


def _lun(path: ConfigfsPath) -> Finding | None:
    lun = paths.parse_lun(path)
    tpg = paths.parse_tpg(lun[0]) if lun else None
    if lun is None or tpg is None:
        return None
    shell = f"{TpgPath.of(*tpg).shell}/luns"
    cure = (shell, "delete", str(lun[1]))
    text = "its link to a storage object is missing: it exports nothing"
    return Finding(f"{shell}/lun{lun[1]}", text, " ".join(cure), (cure,))


def _mapped_lun(facts: Facts, path: ConfigfsPath) -> Finding | None:
    acl = paths.parse_acl(path)
    tpg = paths.parse_tpg(acl[0]) if acl else None
    if acl is None or tpg is None:
        return None
    fabric, wwn, tag = tpg
    target = facts.config.targets.get((fabric.name, wwn))
    known = target.tpgs[tag].acls if target and tag in target.tpgs else {}
    initiator = fabric.from_folder(acl[1])
    name = host_name(known[initiator]) if initiator in known else initiator
    number = paths.name_of(path).removeprefix("lun_")
    shell = f"{TpgPath.of(*tpg).shell}/acls/{name}"
    cure = (shell, "delete", number)
    text = "its link to a LUN is missing: the initiator sees nothing there"
    return Finding(f"{shell}/mapped_lun{number}", text, " ".join(cure), (cure,))


def damaged_file(facts: Facts) -> Iterator[Finding]:
    """Yield that the next boot cannot restore the save file, or not all of it."""
    text, cure = facts.damaged_file
    if text:
        yield Finding("/", text, cure)


def unsaved(facts: Facts) -> Iterator[Finding]:
    """Yield that the save file and the running configuration differ, or that it is unusable."""
    number, text = facts.unsaved
    if number is None and not text:
        # The save file is damaged, which is a finding of its own.
        return
    if number is None:
        yield Finding("/", text, commands=(("/", "saveconfig"),))
    elif number:
        changes = "1 change is" if number == 1 else f"{number} changes are"
        help_ = "diff shows the changes, apply returns to the file"
        cure: Words = ("/", "saveconfig")
        yield Finding("/", f"{changes} not saved: the next boot restores the file", help_, (cure,))


def not_understood(facts: Facts) -> Iterator[Finding]:
    """Yield the entries of the file that a restore could not use."""
    for problem in facts.saved.problems if facts.saved else ():
        yield Finding("/", f"{problem}", "correct the file")


def fragments(facts: Facts) -> Iterator[Finding]:
    """Yield the problems of the fragments that the service applies at boot."""
    for path, text in facts.fragments:
        yield Finding("/", f"{path}: {text}", "correct the file")


def fragment_differs(facts: Facts) -> Iterator[Finding]:
    """Yield the fragments that do not equal the running objects of their owners."""
    for owner, path, text, is_refused, has_objects in facts.differing_fragments():
        cure: Words = ("/", "apply", path)
        if is_refused:
            help_ = "correct or delete the file"
        elif has_objects:
            help_ = f"diff owner={owner} shows the changes, saveconfig owner={owner} keeps them"
        else:
            help_ = f"apply creates them; if they were removed on purpose: rm {path}"
        text = f"{path} differs from the objects of {owner}: {text}"
        yield Finding("/", text, help_, () if is_refused else (cure,))


def fragment_deleted(facts: Facts) -> Iterator[Finding]:
    """Yield the owners that still have the objects of a fragment that was deleted."""
    for owner, path, number in facts.deleted_fragments():
        objects = "1 object" if number == 1 else f"{number} objects"
        text = f"{path} was deleted, and {owner} still has {objects}: deleting a file deletes none"
        help_ = f"saveconfig owner={owner} writes it again, apply owner={owner} remove=true "
        yield Finding("/", text, f"{help_}deletes the objects")


def file_modes(facts: Facts) -> Iterator[Finding]:
    """Yield the files of the configuration that other users can read or change."""
    if facts.files is None:
        return
    for path in facts.files.private:
        yield from _of_file(path, private=True)
    for path in facts.files.directories:
        yield from _of_file(path, private=False)


def _of_file(path: str, *, private: bool) -> Iterator[Finding]:
    try:
        status = os.stat(path)
    except OSError:
        return
    mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
    if status.st_uid not in trusted.trusted_users():
        owner = trusted.user(status)
        yield Finding("/", f"{path} belongs to {owner}", commands=(("chown", "root:root", path),))
    elif trusted.is_open_to_others(status):
        yield Finding("/", f"others can write to {path} ({mode})", commands=(_closed(path),))
    elif private and status.st_mode & 0o077:
        text = f"others can read {path}, which has secrets ({mode})"
        yield Finding("/", text, commands=(_closed(path, "600"),))


def _closed(path: str, mode: str = "go-w") -> Words:
    return ("chmod", mode, path)


RULES = (
    Rule(
        "interrupted-change",
        Severity.ERROR,
        Needs.KERNEL,
        interrupted,
        "A change was interrupted: its process was killed. Part of it is done.",
        "Undo or finish it with recover.",
        breaks=True,
    ),
    Rule(
        "not-restored",
        Severity.ERROR,
        Needs.KERNEL,
        unrestored,
        "An object of the saved configuration could not be restored, and is still missing.",
        "Restore it once its device exists, or drop it from the file.",
        breaks=True,
    ),
    Rule(
        "damaged-record",
        Severity.ERROR,
        Needs.KERNEL,
        damaged_record,
        "The record of the objects that could not be restored is damaged, so it is not known "
        "whether some are missing.",
        "Compare the running configuration with the file, then remove the record.",
        breaks=True,
    ),
    Rule(
        "damaged-save-file",
        Severity.ERROR,
        Needs.KERNEL,
        damaged_file,
        "The save file cannot be read, or not all of it is understood: the next boot restores "
        "nothing, or only a part.",
        "Save the running configuration, or restore a backup.",
        breaks=True,
    ),
    Rule(
        "missing-folder",
        Severity.ERROR,
        Needs.KERNEL,
        missing_folders,
        "A directory is missing in which the kernel keeps persistent reservations and ALUA states. "
        "Reservations are lost at a reboot, and clusters rely on them.",
        "Create it.",
        breaks=True,
    ),
    Rule(
        "broken-link",
        Severity.ERROR,
        Needs.KERNEL,
        broken_links,
        "A LUN or mapped LUN has no link to what it stands for, as when another tool was killed.",
        "Delete it, and create it again.",
        breaks=True,
    ),
    Rule(
        "unsaved-changes",
        Severity.WARNING,
        Needs.KERNEL,
        unsaved,
        "The running configuration differs from the save file, which the next boot restores; or "
        "there is no usable save file.",
        "Save it, or return to the file.",
    ),
    Rule(
        "not-understood",
        Severity.ERROR,
        Needs.CONFIG,
        not_understood,
        "An entry of the file is not understood, so that a restore would leave it out.",
        "Correct it, or save the running configuration.",
    ),
    Rule(
        "fragment",
        Severity.ERROR,
        Needs.HOST,
        fragments,
        "A fragment in conf.d beside the save file cannot be applied: an entry is not understood, "
        "no kernel accepts a value, its name is not that of an owner, or two fragments have one "
        "object.",
        "Correct it; docs/saveconfig.schema.json describes the format.",
    ),
    Rule(
        "fragment-differs",
        Severity.WARNING,
        Needs.KERNEL,
        fragment_differs,
        "A fragment in conf.d is not what runs: it was edited and not applied, or its owner's "
        "objects were changed by hand. The next start or reload of the service applies it.",
        "Apply it, or write it again from the running objects.",
    ),
    Rule(
        "fragment-deleted",
        Severity.WARNING,
        Needs.KERNEL,
        fragment_deleted,
        "The file of an owner in conf.d was deleted, and its objects still run: only the save file "
        "restores them.",
        "Write it again, or delete the objects.",
    ),
    Rule(
        "file-mode",
        Severity.ERROR,
        Needs.HOST,
        file_modes,
        "The save file or a backup, which have secrets, can be read by other users; or others can "
        "change them or their directories.",
        "Correct owner and mode.",
    ),
)
