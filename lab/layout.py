"""Describe how a storage is laid out, and read what `vmstore inventory export` wrote of one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import UsageError

# No layout is so large; a file that is, is something else.
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Run:
    """Extents beside each other on a PV, which is named by its WWID."""

    pv: str
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a volume: one run, or several in stripes of `stripe_size` bytes."""

    stripe_size: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Pv:
    """A PV of so many extents; `paths` counts the ways to its LUN."""

    wwid: str
    transport: str
    paths: int
    storage_class: str
    extents: int
    cordoned: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a volume is mounted; `used` is the part of its file system that is in use, in thousandths, 0 if unknown."""

    node: str
    directory: str
    filesystem: str
    used: int


@dataclass(frozen=True, slots=True)
class Volume:
    """An LV; `odd` says what one is that is neither linear nor striped, `held_by` names the nodes that have it."""

    name: str
    odd: str
    segments: tuple[Segment, ...]
    held_by: tuple[str, ...]
    mount: Mount | None

    @property
    def runs(self) -> Iterable[Run]:
        """List all its runs, in the order in which they make it up."""
        return (run for segment in self.segments for run in segment.runs)


@dataclass(frozen=True, slots=True)
class Layout:
    """A storage; `metadata_size` is what the VG's metadata may grow to, 0 if unknown, `silent` nodes did not answer."""

    vg: str
    extent: int
    lock_type: str
    metadata_size: int
    manager: str
    services: int
    nodes: tuple[str, ...]
    silent: tuple[str, ...]
    pvs: tuple[Pv, ...]
    volumes: tuple[Volume, ...]


def load(path: Path) -> dict[str, object]:
    """Read a file that holds a JSON object; raise UsageError."""
    why = f"it is larger than {LARGEST >> 20} MiB"
    try:
        # Of what never ends, such as /dev/zero, no more is read either.
        with path.open("rb") as stream:
            text = stream.read(LARGEST + 1)
        if len(text) <= LARGEST:
            document = json.loads(text)
            if isinstance(document, dict):
                return document
            why = "it is no JSON object"
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, RecursionError) as error:
        why = f"it is no JSON: {error}"
    raise UsageError(f"{path} cannot be read", why=why, hint="write it with `vmstore inventory export FILE`")
