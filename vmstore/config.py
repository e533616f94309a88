"""Read /etc/vmstore/vmstore.toml into typed settings; whatever is unknown or odd in it is refused by its key."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vmstore import names, sizes
from vmstore.errors import ConfigError, UsageError

DEFAULT_PATH = Path("/etc/vmstore/vmstore.toml")
ENVIRONMENT = "VMSTORE_CONFIG"

Days = Annotated[int, Meta(ge=0, le=3650)]
Seconds = Annotated[int, Meta(ge=1, le=3600)]
VgName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", max_length=60)]


class Ssh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How nodes are reached. ``config`` is an ssh_config file in place of the user's own."""

    config: str = ""
    user: Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_-]*\Z")] = "root"
    connect_timeout: Seconds = 5
    answer_timeout: Seconds = 30


class FileSystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``create`` makes on a volume. ``reserved_percent`` is mke2fs -m."""

    type: Literal["ext3", "ext4"] = "ext4"
    reserved_percent: Annotated[int, Meta(ge=0, le=50)] = 0


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where new extents go when no class is asked for: the first class here that has room.

    Of a class, the PV with most room comes ``first``, or the one with least that can take all. ``spread`` is whether a
    volume for which none has room may lie on several. ``reserve`` is how much of a class stays free, such as
    ``{ fc = "100G" }``. The VMs of each group in ``apart`` share no PV.
    """

    classes: tuple[str, ...] = ()
    first: Literal["emptiest", "fullest"] = "emptiest"
    spread: bool = True
    reserve: dict[str, str] = {}
    apart: tuple[tuple[str, ...], ...] = ()


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How ``evacuate`` copies.

    ``region_mib`` is activation/raid_region_size, ``poll_seconds`` pvmove -i. ``piece_mib`` is the most that one
    command moves, 0 for whole volumes. VMs in ``last`` move after all others, the last of them last; those in
    ``exclude`` stay. ``rate`` is how much a second at most, such as "50M"; "" for no limit. ``window`` is the time of
    the day at which volumes move, such as "22:00-06:00"; "" for any. ``engine`` is the way each volume is moved in,
    auto for the fastest one that can be used, ``together`` how many at once where that allows it.
    """

    region_mib: Literal[1, 2, 4, 8, 16, 32, 64] = 16
    poll_seconds: Annotated[int, Meta(ge=1, le=60)] = 1
    piece_mib: Annotated[int, Meta(ge=0, le=2**30)] = 8192
    rate: str = ""
    window: str = ""
    engine: Literal["auto", "mirror", "raid1", "used"] = "auto"
    together: Annotated[int, Meta(ge=1, le=64)] = 4
    last: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a copy stands back for others, as is seen on the node that copies.

    ``beside_percent`` is the share of its time that it takes while others use the same PVs, 100 for no regard. From two
    limits on it stands still, 0 for none: ``pressure_percent`` is the share of the time in which somebody there waits
    for I/O (PSI, "some", over 10 s), ``latency_ms`` the mean time of an I/O on the PVs that are copied from and to.
    """

    beside_percent: Annotated[int, Meta(ge=1, le=100)] = 40
    pressure_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    latency_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class ClusterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cluster manager and what it runs.

    ``directory`` is where each VM's volume is mounted, below its own name. ``agents`` are what a new service is
    made of under Pacemaker. ``push`` is how cluster.conf comes to all nodes, ``autostart`` whether a service that was
    started once shall start together with the cluster, both under rgmanager. ``patience`` are the seconds that a
    service may take to start, stop or move.
    """

    manager: Literal["auto", "rgmanager", "pacemaker", "none"] = "auto"
    agents: Literal["bundled", "stock"] = "bundled"
    directory: Annotated[str, Meta(pattern=r"^(/[A-Za-z0-9_.-]+)+\Z")] = "/vm"
    hypervisor: Literal["auto", "libvirt", "vmware1", "vmware2"] = "auto"
    domain: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]*\Z")] = ""
    push: Literal["auto", "copy", "ccs_tool", "ricci"] = "auto"
    autostart: bool = True
    patience: Seconds = 300


class Fills(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When something that fills up is told of (``warn``) and when it is as good as full (``block``).

    Either is a share that may be used, such as "80%", or a size that must be left, such as "100G", or "none".
    """

    warn: str = "70%"
    block: str = "90%"


