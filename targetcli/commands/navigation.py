# SPDX-License-Identifier: Apache-2.0
"""Navigation: ls, cd, pwd, bookmarks, status, info, exit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from rtslib_ext.errors import Exists, InvalidValue, LioError, NotFound

from .. import progress
from ..changes import prompt
from ..env import Env
from ..prefs import Preferences
from ..progress import Work
from ..result import Result, show
from ..tree import Node, walk
from ..views import terminal_width
from ..views.tree import render


def ls(env: Env, node: Node, path: str | None, depth: int | None) -> Result:
    """Show the tree below a node."""
    target = walk.resolve(node, path or ".")
    walk.require_readable(env)
    levels = (env.prefs.number("tree_max_depth") if depth is None else depth) or None
    color = env.prefs.get("color_default")
    level = target.path.rstrip("/").count("/")

    def lines() -> Iterator[str]:
        with _reading(env, target, levels) as work:
            for line in render(
                walk.branch(target, work.count),
                width=terminal_width(env.stdout),
                colors=env.uses_colors,
                color_default=str(color) if color else None,
                round_nodes=env.prefs.flag("tree_round_nodes"),
                status=env.prefs.flag("tree_status_mode"),
                show_root=env.prefs.flag("tree_show_root"),
                depth=levels,
                level=level,
            ):
                if env.on_terminal:
                    work.hide()
                yield line

    def data() -> dict[str, object]:
        with _reading(env, target, levels) as work:
            return walk.values(target, levels, work.count)

    return show(lines(), data)


def _reading(env: Env, target: Node, levels: int | None) -> AbstractContextManager[Work]:
    return progress.work(env, "reading", lambda _: walk.size(target, levels))


def cd(env: Env, node: Node, path: str | None) -> Result:
    """Change the current path."""
    if path in ("<", ">"):
        return _go_in_history(env, node, path)
    if path is None:
        path = _choose(env, node)
    return _changed_to(walk.resolve(node, path).path)


def _changed_to(path: str, *lines: str) -> Result:
    return Result(lines, cd=path, messages=True, data=lambda: {"path": path})


def _go_in_history(env: Env, node: Node, path: str) -> Result:
    def exists(path: str) -> bool:
        try:
            walk.resolve(node, path)
        except NotFound:
            return False
        return True

    move = env.prefs.back if path == "<" else env.prefs.forward
    found = move(exists, env.session.cwd)
    if found is None:
        end = "begining" if path == "<" else "the end"
        here = env.session.cwd
        text = f"Reached {end} of path history."
        return Result([text], messages=True, data=lambda: {"path": here})
    env.session.cwd = found
    return _changed_to(found, f"Taking you back to {found}.")


def _choose(env: Env, node: Node) -> str:
    if not env.session.interactive:
        raise InvalidValue(
            "cd needs a path here", hint="at a terminal it shows a list to choose from"
        )
    from ..views.chooser import choose

    top = walk.resolve(node, "/")
    lines = list(render(walk.branch(top, lambda: None), width=terminal_width(env.stdout)))
    paths = [item.path for item in _walk(top)]
    return choose(lines, paths, node.path) or node.path


def _walk(node: Node) -> list[Node]:
    found = [node]
    for child in walk.in_order(node):
        found += _walk(child)
    return found


def pwd(env: Env, node: Node) -> Result:
    """Show the current path."""
    return show([node.path], lambda: {"path": node.path})


def leave(env: Env, node: Node) -> Result:
    """Leave the shell; asks first if a transaction would be discarded."""
    if env.session.transaction is not None and not env.session.transaction.is_dry_run:
        prompt.require_yes(env, env.session.transaction.at_stake())
    return Result(leave=True)


def refresh(env: Env, node: Node) -> Result:
    """Do nothing: every command reads the kernel again."""
    return Result()


def status(env: Env, node: Node) -> Result:
    """Show the summary of a node."""
    summary, notes = node.summary(), node.notes()
    return show(
        [f"Status for {node.path}: {summary.text}", *notes],
        lambda: {"summary": summary.text, "healthy": summary.healthy, "notes": notes},
    )


def info(env: Env, node: Node) -> Result:
    """Show the properties of an object."""
    return show(node.info(), lambda: _without_secrets(env, node.facts()))


def _without_secrets(env: Env, facts: dict[str, object]) -> dict[str, object]:
    """Return the facts, passwords replaced by None unless --show-secrets is given."""
    if env.options.show_secrets:
        return facts
    return {name: None if name.endswith("password") else facts[name] for name in facts}


def bookmarks(env: Env, node: Node, action: str, bookmark: str | None) -> Result:
    """Show, add, delete or follow bookmarks."""
    marks = env.prefs.bookmarks
    if action == "show":
        from ..views import settings

        return show(settings.bookmark_list(marks), lambda: {"bookmarks": dict(marks)})
    if action not in ("add", "del", "go") or not bookmark:
        raise InvalidValue(
            "Syntax error, see 'help bookmarks'.", hint="show, or add, del or go and a name"
        )
    if action == "add":
        if bookmark in marks:
            hint = f"bookmarks del {bookmark} deletes it"
            raise Exists(f"Bookmark {bookmark} already exists.", hint=hint)
        _require_saved(env, env.prefs.set_bookmark(bookmark, node.path))
        _prefer(
            env,
            f"bookmark {node.path} as {bookmark}",
            lambda prefs: prefs.set_bookmark(bookmark, node.path),
        )
        return _with_bookmarks(env, f"Bookmarked {node.path} as {bookmark}.")
    if bookmark not in marks:
        raise NotFound(f"No such bookmark {bookmark}.", hint=walk.BOOKMARKS_HINT)
    if action == "go":
        return _with_bookmarks(env, cd=walk.resolve(node, marks[bookmark]).path)
    _require_saved(env, env.prefs.delete_bookmark(bookmark))
    _prefer(env, f"delete the bookmark {bookmark}", lambda prefs: prefs.delete_bookmark(bookmark))
    return _with_bookmarks(env, f"Deleted bookmark {bookmark}.")


def _prefer(env: Env, text: str, change: Callable[[Preferences], object]) -> None:
    if env.session.transaction is not None:
        env.session.transaction.set_preference(text, change)


def _with_bookmarks(env: Env, *lines: str, cd: str | None = None) -> Result:
    return Result(
        lines, cd=cd, messages=True, data=lambda: {"bookmarks": dict(env.prefs.bookmarks)}
    )


def _require_saved(env: Env, done: bool) -> None:
    if not done and env.prefs.problem:
        raise LioError(env.prefs.problem)
