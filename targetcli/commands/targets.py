# SPDX-License-Identifier: Apache-2.0
"""Create, delete, enable and disable targets and TPGs."""

from __future__ import annotations

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Portal, Target, Tpg
from rtslib_ext.errors import Exists, NotFound
from rtslib_ext.fabrics import Fabric
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.host import adapters
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import AUTH_METHOD
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan import remove
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, targets
from rtslib_ext.steps.portals import attempt_portal
from rtslib_ext.usage import ipv6

from ..changes import apply
from ..env import Env
from ..result import Result, Warn, say, show
from ..tree.fabrics import FabricNode, TargetNode, TpgNode
from . import portals
from .portals import ANY_ADDRESS, PORT


def create(
    env: Env,
    node: FabricNode,
    wwn: str | None,
    tag: int,
    default_portal: bool | None,
    enable: bool | None,
) -> Result:
    """Create a target with its first TPG, which a fabric without several TPGs has as number 1."""
    fabric = node.fabric
    name, lines = choose_name(env, node, wwn)
    path = shell_paths.target(fabric.name, name)
    if env.fs.is_dir(paths.target(fabric, name)):
        raise Exists("This Target already exists in configFS", path=path)
    steps = list(targets.create_target(Target(fabric.name, name)))
    lines.append(f"Created target {name}.")
    if not fabric.has("tpgts"):
        port = _port(env, fabric, name, 1)
        steps += targets.create_tpg(fabric, name, Tpg(1, files=port))
        # An unlisted login on FireWire would reach every disk.
        if fabric.name != "sbp" if enable is None else enable:
            steps.append(targets.enable(fabric, name, 1, True))
        apply.apply(env, steps)
        return Result(lines, created=path)
    more = _create_tpg(env, fabric, name, _NewTpg(tag, default_portal, enable), steps)
    return Result([*lines, *more], created=path, last=shell_paths.tpg(path, tag))


def choose_name(env: Env, node: FabricNode, wwn: str | None) -> tuple[str, list[str]]:
    """Return the WWN to use, and a warning if no adapter has it."""
    fabric = node.fabric
    found = adapters.hardware_wwns(fabric.name) if fabric.hardware else []
    if wwn is not None:
        name = naming.normalize(fabric.wwn_types, wwn, node.path)
        missing = fabric.hardware and name not in found
        return name, [Warn("Hardware missing for this WWN")] if missing else []
    if not fabric.hardware:
        return naming.generate(fabric.wwn_types[0]), []
    used = set(Reader(env.fs).target_wwns(fabric))
    free = [name for name in found if name not in used]
    if not free:
        raise NotFound(
            "no adapter of this host is free",
            path=node.path,
            hint="give the WWN of the port to use",
        )
    return free[0], []


def delete(env: Env, node: FabricNode, wwn: str) -> Result:
    """Delete a target with its TPGs, LUNs and ACLs."""
    found = node.find(wwn)
    if found is None:
        # Other tools may give a target a name that is refused here.
        configfs = paths.target(
            node.fabric, naming.normalize(node.fabric.wwn_types, wwn, node.path)
        )
        raise NotFound(f"No such Target in configfs: {env.fs.absolute(configfs)}", path=node.path)
    target = Reader(env.fs).target(node.fabric, found.name)
    steps = list(remove.remove_target(target, paths.locator(env.fs)))
    apply.apply(env, steps)
    return say(f"Deleted Target {wwn}.")


def version(env: Env, node: FabricNode) -> Result:
    """Show the version of the kernel's fabric module."""
    folder = paths.fabric(node.fabric)
    texts = (env.fs.read_if_there(f"{folder}/{file}") for file in ("version", "lio_version"))
    text = next(filter(None, texts), None)
    if text is None:
        raise NotFound(
            f"the fabric module {node.fabric.module} is not loaded",
            path=node.path,
            hint="creating a target loads it",
        )
    facts = {"name": node.fabric.name, "version": text}
    return show([f"Target fabric module {node.fabric.name}: {text}"], lambda: facts)


def create_tpg(
    env: Env, node: TargetNode, tag: int | None, default_portal: bool | None, enable: bool | None
) -> Result:
    """Create a TPG."""
    used = Reader(env.fs).tags(node.configfs)
    if tag is None:
        tag = next(number for number in range(1, len(used) + 2) if number not in used)
    if tag in used:
        raise Exists("This TPG already exists in configFS", path=shell_paths.tpg(node.path, tag))
    new = _NewTpg(tag, default_portal, enable)
    lines = _create_tpg(env, node.fabric, node.name, new, [])
    return Result(lines, created=shell_paths.tpg(node.path, tag))


