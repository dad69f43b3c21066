# SPDX-License-Identifier: Apache-2.0
"""Values as lines of YAML 1.1, as Ansible reads it: texts are quoted, templates are not run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .call import Secret
from .secret_files import name

VARIABLE = "lio_secrets"
"""The variable of Ansible with the secrets, by the names of secret_files."""
_TEMPLATES = ("{{", "{%", "{#")
_ESCAPED = {'"': '\\"', "\\": "\\\\"}

Tree = object


def lines(value: Tree, indent: str = "") -> Iterator[str]:
    """Yield a mapping, or a sequence of mappings, as lines."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{indent}{key}:", item, f"{indent}  ")
    elif isinstance(value, Sequence):
        for item in value:
            block = list(lines(item, f"{indent}  "))
            yield f"{indent}- {block[0].lstrip()}"
            yield from block[1:]


def _entry(head: str, item: Tree, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping | list) and item:
        yield head
        yield from lines(item, indent)
    else:
        yield f"{head} {scalar(item)}"


def scalar(value: Tree) -> str:
    """Return one value; a secret is a reference to the variable."""
    if isinstance(value, Secret):
        return f"\"{{{{ {VARIABLE}['{name(value)}'] }}}}\""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        quoted = f'"{"".join(map(_escaped, value))}"'
        return f"!unsafe {quoted}" if any(sign in value for sign in _TEMPLATES) else quoted
    return "{}" if isinstance(value, Mapping) else "[]"


def _escaped(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
