# SPDX-License-Identifier: Apache-2.0
"""What the documentation of several modules has: options of all, of a TPG, and of state.

ansible-core takes fragments into DOCUMENTATION only: what is in RETURN stands in each module.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Parts of the documentation of the modules."""

    DOCUMENTATION = r"""
author: The targetcli project (!UNKNOWN)
requirements:
  - targetcli on the managed host, and the rights of root
options:
  executable:
    description: The program targetcli, with options if needed. It is split like words of a shell.
    type: str
    default: targetcli
  force:
    description:
      - Make changes that interrupt initiators, and those that targetcli asks about (C(--yes)).
    type: bool
    default: false
  save:
    description: Save the running configuration after a change, so that it is restored at boot.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Shows what would be changed and changes nothing.
  diff_mode:
    support: full
    description: Returns the plan, a line for each change.
"""

    PLACE = r"""
options:
  fabric:
    description: The fabric of the target.
    type: str
    default: iscsi
  target:
    description: The WWN of the target.
    type: str
    required: true
  tag:
    description: The number of the TPG. Fabrics without several TPGs ignore it.
    type: int
    default: 1
"""

    STATE = r"""
options:
  state:
    description:
      - With V(present), objects are created unless identical ones exist; one that differs is an
        error. Settings that are not given are left as they are.
      - With V(absent), objects are deleted with all that is below them.
    type: str
    choices: [present, absent]
    default: present
"""

    INFO = r"""
author: The targetcli project (!UNKNOWN)
requirements:
  - targetcli on the managed host
options:
  executable:
    description: The program targetcli, with options if needed. It is split like words of a shell.
    type: str
    default: targetcli
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
"""
