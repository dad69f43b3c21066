# SPDX-License-Identifier: Apache-2.0
"""Random configurations over few names, so that two of them have much in common."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from rtslib_ext import schema
from rtslib_ext.config.backing import Backing, Block, FileIO, RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.kernel.abi import DEFAULT_GROUP
from rtslib_ext.schema import Attribute, Kind

from ..expected import RELEASE

FILES = "/tmp/plan"
DISKS = tuple(f"disk{number}" for number in range(4))
HOSTS = tuple(f"iqn.2003-01.org.example:host{number}" for number in range(3))
IQNS = tuple(f"iqn.2003-01.org.example:store{number}" for number in range(2))
NAA = "naa.5001405000000001"
MIB = 1 << 20
LU_GROUPS = {"left": "1", "right": "2"}
SERIALS = ("0a1b2c3d", "4e5f6a7b")

# Of these a value is refused for what another one has, or the kernel makes another of it:
# they are tried one by one elsewhere (test_schema.py).
APART = {
    "block_size",
    "optimal_sectors",
    "pi_prot_format",
    "pi_prot_type",
    "pi_prot_verify",
    "queue_depth",
    "alua_support",
    "pgr_support",
    "emulate_dpo",
    "emulate_fua_read",
    "emulate_tpu",
    "emulate_tpws",
    "unmap_zeroes_data",
    "emulate_write_cache",
    "emulate_fua_write",
    "max_write_same_len",
    "max_unmap_block_desc_count",
    "max_unmap_lba_count",
    "unmap_granularity",
    "unmap_granularity_alignment",
    "tpg_enabled_sendtargets",
}


def value_of(row: Attribute) -> st.SearchStrategy[str]:
    """Values that the schema calls legal."""
    if row.kind is Kind.BOOL:
        return st.sampled_from(("0", "1"))
    if row.kind is Kind.YESNO:
        return st.sampled_from(("Yes", "No"))
    if row.choices:
        return st.sampled_from([value for value, _ in row.choices])
    low = row.low or 0
    high = min(row.high if row.high is not None else low + 50, low + 50)
    return st.integers(low, high).map(str)


def some_of(rows: Mapping[str, Attribute]) -> st.SearchStrategy[dict[str, str]]:
    """A few settings with values."""
    usable = {
        name: value_of(row)
        for name, row in rows.items()
        if name not in APART and row.writable and row.kind is not Kind.STRING and not row.many
    }
    return st.fixed_dictionaries({}, optional=usable).map(
        lambda found: dict(sorted(found.items())[:8])
    )


def of_kernel(rows: tuple[Attribute, ...]) -> dict[str, Attribute]:
    """What the kernel that runs has, by name."""
    return {row.name: row for row in rows if row.in_kernel(RELEASE)}


ATTRIBUTES = {
    plugin: some_of(of_kernel(schema.storage_objects(plugin)))
    for plugin in ("ramdisk", "fileio", "block")
}
# iscsi_target_tpg.c, iscsit_ta_cache_dynamic_acls: always 1 while ACLs are made by themselves.
TPG_ATTRIBUTES = some_of(of_kernel(schema.tpg_attributes("iscsi"))).filter(
    lambda found: found.get("generate_node_acls") != "1" or "cache_dynamic_acls" not in found
)
TPG_PARAMETERS = some_of(of_kernel(schema.GROUPS["tpg_parameter"]))
ACL_ATTRIBUTES = some_of(of_kernel(schema.GROUPS["acl_attribute"]))

words = st.text("abcdefgh XYZ\"'\\{}0123456789", min_size=1, max_size=12).map(
    lambda text: f"x{text.strip()}"
)
credentials = st.builds(
    Auth,
    userid=st.just("") | words,
    password=st.just("") | words,
    mutual_userid=st.just("") | words,
    mutual_password=st.just("") | words,
)


def backings(name: str) -> st.SearchStrategy[Backing]:
    """What may stand behind a storage object of a name."""
    number = DISKS.index(name)
    sizes = st.sampled_from((MIB, 2 * MIB))
    return st.one_of(
        st.builds(RamDisk, size=sizes, nullio=st.booleans()),
        st.builds(
            FileIO,
            dev=st.just(f"{FILES}/{name}"),
            size=sizes,
            write_back=st.booleans(),
        ),
        st.builds(Block, dev=st.just(f"/dev/ram{number}"), readonly=st.booleans()),
    )


GROUP_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "alua_access_state": st.sampled_from(("0", "1", "2", "3")),
        "alua_access_type": st.sampled_from(("0", "1", "2", "3")),
        "alua_support_standby": st.sampled_from(("0", "1")),
        "alua_support_unavailable": st.sampled_from(("0", "1")),
        "preferred": st.sampled_from(("0", "1")),
        "nonop_delay_msecs": st.integers(0, 100).map(str),
        "implicit_trans_secs": st.integers(0, 30).map(str),
    },
)


@st.composite
def alua_groups(draw: st.DrawFn) -> dict[str, AluaGroup]:
    """The default group and others, their tags unlike."""
    names = draw(st.lists(st.sampled_from(("gold", "silver", "tin")), unique=True, max_size=2))
    tags = draw(st.lists(st.integers(1, 5), unique=True, min_size=len(names), max_size=len(names)))
    groups = {DEFAULT_GROUP: AluaGroup(DEFAULT_GROUP, 0, draw(GROUP_SETTINGS))}
    for name, tag in zip(names, tags, strict=True):
        groups[name] = AluaGroup(name, tag, draw(GROUP_SETTINGS))
    return groups


@st.composite
def storage_objects(draw: st.DrawFn, name: str, lu_groups: list[str]) -> StorageObject:
    """One storage object with settings of all sorts."""
    backing = draw(backings(name))
    return StorageObject(
        name=name,
        backing=backing,
        wwn=f"{draw(st.sampled_from(SERIALS))}-{name}",
        attributes=draw(ATTRIBUTES[backing.plugin]),
        alua_groups=draw(alua_groups()),
        identity=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "vendor_id": st.sampled_from(("ACME", "OTHER")),
                    "revision": st.sampled_from(("1.0", "2")),
                    "company_id": st.sampled_from(("0x00aabb", "0x00ccdd")),
                },
            )
        ),
        alias=draw(st.none() | st.sampled_from(("red", "blue"))),
        lu_group=draw(st.none() | st.sampled_from(lu_groups)) if lu_groups else None,
    )


@st.composite
def luns(draw: st.DrawFn, objects: list[StorageObject]) -> dict[int, Lun]:
    """LUNs for some of the objects, in any order of numbers."""
    chosen = draw(st.lists(st.sampled_from(objects), unique_by=id, max_size=3)) if objects else []
    numbers = draw(
        st.lists(st.integers(0, 4), unique=True, min_size=len(chosen), max_size=len(chosen))
    )
    return {
        index: Lun(
            index,
            so.key,
            alias=f"lun{index}",
            alua_group=draw(st.sampled_from(sorted(so.alua_groups))),
            alua={"alua_tg_pt_offline": draw(st.sampled_from(("0", "1")))},
        )
        for index, so in zip(numbers, chosen, strict=True)
    }


@st.composite
def acls(draw: st.DrawFn, exported: dict[int, Lun]) -> dict[str, NodeAcl]:
    """Initiators with mapped LUNs under any numbers."""
    found = {}
    for wwn in draw(st.lists(st.sampled_from(HOSTS), unique=True, max_size=2)):
        shown = draw(st.lists(st.sampled_from(sorted(exported)), unique=True)) if exported else []
        numbers = draw(
            st.lists(st.integers(0, 5), unique=True, min_size=len(shown), max_size=len(shown))
        )
        mapped = {
            index: MappedLun(index, lun, draw(st.booleans()), alias=f"map{index}")
            for index, lun in zip(numbers, shown, strict=True)
        }
        found[wwn] = NodeAcl(
            wwn,
            mapped,
            draw(ACL_ATTRIBUTES),
            draw(credentials),
            tag=draw(st.none() | st.sampled_from(("web", "db"))),
            cmdsn_depth=draw(st.none() | st.integers(1, 80).map(str)),
        )
    return found


@st.composite
def iscsi_tpgs(draw: st.DrawFn, tag: int, first_port: int, objects: list[StorageObject]) -> Tpg:
    """One TPG of iSCSI."""
    exported = draw(luns(objects))
    ports = draw(st.lists(st.integers(0, 2), unique=True, max_size=2))
    portals = [Portal("127.0.0.1", first_port + port) for port in ports]
    return Tpg(
        tag=tag,
        enable=draw(st.booleans()),
        attributes=draw(TPG_ATTRIBUTES),
        parameters=draw(TPG_PARAMETERS),
        auth=draw(credentials),
        luns=exported,
        portals={portal.name: portal for portal in portals},
        acls=draw(acls(exported)),
    )


@st.composite
def targets(draw: st.DrawFn, objects: list[StorageObject]) -> dict[tuple[str, str], Target]:
    """Targets of iSCSI with one TPG or two, and one of the loopback fabric."""
    found = {}
    for number in draw(st.lists(st.integers(0, 1), unique=True)):
        tags = draw(st.lists(st.integers(1, 2), unique=True, min_size=1))
        tpgs = {tag: draw(iscsi_tpgs(tag, 3260 + 20 * number + 10 * tag, objects)) for tag in tags}
        found["iscsi", IQNS[number]] = Target("iscsi", IQNS[number], tpgs)
    if draw(st.booleans()):
        nexus = draw(st.sampled_from(("naa.500140500000000a", "naa.500140500000000b")))
        tpg = Tpg(1, luns=draw(luns(objects)), nexus=nexus)
        found["loopback", NAA] = Target("loopback", NAA, {1: tpg})
    return found


@st.composite
def fabric_settings(draw: st.DrawFn) -> FabricSettings:
    """Discovery authentication, required only with credentials."""
    auth = draw(credentials)
    possible = bool(auth.userid and auth.password)
    return FabricSettings("iscsi", auth, draw(st.booleans()) and possible)


@st.composite
def configurations(draw: st.DrawFn) -> Config:
    """A whole configuration."""
    names = draw(st.lists(st.sampled_from(sorted(LU_GROUPS)), unique=True))
    disks = draw(st.lists(st.sampled_from(DISKS), unique=True))
    objects = [draw(storage_objects(name, names)) for name in disks]
    settings = draw(st.none() | fabric_settings())
    return Config(
        storage_objects={so.key: so for so in objects},
        targets=draw(targets(objects)),
        fabrics={"iscsi": settings} if settings else {},
        lu_groups={name: LU_GROUPS[name] for name in names},
    )
