# SPDX-License-Identifier: Apache-2.0
"""A configuration with digests in place of its secrets, to compare those of two hosts.

The key of the digests is random and new for each comparison. So a digest says nothing without its
key, and digests of two comparisons cannot be compared: weak secrets cannot be looked up.
"""

from __future__ import annotations

from ..fast_dataclasses import replace
from .model import SECRET_NAMES, Auth, Config, Target, Tpg

KEY_BYTES = 32


def with_digests(config: Config, key: bytes) -> Config:
    """Return a configuration whose secrets are HMAC-SHA-256 digests (RFC 2104) in hexadecimal."""
    # Imported here: importing it takes longer than most commands.
    import hmac

    def digest(secret: str | None) -> str | None:
        data = (secret or "").encode("utf-8", "surrogateescape")
        return hmac.digest(key, data, "sha256").hex() if secret else secret

    def of_auth(auth: Auth) -> Auth:
        return replace(auth, **{name: digest(getattr(auth, name)) for name in SECRET_NAMES})

    def of_tpg(tpg: Tpg) -> Tpg:
        acls = {wwn: replace(acl, auth=of_auth(acl.auth)) for wwn, acl in tpg.acls.items()}
        return replace(tpg, auth=of_auth(tpg.auth), acls=acls)

    def of_target(target: Target) -> Target:
        return replace(target, tpgs={tag: of_tpg(tpg) for tag, tpg in target.tpgs.items()})

    return replace(
        config,
        targets={key: of_target(target) for key, target in config.targets.items()},
        fabrics={
            name: replace(fabric, discovery_auth=of_auth(fabric.discovery_auth))
            for name, fabric in config.fabrics.items()
        },
    )
