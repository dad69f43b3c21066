# SPDX-License-Identifier: Apache-2.0
"""What every node of the tree has: a name, children, a summary, groups of settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Protocol

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

    # For types only: typing takes long to make a Protocol.
    class Tpg(Protocol):
        """What the nodes below a TPG ask it; ``fabrics.TpgNode`` is one."""

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


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``ls`` shows of a node; ``healthy`` None: nothing to be said."""

    text: str
    healthy: bool | None = None


class Tree:
    """The kernel as one command sees it."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.fs = CachingFS(env.fs)
        self.reader = Reader(self.fs)
        self.index = Index(self.fs)
        # What is to be said of how something was found; a name may be looked up several times.
        self.notes: dict[str, None] = {}


_NONE = ConfigfsPath("")


class Node:
    """One place in the tree; made when somebody walks to it, and cheap to make."""

    kind: ClassVar[str] = ""

    def __init__(
        self, tree: Tree, name: str, parent: Node | None = None, configfs: ConfigfsPath = _NONE
    ) -> None:
        self.tree = tree
        self.name = name
        self.parent = parent
        # The path of the object in the kernel's tree, where the node stands for one.
        self.configfs = configfs

    @property
    def path(self) -> ShellPath:
        """The shell path."""
        if self.parent is None:
            return ShellPath("/")
        return ShellPath(f"{self.parent.path.rstrip('/')}/{self.name}")

    @property
    def fs(self) -> CachingFS:
        """The kernel, nothing read twice."""
        return self.tree.fs

    @property
    def reader(self) -> Reader:
        """Reads the kernel, nothing twice."""
        return self.tree.reader

    def children(self) -> Iterator[Node]:
        """All nodes below this one, in no order."""
        yield from ()

    def find(self, name: str) -> Node | None:
        """The child of a name, at a cost that does not depend on how many there are."""
        return next((child for child in self.children() if child.name == name), None)

    def above(self, steps: int) -> Node:
        """The node so many levels up."""
        node: Node = self
        for _ in range(steps):
            assert node.parent is not None
            node = node.parent
        return node

    def child(self, name: str) -> Node:
        """The child of a name; raises NotFound."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"No such path {self.path.rstrip('/')}/{name}")
        return found

    def summary(self) -> Summary:
        """What ``ls`` and ``status`` show."""
        return Summary("")

    def groups(self) -> list[Group]:
        """The groups of settings, besides ``global``, that get and set know here."""
        return []

    def facts(self) -> dict[str, object]:
        """What the command ``info`` tells, secrets too; nothing where a node does not have it."""
        return {}

    def info(self) -> list[str]:
        """What it shows."""
        return info_lines(self.facts())


def scalars(values: dict[str, object]) -> dict[str, object]:
    """What is no list and no object."""
    return {name: values[name] for name in values if not isinstance(values[name], dict | list)}


def info_lines(facts: dict[str, object]) -> list[str]:
    """``key: value`` lines; secrets are hidden."""
    result = []
    for name, value in sorted(facts.items()):
        hidden = name.endswith("password") and value
        result.append(f"{name}: {'***' if hidden else value}")
    return result
