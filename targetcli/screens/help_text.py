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

TOP = (
    "top shows what each LUN, target or initiator does. Rates are those of the last",
    "interval; - is one that is not known yet. The kernel counts bytes in whole MiB,",
    "so READ/S and WRITE/S of little traffic come in steps. HISTORY has a bar for",
    "each interval, the highest one full.",
    "",
    "tab         LUNs, targets, initiators (those with an ACL)",
    "enter, esc  open a row: LUNs of a target, initiators of a LUN, mapped LUNs of",
    "            an initiator; return",
    "c r w l n   sort by commands, read, written, latency, name; again: reversed.",
    "            v or ^ follows the heading of that column.",
    "/           show only names with these words, as you type",
    "i           hide rows without a command in the last interval",
    "p, space    pause",
    "+ -         double or halve the interval",
    "L           trace the latency of commands: mean, and what 99 % do not exceed.",
    "            It costs time for each command, and ends with top. ? marks times of",
    "            an initiator that has equal LUN numbers in several targets.",
    "q           leave",
)
