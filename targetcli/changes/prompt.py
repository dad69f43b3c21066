# SPDX-License-Identifier: Apache-2.0
"""Questions before an object in use is deleted or changed.

They are asked at a terminal only, unless --yes is given, and without the lock: waiting for the
answer blocks no other process. A command raises Question; after a yes it is run again, and
checks again what it would interrupt.
"""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import Interrupted, LioError

from ..env import Env

_SHOWN = 20
_YES = ("y", "yes")


class Question(LioError):
    """A change needs a yes; ``facts`` describe what it would interrupt, a line each."""

    def __init__(self, facts: tuple[str, ...]) -> None:
        super().__init__("; ".join(facts))
        self.facts = facts


def is_possible(env: Env) -> bool:
    """Return True if a user at a terminal can be asked, and --yes is not given."""
    if env.session.agrees is not None:
        return not env.options.yes
    if env.session.transaction is not None and not env.session.transaction.asks:
        return False
    return env.on_terminal and env.stdin.isatty() and not env.options.yes


def require_yes(env: Env, facts: list[str]) -> None:
    """Raise Question if one of the facts has not been agreed to."""
    if is_possible(env) and not set(facts) <= set(env.session.agreed):
        raise Question(tuple(facts))


def announce(env: Env, lines: Iterable[str]) -> None:
    """Print lines before a change is made, so that they are seen if it fails; not with --json."""
    if env.options.json:
        return
    for line in lines:
        print(printable(line), file=env.stdout)
    env.stdout.flush()


def put(env: Env, question: Question, path: str) -> None:
    """Ask a question; raises Interrupted unless the answer is yes, also on Ctrl-C and Ctrl-D."""
    if env.session.agrees is not None:
        if not all(map(env.session.agrees, question.facts)):
            raise Interrupted(
                f"nothing was changed, this was not shown: {'; '.join(question.facts)}",
                path=path,
                hint="look at the plan again",
            )
        env.session.agreed += question.facts
        return
    # Imported here: scripts are asked nothing.
    from ..views.wrap import width_of, wrap

    shown = [printable(fact) for fact in question.facts[:_SHOWN]]
    more = len(question.facts) - len(shown)
    lines = [*shown, *([f"and {more} more"] if more else [])]
    print(*(wrap(line, width_of(env.stderr)) for line in lines), sep="\n", file=env.stderr)
    print("Proceed? [y/N] ", end="", file=env.stderr, flush=True)
    try:
        answer = env.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer.endswith("\n"):
        print(file=env.stderr)
    if answer.strip().lower() not in _YES:
        raise Interrupted("nothing was changed", path=path, hint="--yes proceeds without asking")
    env.session.agreed += question.facts
