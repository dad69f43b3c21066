# SPDX-License-Identifier: Apache-2.0
"""saveconfig: save the whole running configuration, or have a part of it written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config
from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.transaction.lock import LastChange

from ..changes import apply, running
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from . import save_files

if TYPE_CHECKING:
    from rtslib_ext.savefile.unrestored import Unrestored


def saveconfig(
    env: Env, node: Node, savefile: str, drop_missing: bool, owner: str | None, target: str | None
) -> Result:
    """Save the running configuration, or write the part of an owner or a target as a fragment."""
    if owner is None and target is None:
        return _save(env, savefile, drop_missing)
    if owner is not None and target is not None:
        raise InvalidValue("owner and target cannot be combined", hint="give one of them")
    if drop_missing:
        raise InvalidValue("drop_missing concerns the whole configuration")
    # Imported here: the whole configuration needs none of it.
    from . import save_fragment

    return save_fragment.save_fragment(env, savefile, owner, target)


def _save(env: Env, savefile: str, drop_missing: bool) -> Result:
    """Save the running configuration, and the objects that could not be restored."""
    if env.session.leaving and env.session.last_change is LastChange.UNCONFIRMED:
        raise LioError(
            "not saved: a change is waiting for confirmation", hint="confirm, then saveconfig"
        )
    path = save_files.path_of(env, savefile)
    have = running.read(env)
    missing = running.unrestored(env, None if drop_missing else have)
    config = running.to_save(env, have, missing)
    if env.session.leaving:
        _refuse_emptying(env, path, config)
    later = apply.defer(
        env,
        f"save the configuration to {path}",
        lambda: _save(env, savefile, drop_missing),
    )
    if later is not None:
        return later
    others = _of_others(env, path, config) if env.session.leaving else []
    if others and not env.session.unsaved:
        return Result(_noting(others, None))
    identities = {**missing.identities, **save_files.identities_of(have.storage_objects.values())}
    owners = save_files.owners_in(env, config)
    lines, facts = save_files.write(env, path, config, missing.paths, identities, owners=owners)
    if drop_missing:
        running.set_unrestored(env, missing)
    if path == env.save_file:
        env.session.unsaved.clear()
        env.session.recorded.clear()
    saved = f"Configuration saved to {save_files.shown_path(env, savefile)}"
    notes = save_files.not_restorable(have.storage_objects.values(), facts)
    notes += _noting(others, lines)
    return Result([*lines, saved, *_kept(missing), *notes], data=lambda: facts)


def _noting(others: list[str], backup: list[str] | None) -> list[str]:
    """Return a note about changes of others: saved too, or (None) not saved."""
    if not others:
        return []
    # Imported here: one-shot commands compare nothing.
    from ..changes import unsaved

    return unsaved.left(others) if backup is None else unsaved.saved_too(others, backup)


def _of_others(env: Env, path: str, config: Config) -> list[str]:
    """Return the paths of unsaved changes of others; none if the file is damaged."""
    try:
        saved = save_files.load(path).config
    except NotFound:
        saved = Config()
    except LioError:
        return []
    from ..changes import unsaved

    return unsaved.of_others(env, saved, config)


def _kept(missing: Unrestored) -> list[str]:
    """Return a note about the objects in a file that do not exist."""
    if not missing:
        return []
    return [
        Aside(
            f"Note: the file keeps what could not be restored: {shortened(missing.paths)} "
            f"({running.CURE})"
        )
    ]


def _refuse_emptying(env: Env, path: str, config: Config) -> None:
    """Raise LioError if leaving the shell would replace a saved configuration by an empty one.

    The kernel may be empty because nothing was restored at boot.
    """
    if config.is_empty and not env.options.yes and save_files.has_content(path):
        raise LioError(
            f"nothing is configured, but {path} contains a configuration: it was not overwritten",
            hint="saveconfig saves the empty configuration",
        )
