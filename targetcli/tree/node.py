# SPDX-License-Identifier: Apache-2.0
"""The base of all nodes of the tree: name, children, summary, groups of settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import NotFound
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.cached import CachingFS
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import Index, TpgPath
from rtslib_ext.reading.reader import Reader

if TYPE_CHECKING:
    from rtslib_ext.fabrics import Fabric

    from ..env import Env
    from ..settings import Group

    # For type checkers only: at run time a bound in quotes is compiled, which is slow, as is
    # creating a Protocol class.
    N = TypeVar("N", bound="Node")

    class Tpg(Protocol):
        """What the nodes below a TPG need of it; ``fabrics.TpgNode`` is one."""

        configfs: ConfigfsPath

        @property
        def path(self) -> ShellPath:
            """Return its shell path."""

        @property
        def fabric(self) -> Fabric:
            """Return its fabric."""

        @property
        def wwn(self) -> str:
            """Return the name of its target."""

        @property
        def tag(self) -> int:
            """Return its number."""

        @property
        def tpg_path(self) -> TpgPath:
            """Return its configfs path and shell path."""

        def attribute(self, name: str) -> str | None:
            """Return the value of an attribute."""


_RANGE = r"\[[0-9]+[-,][0-9,-]*\]"


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a node in ``ls``; ``healthy`` is None if it has no health."""

    text: str
    healthy: bool | None = None


class Tree:
    """The state of the kernel for one command: nothing is read twice."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.fs = CachingFS(env.fs)
        self.reader = Reader(self.fs)
        self.index = Index(self.fs)
        # Notes on names resolved to another one; a dict, as a name may be looked up twice.
        self.notes: dict[str, None] = {}


_NONE = ConfigfsPath("")


class Node:
    """One node of the tree; created when a path is resolved, and cheap to create."""

    kind: ClassVar[str] = ""

    def __init__(
        self, tree: Tree, name: str, parent: Node | None = None, configfs: ConfigfsPath = _NONE
    ) -> None:
        self.tree = tree
        self.name = name
        self.parent = parent
        # The configfs path of the object, if the node represents one.
        self.configfs = configfs

    @property
    def path(self) -> ShellPath:
        """Return the shell path."""
        if self.parent is None:
            return ShellPath("/")
        return ShellPath(f"{self.parent.path.rstrip('/')}/{self.name}")

    @property
    def fs(self) -> CachingFS:
        """Return the file system of the tree, which caches reads."""
        return self.tree.fs

    @property
    def reader(self) -> Reader:
        """Return the reader of the tree, which caches reads."""
        return self.tree.reader

    def children(self) -> Iterator[Node]:
        """Yield the child nodes, in any order."""
        yield from ()

    def find(self, name: str) -> Node | None:
        """Return a child by name, or None; the cost does not depend on the number of children."""
        return next((child for child in self.children() if child.name == name), None)

    def nearest(self, kind: type[N]) -> N:
        """Return the node of a class: this one, or the closest above it."""
        node: Node = self
        while not isinstance(node, kind):
            node = node.above(1)
        return node

    def above(self, steps: int) -> Node:
        """Return the node ``steps`` levels up."""
        node: Node = self
        for _ in range(steps):
            assert node.parent is not None
            node = node.parent
        return node

    def child(self, name: str) -> Node:
        """Return a child by name; raises NotFound."""
        found = self.find(name)
        if found is None:
            error = NotFound(f"No such path {self.path.rstrip('/')}/{name}")
            error.proposal = partial(self._closest, name)
            raise error
        return found

    def _closest(self, name: str) -> str:
        """Return a hint at the child whose name is closest to another one, or at wildcards."""
        if re.search(_RANGE, name):
            return f"a path takes no range: use {re.sub(_RANGE, '*', name)}"
        # Imported here: only an error needs it.
        from .. import closest

        names = (child.name for child in self.children())
        return closest.hint(name, names, form=f"{self.path.rstrip('/')}/{{}}")

    def summary(self) -> Summary:
        """Return what ``ls`` and ``status`` show."""
        return Summary("")

    def notes(self) -> list[str]:
        """Return what ``status`` shows below the summary."""
        return []

    def groups(self) -> list[Group]:
        """Return the groups of settings of this node, without ``global``."""
        return []

    def facts(self) -> dict[str, object]:
        """Return the values that ``info`` shows, secrets included; empty for a node without it."""
        return {}

    def info(self) -> list[str]:
        """Return the lines that ``info`` shows."""
        return info_lines(self.facts())


def authentication(reader: Reader, folder: ConfigfsPath, kind: str) -> tuple[str, bool]:
    """Return the text about the credentials in a folder, and whether a login can use them.

    ``kind`` is what they are for: "auth" or "disc auth".
    """
    auth = reader.auth(folder)
    if not (auth.userid and auth.password):
        missing = "password" if auth.userid else "userid" if auth.password else "credentials"
        return f"{kind} without {missing}", False
    mutual = reader.fs.read_if_there(f"{folder}/authenticate_target") == "1"
    return f"{'mutual' if mutual else '1-way'} {kind}", True


def scalars(values: dict[str, object]) -> dict[str, object]:
    """Return the values that are neither a list nor a dict."""
    return {name: values[name] for name in values if not isinstance(values[name], dict | list)}


def info_lines(facts: dict[str, object]) -> list[str]:
    """Return ``key: value`` lines, sorted; passwords are masked."""
    result = []
    for name, value in sorted(facts.items()):
        hidden = name.endswith("password") and value
        result.append(f"{name}: {'***' if hidden else value}")
    return result