def _offered(node: TpgNode) -> str:
    """Return AuthMethod if enabling the TPG again would change it, else ""."""
    fs, attributes = node.reader.fs, paths.attributes(node.configfs)
    required = fs.read_if_there(f"{attributes}/authentication") or ""
    method = fs.read_if_there(f"{paths.parameters(node.configfs)}/{AUTH_METHOD}") or ""
    return targets.offered({"authentication": required}, {AUTH_METHOD: method})


@dataclass(frozen=True, slots=True)
class _NewTpg:
    """The parameters of a new TPG; where one is None, the preferences decide."""

    tag: int
    default_portal: bool | None
    enable: bool | None


def _create_tpg(env: Env, fabric: Fabric, wwn: str, new: _NewTpg, before: list[Step]) -> list[str]:
    """Create a TPG, after the steps ``before``; return the messages."""
    tag = new.tag
    # Without an ACL no initiator can log in anyway, so that a secret is not required at first.
    attributes = {"authentication": "0"} if fabric.has("auth") else {}
    tpg = Tpg(tag, attributes=attributes, files=_port(env, fabric, wwn, tag))
    steps = [*before, *targets.create_tpg(fabric, wwn, tpg)]
    if env.prefs.flag("auto_enable_tpgt") if new.enable is None else new.enable:
        steps.append(targets.enable(fabric, wwn, tag, True))
    lines, path = [f"Created TPG {tag}."], TpgPath.of(fabric, wwn, tag)
    by_preference = new.default_portal is None
    listens = env.prefs.flag("auto_add_default_portal") if by_preference else new.default_portal
    if not (fabric.has("nps") and listens):
        apply.apply(env, steps)
        # Scripts that turned the default portal off create another one next.
        noted = env.on_terminal and fabric.has("nps")
        return [*lines, *(portals.none_left(env, path) if noted else ())]
    wanted = Portal(f"[{ANY_ADDRESS}]", PORT)
    portal = ipv6.fitting(wanted)
    attempt = attempt_portal(path, portal)
    outcome = apply.apply(env, [*steps, attempt])
    refused = [text for path, text in outcome.notes if path == attempt.path]
    if refused:
        return [*lines, _no_portal(env, fabric, wwn, portal, refused[0])]
    return [
        *lines,
        *(["Global pref auto_add_default_portal=true"] if by_preference else []),
        f"Created default portal listening on all IPs ({portal.address.strip('[]')}), port {PORT}.",
        *portals.fallback_notes(wanted, portal),
        *portals.notes(env, portal),
    ]


def _port(env: Env, fabric: Fabric, wwn: str, tag: int) -> dict[str, str]:
    """Return the port number of a new TPG as a setting, if it is to be derived."""
    if not env.prefs.get("identity_namespace"):
        return {}
    # Imported here: only a pair of hosts needs it.
    from ..changes import derived

    return derived.port(env, fabric, wwn, tag)


def _no_portal(env: Env, fabric: Fabric, wwn: str, portal: Portal, reason: str) -> str:
    tags = Reader(env.fs).tags(paths.target(fabric, wwn))
    tpgs = (paths.tpg(fabric, wwn, tag) for tag in tags)
    if any(env.fs.is_dir(paths.portal(tpg, portal.name)) for tpg in tpgs):
        return "Default portal not created, TPGs within a target cannot share ip:port."
    reason = portals.other_listener(portal.port) or reason
    return f"Default portal not created: {reason}; portals/ create ADDRESS creates another one."


def delete_tpg(env: Env, node: TargetNode, tag: int) -> Result:
    """Delete a TPG with its LUNs, ACLs and portals."""
    configfs = paths.tpg_in(node.configfs, tag)
    if not env.fs.is_dir(configfs):
        raise NotFound(f"No such TPG in configfs: {env.fs.absolute(configfs)}")
    tpg = Reader(env.fs).tpg(node.fabric, node.name, tag)
    target = Target(node.fabric.name, node.name)
    steps = list(remove.remove_tpg(target, tpg, paths.locator(env.fs)))
    apply.apply(env, steps)
    return say(f"Deleted TPGT {tag}.")


def enable(env: Env, node: TpgNode) -> Result:
    """Enable a TPG: initiators can log in."""
    return _switch(env, node, True)


def disable(env: Env, node: TpgNode) -> Result:
    """Disable a TPG: no initiator can log in."""
    return _switch(env, node, False)


def _switch(env: Env, node: TpgNode, on: bool) -> Result:
    word = "enabled" if on else "disabled"
    now = node.reader.enabled(node.configfs)
    if now is on or (on and now is None):
        return say(f"The TPGT is already {word}.")
    offers = "" if on else _offered(node)
    apply.apply(env, [targets.enable(node.fabric, node.wwn, node.tag, on, offers)])
    left = portals.none_left(env, node.tpg_path) if on and node.fabric.has("nps") else []
    return Result([f"The TPGT has been {word}.", *left])
