# SPDX-License-Identifier: Apache-2.0
"""The tree of ls, held to configshell's own rendering letter for letter."""

from __future__ import annotations

import io
import itertools
import os
import pty
import time
import tracemalloc
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targetcli.views import paint, terminal_width
from targetcli.views.tree import Branch, render, sorting_key

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from configshell import ConfigNode, ConfigShell


class Screen(io.StringIO):
    terminal = False

    def isatty(self) -> bool:
        return self.terminal


class Node(ConfigNode):
    def __init__(self, branch: Branch, parent: Node | None, shell: ConfigShell | None) -> None:
        super().__init__(branch.name, parent, shell)
        self.said = branch.text, branch.healthy
        for child in branch.children:
            Node(child, self, None)

    def summary(self) -> tuple[str, bool | None]:
        return self.said


def in_configshell(branch: Branch, command: str, width: int, **options: object) -> str:
    """What configshell prints for a command on a tree."""
    screen = Screen()
    screen.terminal = bool(options["color_mode"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = ConfigShell()
        shell.log.debug = lambda *args: None
        shell.con._stdout = screen
        shell.con.get_width = lambda: width
        for name, value in options.items():
            shell.prefs[name] = value
        Node(branch, None, shell)
        shell.run_cmdline(command)
    return screen.getvalue()


TREE = Branch(
    "/",
    children=[
        Branch(
            "backstores",
            children=[
                Branch("block", "Storage Objects: 0"),
                Branch(
                    "fileio",
                    "Storage Objects: 3",
                    children=[
                        Branch("d10", "/tmp/d10 (1.0GiB) write-back activated", True),
                        Branch("d2", "", True, [Branch("alua", "ALUA Groups: 0")]),
                        Branch("d1", "BROKEN", False),
                    ],
                ),
            ],
        ),
        Branch("iscsi", "Targets: 1", None, [Branch("iqn.2003-01.org.x:y", "", False)]),
        Branch("loopback", "Targets: 0"),
        Branch("x" * 140, "too wide"),
    ],
)

MODES = list(itertools.product([False, True], repeat=4))


@pytest.mark.parametrize(("colors", "round_nodes", "status", "show_root"), MODES)
@pytest.mark.parametrize("depth", [None, 1, 2, 3])
@pytest.mark.parametrize("color_default", [None, "yellow"])
def test_a_tree_as_configshell_shows_it(
    colors: bool,
    round_nodes: bool,
    status: bool,
    show_root: bool,
    depth: int | None,
    color_default: str | None,
) -> None:
    lines = render(
        TREE,
        width=80,
        colors=colors,
        color_default=color_default,
        round_nodes=round_nodes,
        status=status,
        show_root=show_root,
        depth=depth,
    )
    assert "".join(f"{line}\n" for line in lines) == in_configshell(
        TREE,
        f"ls / {depth or 0}",
        80,
        color_mode=colors,
        tree_round_nodes=round_nodes,
        tree_status_mode=status,
        tree_show_root=show_root,
        color_default=color_default,
    )


@pytest.mark.parametrize("colors", [False, True])
@pytest.mark.parametrize(("path", "level"), [("/backstores", 1), ("/backstores/fileio/d2", 3)])
def test_a_branch_of_the_tree(colors: bool, path: str, level: int) -> None:
    branch = TREE
    for name in path.split("/")[1:]:
        branch = next(child for child in branch.children if child.name == name)
    lines = render(branch, colors=colors, level=level)
    options: dict[str, object] = dict.fromkeys(
        ("tree_round_nodes", "tree_status_mode", "tree_show_root"), True
    )
    assert "".join(f"{line}\n" for line in lines) == in_configshell(
        TREE, f"{path} ls . 0", 132, color_mode=colors, color_default=None, **options
    )


names = st.text("ab019./é", min_size=1, max_size=4).map(lambda name: name.replace("/", "-"))
texts = st.sampled_from(["", "Targets: 1", "x" * 60])
healths = st.sampled_from([True, False, None])


def branches(children: st.SearchStrategy[list[Branch]]) -> st.SearchStrategy[Branch]:
    return st.builds(Branch, names, texts, healths, children)


trees = st.recursive(
    branches(st.just([])),
    lambda inner: branches(st.lists(inner, max_size=3, unique_by=lambda b: sorting_key(b.name))),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(trees, st.booleans(), st.booleans(), st.integers(1, 4))
def test_any_tree_as_configshell_shows_it(
    tree: Branch, colors: bool, show_root: bool, depth: int
) -> None:
    root = Branch("/", tree.text, tree.healthy, tree.children)
    shown = in_configshell(
        root,
        f"ls / {depth}",
        60,
        color_mode=colors,
        tree_round_nodes=True,
        tree_status_mode=True,
        tree_show_root=show_root,
        color_default=None,
    )
    lines = list(render(root, width=60, colors=colors, show_root=show_root, depth=depth))
    if lines:  # configshell prints an empty line for a hidden root without children
        assert "".join(f"{line}\n" for line in lines) == shown


def test_without_a_terminal_a_line_is_132_columns() -> None:
    assert [len(line) for line in render(Branch("/", "x", None, [Branch("a")]))] == [132, 132]


def test_numbers_at_the_end_sort_as_numbers() -> None:
    luns = [Branch(name) for name in ("lun10", "lun1", "b", "lun2", "a2", "a10", "a")]
    shown = [line.split()[1] for line in render(Branch("/", children=luns), depth=1)]
    assert shown == ["/", "a", "a2", "a10", "b", "lun1", "lun2", "lun10"]


def test_children_that_are_not_shown_are_not_made() -> None:
    def never() -> Iterator[Branch]:
        raise AssertionError("walked")
        yield

    tree = Branch("/", children=[Branch("a", children=never())])
    assert len(list(render(tree, depth=1))) == 2
    assert len(list(render(Branch("/", children=never()), depth=0))) == 1


def test_lines_come_while_the_tree_is_walked() -> None:
    walked = []

    def children(name: str) -> Iterator[Branch]:
        walked.append(name)
        yield Branch("x")

    tree = Branch("/", children=[Branch(n, children=children(n)) for n in "abc"])
    lines = render(tree)
    assert next(lines).startswith("o- /")
    assert walked == []
    next(lines), next(lines)
    assert walked == ["a"]


def test_ten_thousand_nodes_and_a_deep_tree() -> None:
    def targets() -> Iterator[Branch]:
        for number in range(200):
            yield Branch(f"t{number}", children=(Branch(f"lun{i}") for i in range(100)))

    tracemalloc.start()
    started = time.process_time()
    assert sum(1 for _ in render(Branch("/", children=targets()), colors=True)) == 20201
    assert time.process_time() - started < 20
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    deep = Branch("x")
    for _ in range(3000):
        deep = Branch("x", children=[deep])
    assert sum(1 for _ in render(deep)) == 3001


def test_paint_needs_colors() -> None:
    assert paint("x", "red", ["bold"], colors=False) == "x"
    assert paint("x", "red", ["bold", "underline"], colors=True) == "\033[4m\033[1m\033[31mx\033[0m"
    assert paint("x", colors=True) == "x\033[0m"
    assert paint("x", colors=True, default="cyan") == "\033[36mx\033[0m"


@pytest.mark.parametrize(("columns", "width"), [(80, 80), (132, 132), (200, 132), (0, 132)])
def test_width_of_a_terminal(columns: int, width: int) -> None:
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w") as terminal:
        assert terminal_width(terminal) == width
    assert terminal_width(terminal) == 132  # closed
    os.close(master)


def test_width_without_a_terminal() -> None:
    assert terminal_width(io.StringIO()) == 132
    with open(os.devnull, "w") as null:
        assert terminal_width(null) == 132
