# SPDX-License-Identifier: Apache-2.0
"""For type checkers, the classes are the standard library's: they do the same."""

from dataclasses import asdict as asdict
from dataclasses import dataclass as dataclass
from dataclasses import field as field
from dataclasses import fields as fields
from dataclasses import replace as replace
