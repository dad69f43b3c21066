# SPDX-License-Identifier: Apache-2.0
"""What new objects have: asked of the first of a kind, known of the others."""

from __future__ import annotations

from rtslib_ext.config.intern import Interner
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.steps.defaults import KernelDefaults


class Files(ConfigFS):
    """Some texts by their paths, and which of them were asked for."""

    def __init__(self, **texts: str) -> None:
        super().__init__("/nowhere")
        self.texts = texts
        self.asked: list[str] = []

    def read_if_there(self, path: str) -> str | None:
        self.asked.append(path)
        return self.texts.get(path.rpartition("/")[2])


def test_the_first_of_a_kind_tells() -> None:
    fs, defaults = Files(block_size="512"), KernelDefaults()
    assert defaults.value(fs, "core/a/attrib", "block_size", "ramdisk") == "512"
    assert defaults.value(fs, "core/b/attrib", "block_size", "ramdisk") == "512"
    assert defaults.value(fs, "core/b/attrib", "nosuch", "ramdisk") is None
    assert defaults.value(fs, "core/b/attrib", "block_size", "fileio") == "512"
    assert fs.asked == [
        "core/a/attrib/block_size",
        "core/b/attrib/nosuch",
        "core/b/attrib/block_size",
    ]


def test_what_is_left_to_be_set() -> None:
    fs, defaults = Files(block_size="512", queue_depth="128"), KernelDefaults()
    wanted = {"block_size": "4096", "queue_depth": "128"}
    assert defaults.left(wanted, "core/a/attrib", "ramdisk") is wanted, "nobody has told yet"
    assert defaults.left(wanted, "core/a/attrib", None) is wanted
    defaults.value(fs, "core/a/attrib", "block_size", "ramdisk")
    assert defaults.left(wanted, "core/b/attrib", "ramdisk") is wanted, "queue_depth is not known"
    defaults.value(fs, "core/a/attrib", "queue_depth", "ramdisk")
    left = defaults.left(wanted, "core/b/attrib", "ramdisk")
    assert left == {"block_size": "4096"}
    assert defaults.left(wanted, "core/c/attrib", "ramdisk") is left
    assert defaults.left(wanted, "core/c/wwn", "ramdisk") is wanted


def test_what_a_value_moves_is_set_again() -> None:
    fs, defaults = Files(alua_access_state="Standby", alua_access_status="None"), KernelDefaults()
    for name in ("alua_access_state", "alua_access_status"):
        defaults.value(fs, "so/alua/group", name, "alua")
    same = {"alua_access_state": "Standby", "alua_access_status": "None"}
    assert defaults.left(same, "so2/alua/group", "alua") == {}
    other = {"alua_access_state": "Offline", "alua_access_status": "None"}
    assert defaults.left(other, "so2/alua/group", "alua") == other


def test_equal_settings_are_one() -> None:
    interner = Interner()
    first = interner.one({"a": "1", "b": "2"})
    assert interner.one({"a": "1", "b": "2"}) is first
    assert interner.one({"a": "1", "b": "3"}) is not first
    assert interner.one({"b": "2", "a": "1"}) == first
