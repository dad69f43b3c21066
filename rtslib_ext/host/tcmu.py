# SPDX-License-Identifier: Apache-2.0
"""The handlers of user-backed storage objects, queried over D-Bus.

tcmu-runner, or another program with the same service, lists them. busctl sends the query: a D-Bus
library would be the heaviest dependency of all, for this query only.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ..errors import InvalidValue, LioError, Unsupported, reason
from .system import environment

_SERVICE = "org.kernel.TCMUService1"
_ROOT = "/org/kernel/TCMUService1"
_BUS = "/run/dbus/system_bus_socket"
# The service needs this module: if it is not loaded, there is no handler.
_MODULE = "/sys/module/target_core_user"
_SECONDS = "5"


def handlers() -> list[str]:
    """Return the names of the handlers; none if the service does not run."""
    if not (os.path.exists(_MODULE) and os.path.exists(_BUS)):
        return []
    try:
        objects = _call(_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    except LioError:
        return []
    return [path.rpartition("/")[2] for path in objects[0]] if objects else []


def check_config(handler: str, config: str, path: str) -> None:
    """Have the handler check a configuration text; raise InvalidValue if it rejects it.

    Raises Unsupported if the handler does not answer.
    """
    ok, text = _call_handler(handler, path, "CheckConfig", "s", config)
    if not ok:
        raise InvalidValue(f"cfgstring invalid: {text}", path=path)


def change_medium(handler: str, name: str, size: int, config: str, path: str) -> None:
    """Have the handler change the medium; raise LioError if it fails.

    Raises Unsupported if the handler does not answer.
    """
    code, text = _call_handler(handler, path, "ChangeMedium", "sts", name, str(size), config)
    if code != 0:
        raise LioError(f"ChangeMedium failed: {text}", path=path)


def _call_handler(handler: str, path: str, method: str, *arguments: str) -> tuple[Any, str]:
    try:
        answer = _call(f"{_ROOT}/{handler}", _SERVICE, method, *arguments)
    except LioError as err:
        raise Unsupported(
            f"the handler {handler} does not answer: {err}",
            path=path,
            hint="run systemctl start tcmu-runner, and check that it has this handler",
        ) from err
    return answer[0], answer[1]


def _call(where: str, interface: str, method: str, *arguments: str) -> Any:
    import subprocess

    words = ["busctl", "--system", "--json=short", "--auto-start=no", f"--timeout={_SECONDS}"]
    # "--": an argument such as a configuration text may begin like an option.
    words += ["--", "call", _SERVICE, where, interface, method, *arguments]
    try:
        done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    except OSError as err:
        raise LioError(f"cannot run busctl: {reason(err)}") from err
    if done.returncode:
        raise LioError(done.stderr.strip() or "no answer")
    try:
        return json.loads(done.stdout)["data"]
    except (ValueError, KeyError, TypeError) as err:
        raise LioError(f"busctl gave no answer: {done.stdout[:80]!r}") from err