class Grows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same of what grows, too; see policies/thresholds.py for each key."""

    warn: str = "80%"
    block: str = "95%"
    reserve: str = "none"
    jump: str = "10%"
    warn_days: Days = 30
    crit_days: Days = 7


class PvLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That PVs are full one by one is how volumes are placed, so there is no limit for them."""

    warn: str = "none"
    block: str = "none"
    reserve: str = "none"
    cordon_days: Days = 7


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a class or a VM has of its own; the rest is as of its kind."""

    warn: str | None = None
    block: str | None = None
    reserve: str | None = None
    jump: str | None = None
    warn_days: Days | None = None
    crit_days: Days | None = None


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"each": "class"}):
    """What ``report`` tells of: of every class, PV, VM (its file system), the VG, its metadata and its LV for locks.

    ``classes`` and ``vms`` are those that have limits of their own. The values here are what is shipped.
    """

    each: Grows = Grows()
    pv: PvLimits = PvLimits()
    vm: Grows = Grows(warn="85%")
    vg: Grows = Grows()
    metadata: Fills = Fills()
    lock: Fills = Fills("80%", "95%")
    classes: dict[str, Own] = {}
    vms: dict[str, Own] = {}


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where ``report`` keeps its history on the host it runs on, and for how long.

    A damaged ``history`` is renamed, so its name must end in .db, lest a slip here name another file. For
    ``hourly_days`` every hour is kept, then a row a day until ``daily_days``. ``sizes`` are those of VMs of which it
    tells how many more there is room for.
    """

    history: Annotated[str, Meta(pattern=r"^(/[A-Za-z0-9_.-]+)+\.db\Z")] = "/var/lib/vmstore/history.db"
    hourly_days: Annotated[int, Meta(ge=2, le=90)] = 14
    daily_days: Annotated[int, Meta(ge=30, le=3650)] = 400
    sizes: tuple[str, ...] = ("20G", "100G")


class GrowthRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When and by how much ``policy apply`` grows volumes; what is not set is as of all, or as shipped.

    ``over`` is the share of a file system in use from which on its volume grows, ``free`` the bytes that are to be free
    in it. It grows by ``step``, in 24 hours by ``daily`` at most, and up to ``most``. Read by policies.growth.
    """

    grow: bool | None = None
    over: str | None = None
    free: str | None = None
    step: str | None = None
    daily: str | None = None
    most: str | None = None


class Growth(GrowthRule, frozen=True, forbid_unknown_fields=True):
    """The rules of growth for all volumes, and those of classes and of VMs that have their own."""

    classes: dict[str, GrowthRule] = {}
    vms: dict[str, GrowthRule] = {}


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where changes are logged: ``file`` is a path, none, or auto: /var/log/vmstore.log, or a user's own."""

    file: Annotated[str, Meta(pattern=r"^(auto|none|/.+)\Z")] = "auto"
    syslog: bool = True


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. With no ``nodes`` this host is the only one, and nothing is reached over ssh."""

    vg: VgName = "vmstore"
    nodes: tuple[str, ...] = ()
    ssh: Ssh = msgspec.field(default_factory=Ssh)
    filesystem: FileSystem = msgspec.field(default_factory=FileSystem)
    placement: Placement = msgspec.field(default_factory=Placement)
    move: Move = msgspec.field(default_factory=Move)
    load: Load = msgspec.field(default_factory=Load)
    cluster: ClusterSettings = msgspec.field(default_factory=ClusterSettings)
    log: LogSettings = msgspec.field(default_factory=LogSettings)
    report: Report = msgspec.field(default_factory=Report)
    thresholds: Thresholds = msgspec.field(default_factory=Thresholds)
    growth: Growth = msgspec.field(default_factory=Growth)


def load(path: Path | None = None) -> Config:
    """Read the configuration from ``path``, $VMSTORE_CONFIG or /etc/vmstore/vmstore.toml; defaults if there is none.

    Raises ConfigError for a file that is named and missing, that others may write to, that is no TOML, or
    that holds a key or value which is not known.
    """
    file, text = _read(path)
    return Config() if text is None else parse(text, str(file))


def given(path: Path | None = None) -> Mapping[str, Any]:
    """Give what the file itself sets, table by table, for whoever must tell that from the defaults; see load."""
    _, text = _read(path)
    return tomllib.loads(text or "")


def _read(path: Path | None) -> tuple[Path, str | None]:
    """Read the file; None where there is none and none was named."""
    named = _named(path)
    file = named or DEFAULT_PATH
    try:
        _refuse_unsafe(file)
        return file, file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named is None:
            return file, None
        raise ConfigError(
            f"no configuration at {file}", why="the file does not exist", hint="name another with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}", why=str(error), hint="mend the file or its mode") from None


def file_of(path: Path | None) -> Path:
    """Give the file that ``load`` reads."""
    return _named(path) or DEFAULT_PATH


def _named(path: Path | None) -> Path | None:
    return path or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)


def parse(text: str, source: str) -> Config:
    """Turn TOML text into settings; ``source`` names the file in errors. Raises ConfigError."""
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
        _check(config)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML", why=str(error), hint="mend that line") from None
    except msgspec.ValidationError as error:
        why, _, place = str(error).partition(" - at ")
        key = ".".join(filter(None, (_key(place), _unknown_key(why))))
        line = _line_of(text, key)
        where = f"{source}:{line}" if line else source
        raise ConfigError(
            f"{where}: {key or 'a key'} is not valid", why=why, hint="`man vmstore.toml` has every key"
        ) from None
    except UsageError as error:
        raise ConfigError(f"{source}: {error.what}", why=error.why, hint=error.hint) from None
    return config


def _check(config: Config) -> None:
    for node in config.nodes:
        names.node(node)
    for name in config.placement.classes:
        names.storage_class(name)
    for name, size in config.placement.reserve.items():
        names.storage_class(name)
        sizes.parse(size)
    for vm in (*config.move.last, *config.move.exclude, *(vm for group in config.placement.apart for vm in group)):
        names.vm(vm, config.vg)
    if config.move.rate:
        sizes.rate(config.move.rate)
    for name in (*config.thresholds.classes, *config.growth.classes):
        names.storage_class(name)
    for vm in (*config.thresholds.vms, *config.growth.vms):
        names.vm(vm, config.vg)
    for size in config.report.sizes:
        try:
            sizes.parse(size)
        except UsageError as error:
            raise UsageError(f"report.sizes: {error.what}", why=error.why, hint=error.hint) from None
    for twice in config.nodes, config.placement.classes:
        if len(set(twice)) != len(twice):
            raise UsageError("a name stands twice in one list", why=", ".join(twice), hint="keep one of each")


def _key(place: str) -> str:
    return place.strip("`").removeprefix("$").removeprefix(".")


def _unknown_key(why: str) -> str:
    # msgspec: "Object contains unknown field `x` - at `$.ssh`"; the place is that of the table.
    match = re.search(r"unknown field `([^`]*)`", why)
    return match[1] if match else ""


def _line_of(text: str, key: str) -> int:
    """Find the line of a key such as ``ssh.user``; tomllib does not tell it. 0 where it is written in another way."""
    # msgspec does not tell the name of a table within a table.
    outer, named, inner = key.partition("[...].")
    whole = key.partition("[")[0]
    table, _, last = (outer, "", inner) if named else whole.rpartition(".")
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.fullmatch(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?", line)
        if heading:
            inside = heading[1]
        name = line.split("=")[0].strip(" \t\"'")
        within = inside.startswith(f"{table}.") if named else inside == table
        if last and (inside == whole if heading and not named else within and name == last):
            return number
    return 0


def _refuse_unsafe(file: Path) -> None:
    # Whoever can write to the file decides which hosts root's commands go to. As with ssh's own files, a
    # user other than root may keep one for himself, for work from his workstation.
    for place in (file, file.resolve().parent):
        status = place.stat()
        sticky = bool(status.st_mode & stat.S_ISVTX) and place != file
        if status.st_uid not in (0, os.geteuid()) or (status.st_mode & 0o022 and not sticky):
            raise ConfigError(
                f"{file} is not safe to use",
                why=f"others than its owner can write to {place}",
                hint=f"chown root {place}; chmod go-w {place}",
            )
