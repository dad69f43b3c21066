# SPDX-License-Identifier: Apache-2.0
"""The help of the full screens."""

from __future__ import annotations

BROWSE = (
    "browse shows the tree, and the settings of the node with the focus (>).",
    "+ is a closed node, - an open one, ! one that needs attention.",
    "* marks a setting that differs from its default.",
    "",
    "up, down, page up, page down, home, end   move",
    "enter       open or close a node; edit a setting",
    "right, left open a node; close it, or go to the one above",
    "tab         go to the other list",
    "/           search nodes by words of their path; when the settings have the",
    "            focus, search those by words of their name or meaning",
    "i           show the properties of the node (info)",
    "u, U        undo the last change of this session; redo it",
    "s           save the configuration (saveconfig)",
    ":           type a command for the node, as in the shell",
    "r           read everything again",
    "q, esc      leave",
    "",
    "A change is first shown as a plan, with the initiators that it would",
    "interrupt. Nothing is done before y. Every change is one command of the",
    "shell: history lists it, undo undoes it.",
)
