# SPDX-License-Identifier: Apache-2.0
"""Whether two tools gave the same answer to a call, and which named differences explain why not.

What is random or a number that only the allocation of folders decides is made the same first;
all else must be equal, or be in differences.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations

from ..oracle.tree import Tree
from .differences import DIFFERENCES, Difference
from .script import Call
from .tools import Answer

Change = tuple[str, str | None, str | None]
"""A path of the tree, and what the two tools have there."""

# What both make up where nothing is given: serial numbers, names, the names of links to LUNs.
_GENERATED = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<serial>"),
    (r"\bsn\.[0-9a-f]{12}\b", "sn.<generated>"),
    (r"\bnaa\.5001405[0-9a-f]{9}\b", "naa.<generated>"),
    (r"(?<=\balias: )[0-9a-f]{10}$", "<alias>"),
)
_ALIAS = re.compile(r"^[0-9a-f]{10}(?= -> )")


@dataclass(slots=True)
class Comparison:
    """One call, compared."""

    call: Call
    explained: dict[Difference, list[str]] = field(default_factory=dict)
    """The differences that were needed, and of what: status, stdout, tree."""
    unexplained: list[str] = field(default_factory=list)

    def explain(self, difference: Difference, what: str) -> None:
        """Note that a difference was needed."""
        self.explained.setdefault(difference, []).append(what)


COMPARED: list[Comparison] = []
"""All that was compared in this run."""


class Pair:
    """The two tools through one script: a difference of the trees counts where it appears."""

    def __init__(self, text: str) -> None:
        self._given = text
        self._before: set[Change] = set()

    def compare(self, call: Call, fb: Answer, ours: Answer) -> Comparison:
        """Compare the answers to the next call."""
        comparison = Comparison(call)
        applicable = [each for each in DIFFERENCES if each.applies(call.text)]
        self._compare_status(comparison, applicable, fb, ours)
        self._compare_stdout(comparison, applicable, fb, ours)
        self._compare_trees(comparison, applicable, fb, ours)
        return comparison

    def _compare_status(
        self, comparison: Comparison, applicable: list[Difference], fb: Answer, ours: Answer
    ) -> None:
        pair = (fb.said.status, ours.said.status)
        if fb.said.status == ours.said.status:
            return
        for difference in applicable:
            if difference.status == pair:
                comparison.explain(difference, "status")
                return
        comparison.unexplained.append(
            f"exit status {pair[0]}, here {pair[1]}\n{fb.said.stderr}{ours.said.stderr}"
        )

    def _compare_stdout(
        self, comparison: Comparison, applicable: list[Difference], fb: Answer, ours: Answer
    ) -> None:
        one, other = self._settle(fb.said.stdout), self._settle(ours.said.stdout)
        rules = [each for each in applicable if each.stdout]
        for some in _subsets(rules):
            if _rewrite(one, some, fb=True) == _rewrite(other, some, fb=False):
                for rule in some:
                    comparison.explain(rule, "stdout")
                return
        texts = _rewrite(one, rules, fb=True), _rewrite(other, rules, fb=False)
        rows = difflib.unified_diff(*(text.splitlines() for text in texts), n=0, lineterm="")
        comparison.unexplained += list(rows)[2:] or ["standard output: lines end differently"]

    def _compare_trees(
        self, comparison: Comparison, applicable: list[Difference], fb: Answer, ours: Answer
    ) -> None:
        now = set(_changes(self._settle_tree(fb.tree), self._settle_tree(ours.tree)))
        for path, one, other in sorted(now - self._before, key=str):
            for difference in applicable:
                if difference.tree and re.fullmatch(difference.tree, path):
                    comparison.explain(difference, "tree")
                    break
            else:
                comparison.unexplained.append(f"{path}: {one!r}, here {other!r}")
        self._before = now

    def _settle(self, text: str) -> str:
        for pattern, replacement in _GENERATED:
            text = re.sub(
                pattern,
                lambda found, new=replacement: found[0] if found[0] in self._given else new,
                text,
                flags=re.MULTILINE,
            )
        return text

    def _settle_tree(self, tree: Tree) -> Tree:
        return {
            self._settle(path): _ALIAS.sub("<alias>", self._settle(text))
            for path, text in tree.items()
        }


def _subsets(rules: list[Difference]) -> Iterator[tuple[Difference, ...]]:
    """The smallest first: what explains a difference is what is needed for it."""
    return chain.from_iterable(combinations(rules, size) for size in range(len(rules) + 1))


def _rewrite(text: str, rules: Iterable[Difference], fb: bool) -> str:
    for rule in rules:
        for pattern in rule.stdout:
            text = re.sub(
                pattern.fb if fb else pattern.ours, pattern.same, text, flags=re.MULTILINE
            )
    return text


def _changes(fb: Tree, ours: Tree) -> Iterator[Change]:
    for path in fb.keys() | ours.keys():
        if fb.get(path) != ours.get(path):
            yield path, fb.get(path), ours.get(path)
