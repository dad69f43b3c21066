# SPDX-License-Identifier: Apache-2.0
"""A question before something is taken away that is in use.

It is asked at a terminal only, where --yes was not given, and before the lock is taken: who
thinks about the answer holds nobody up. A command raises it; the command is run again after a
yes, and looks again at what it would take away.
"""

from __future__ import annotations

from rtslib_ext.errors import Interrupted, LioError

from ..env import Env

_SHOWN = 20
_YES = ("y", "yes")


class Question(LioError):
    """A change waits for a yes; ``facts`` are what it would cut off, a line each."""

    def __init__(self, facts: tuple[str, ...]) -> None:
        super().__init__("; ".join(facts))
        self.facts = facts


def is_possible(env: Env) -> bool:
    """Tell whether somebody is there who could answer, and was not told to be left alone."""
    if env.session.transaction is not None and not env.session.transaction.asks:
        return False
    return env.on_terminal and env.stdin.isatty() and not env.options.yes


def require_yes(env: Env, facts: list[str]) -> None:
    """Raise Question where one of the facts has not been agreed to."""
    if is_possible(env) and not set(facts) <= set(env.session.agreed):
        raise Question(tuple(facts))


def put(env: Env, question: Question, path: str) -> None:
    """Ask; raises Interrupted on anything but a yes, on Ctrl-C and on Ctrl-D too."""
    shown = question.facts[:_SHOWN]
    more = len(question.facts) - len(shown)
    print(*shown, *([f"and {more} more"] if more else []), sep="\n", file=env.stderr)
    print("Go on? [y/N] ", end="", file=env.stderr, flush=True)
    try:
        answer = env.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer.endswith("\n"):
        print(file=env.stderr)
    if answer.strip().lower() not in _YES:
        raise Interrupted("nothing was changed", path=path, hint="--yes goes on without asking")
    env.session.agreed += question.facts
