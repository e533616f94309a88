"""Furnish a twin: make its volumes with the original's runs of extents, file systems on them, and mount these."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from lab import ssh, wiring
from lab.errors import LabError
from lab.layout import Run, Segment, Volume
from lab.record import Record
from lab.twin import EXT, Twin

Argv = list[str]
HOLD = "/opt/vmstore-src/lab/guest/hold"
# So many commands go through one ssh, which takes 0.4 s; then a line is said.
AT_ONCE = 16
SECONDS = 600


def furnish(twin: Twin, lab: Record, say: Callable[[str], None]) -> None:
    """Make all volumes on the first node, and have each node hold and mount its own."""
    first, *others = twin.topology.nodes
    names = {wwid: wiring.device(twin.topology, lun) for wwid, lun in twin.luns.items()}
    found = ssh.check(lab, first, shlex.join(["readlink", "-f", *names.values()])).split()
    devices = dict(zip(names, found, strict=True))
    _run(lab, first, [*made(twin, devices), *held(twin, first), *marked(twin, devices)], say)
    for node in others:
        _run(lab, node, held(twin, node), say)


def _run(lab: Record, node: str, commands: Iterable[Argv], say: Callable[[str], None]) -> None:
    lines = [shlex.join(argv) for argv in commands]
    for at in range(0, len(lines), AT_ONCE):
        try:
            told = ssh.check(lab, node, "\n".join(["set -e", *lines[at : at + AT_ONCE]]), seconds=SECONDS)
        except LabError as error:
            raise LabError("the twin could not be furnished", why=f"{node}: {error.why}", hint=error.hint) from error
        for line in told.splitlines():
            if line.startswith("hold: "):
                say(line.removeprefix("hold: "))
        say(f"{node}: {min(at + AT_ONCE, len(lines))} of {len(lines)} commands that make and mount volumes")


def made(twin: Twin, devices: Mapping[str, str]) -> Iterator[Argv]:
    """Give the commands that make all volumes with their file systems; `devices` are those of the LUNs, by WWID.

    All are made inactive, and then taken into use by one command.
    """
    vg, first = twin.topology.vg, twin.topology.nodes[0]
    for volume in twin.layout.volumes:
        yield from _made(vg, twin.named(volume), volume, devices)
    kinds = {twin.named(volume): kind for volume in twin.layout.volumes if (kind := filesystem(volume))}
    if kinds:
        yield _activate(twin, kinds)
    # What is not there need not be written: the LUNs are new, and read as zeroes.
    options = "nodiscard,lazy_itable_init=1,lazy_journal_init=1"
    for name, kind in kinds.items():
        yield ["mke2fs", "-q", "-F", "-t", kind, "-E", options, f"/dev/{vg}/{name}"]
    leave = [twin.named(volume) for volume in twin.layout.volumes if twin.holder(volume) != first]
    if leave := [f"{vg}/{name}" for name in leave if name in kinds]:
        yield ["lvchange", "-q", "-an", *leave]


def filesystem(volume: Volume) -> str:
    """Tell which file system to make: that which is mounted, ext4 where nobody knows, none on what is held as it is."""
    if volume.odd or (volume.held_by and not volume.mount):
        return ""
    return volume.mount.filesystem if volume.mount and volume.mount.filesystem in EXT else "ext4"


def held(twin: Twin, node: str) -> Iterator[Argv]:
    """Give the commands by which a node takes the volumes it holds, and mounts those that are mounted."""
    own = [volume for volume in twin.layout.volumes if twin.holder(volume) == node]
    if own:
        yield _activate(twin, map(twin.named, own))
    mounted = [(volume.mount, twin.named(volume)) for volume in own if volume.mount]
    # What is mounted below another comes after it.
    for mount, name in sorted(mounted, key=lambda each: each[0].directory):
        yield [HOLD, f"/dev/{twin.topology.vg}/{name}", mount.directory, str(mount.used)]


def marked(twin: Twin, devices: Mapping[str, str]) -> Iterator[Argv]:
    """Give the commands that note classes and cordons; the volumes lie on cordoned PVs by then."""
    for pv in twin.layout.pvs:
        tag = ["--addtag", f"vmstore.class={pv.storage_class}"]
        words = [
            *(["-x", "n"] if pv.cordoned else []),
            *(tag if pv.storage_class != twin.luns[pv.wwid].transport else []),
        ]
        if words:
            yield ["pvchange", "-q", *words, devices[pv.wwid]]


def _activate(twin: Twin, names: Iterable[str]) -> Argv:
    return [
        "lvchange",
        "-q",
        "-aey" if twin.topology.shared else "-ay",
        *(f"{twin.topology.vg}/{name}" for name in names),
    ]


def _made(vg: str, name: str, volume: Volume, devices: Mapping[str, str]) -> Iterator[Argv]:
    begin, *more = _joined(volume.segments)
    make = ["lvcreate", "-q", "-y", "-an", "-Wn", "-Zn", "--setautoactivation", "n", "-n", name]
    yield [*make, "-l", str(_extents(begin)), *_stripes(begin), vg, *_ranges(begin, devices)]
    for segment in more:
        size = f"+{_extents(segment)}"
        yield ["lvextend", "-q", "-y", "-l", size, *_stripes(segment), f"{vg}/{name}", *_ranges(segment, devices)]


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Put linear segments together that lie side by side, as LVM does; each other one costs a command."""
    found: list[Segment] = list(segments[:1])
    for before, segment in pairwise(segments):
        last, run = found[-1].runs[-1], segment.runs[0]
        beside = last.pv == run.pv and last.start + last.count == run.start
        if beside and len(before.runs) == len(segment.runs) == 1:
            found[-1] = Segment(0, (Run(last.pv, last.start, last.count + run.count),))
        else:
            found.append(segment)
    return found


def _extents(segment: Segment) -> int:
    return sum(run.count for run in segment.runs)


def _stripes(segment: Segment) -> list[str]:
    # Said also of a linear one: LVM would go on with the stripes of what there is.
    size = ["-I", f"{segment.stripe_size}b"] if segment.stripe_size else []
    return ["-i", str(len(segment.runs)), *size]


def _ranges(segment: Segment, devices: Mapping[str, str]) -> list[str]:
    return [f"{devices[run.pv]}:{run.start}-{run.start + run.count - 1}" for run in segment.runs]
