# SPDX-License-Identifier: Apache-2.0
"""The parse of a file whose blocks nest, by a grammar of pyparsing."""

from __future__ import annotations

import pyparsing as pp

from .source import Source
from .statements import Lines, Statement


class NestedParser:
    """One parse: the grammar and its actions, with the lines of the text."""

    def __init__(self, text: str, source: Source) -> None:
        self.text, self.source = text, source
        self.lines = Lines(text)

    def run(self) -> tuple[Statement, ...]:
        """Return the statements of the text. Raises InvalidValue with file and line."""
        try:
            found = self.grammar().parse_with_tabs().parse_string(self.text)
        except pp.ParseBaseException as err:
            raise self.explained(err.loc) from None
        return tuple(found)

    def grammar(self) -> pp.ParserElement:
        """Return the grammar of a whole file; its results are statements."""
        raise NotImplementedError

    def explained(self, where: int) -> Exception:
        """Return the error for the place at which the grammar stopped."""
        raise NotImplementedError
