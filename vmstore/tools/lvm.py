"""Build LVM's command lines, and say what went wrong when LVM refuses. Which node runs them is the caller's choice."""

import time
from collections.abc import Callable, Sequence

from vmstore.errors import ClusterUnusable, Locked, NoRoom, ToolFailed, VmstoreError
from vmstore.run import Result

# 376 KB of metadata text for 1,000 one-segment LVs were measured, and LVM keeps two whole copies in the area
# (lvm2 lib/format_text/format-text.c): 5,000 LVs want 3.8 MB, and four times that leaves room for segments.
METADATA_ROOM = "16m"
RETRIES = 8
PROGRAMS = frozenset({
    "lvchange", "lvconvert", "lvcreate", "lvextend", "lvremove", "lvrename",
    "pvchange", "pvmove", "pvremove", "vgextend", "vgreduce",
})  # fmt: skip
# lvm2 lib/locking/lvmlockd.c: locks of the VG or of all VGs are short, so waiting helps. The lock of an LV is
# kept while the LV is active, so waiting for it does not.
_PASSING = ("lock failed: held by other host", "lock start in progress", "Failed to lock VG")
# lvm2 lib/metadata/metadata.c and lib/locking/lvmlockd.c: without the lock space LVM may read, and change nothing.
_NO_LOCKS = ("in shared VG", "lockspace is inactive")
_NO_ROOM = ("nsufficient free space", "nsufficient suitable", "No specified PVs have space available")


def create(
    vg: str,
    lv: str,
    extents: int,
    pvs: Sequence[str],
    *,
    shared: bool,
    knows_autoactivation: bool,
    wipe: bool = True,
    tags: Sequence[str] = (),
) -> list[str]:
    """Make a linear LV on these PVs, active here alone.

    ``wipe``: old signatures are removed, so that mkfs has no question; what is written over needs none of that.
    """
    return [
        "lvcreate", "--yes", "--wipesignatures", "y" if wipe else "n", *([] if wipe else ["--zero", "n"]),
        # Proxmox bug 4997: an LV that other nodes activate by themselves leaves ghosts there after its removal.
        *(["--setautoactivation", "n"] if knows_autoactivation else []),
        "--activate", "ey" if shared else "y",
        *(word for tag in tags for word in ("--addtag", tag)),
        "--name", lv, "--extents", str(extents), vg, *pvs,
    ]  # fmt: skip


def extend(vg: str, lv: str, extents: int, pvs: Sequence[str]) -> list[str]:
    """Make an LV this many extents long, with the new ones on these PVs."""
    return ["lvextend", "--extents", str(extents), f"{vg}/{lv}", *pvs]


def activate(vg: str, lv: str, *, shared: bool) -> list[str]:
    """Activate an LV on the node that runs this; exclusively where cluster locks can say so."""
    return ["lvchange", "--activate", "ey" if shared else "y", f"{vg}/{lv}"]


def start_locks(vg: str) -> list[str]:
    """Have lvmlockd join the lock space of a shared VG; that it has done so already is a success."""
    return ["vgchange", "--lockstart", vg]


def deactivate(vg: str, *lvs: str) -> list[str]:
    """Deactivate LVs on the node that runs this."""
    return ["lvchange", "--activate", "n", *(f"{vg}/{lv}" for lv in lvs)]


def rename(vg: str, old: str, new: str) -> list[str]:
    """Give an LV another name."""
    return ["lvrename", vg, old, new]


def exists(vg: str, lv: str) -> list[str]:
    """Ask whether there is an LV of that name, without a lock; it fails where there is none."""
    return ["lvs", "--readonly", "--noheadings", "-o", "lv_name", f"{vg}/{lv}"]


def is_gone(answer: Result) -> bool:
    """Tell from that answer whether there is none (lvm2 tools/toollib.c); any other failure tells nothing."""
    return not answer.ok and "Failed to find logical volume" in answer.err


def remove(vg: str, lv: str) -> list[str]:
    """Remove an LV that is active nowhere."""
    return ["lvremove", "--yes", f"{vg}/{lv}"]


def move(vg: str, lv: str, source: str, targets: Sequence[str], *, region_mib: int, poll_seconds: int) -> list[str]:
    """Move the extents of one LV off a PV; run again, it follows a move that is already under way.

    With cluster locks pvmove wants a named LV (lvm2 tools/pvmove.c). The size of a region bounds what is copied
    at once, since dm-mirror recovers one region at a time (Linux drivers/md/dm-raid1.c, MAX_RECOVERY).
    """
    return [
        "pvmove", "--config", f"activation/raid_region_size={region_mib * 1024}",
        "--interval", str(poll_seconds), "--name", f"{vg}/{lv}", source, *targets,
    ]  # fmt: skip


def abort_move(source: str) -> list[str]:
    """End the move off a PV; what was copied to its end stays where it went (pvmove(8))."""
    return ["pvmove", "--abort", source]


def abort_move_without(vg: str, mover: str) -> list[str]:
    """End a move, by the name of LVM's mirror, though a PV is missing, which ``pvmove --abort`` refuses.

    It is what pvmove has lvmpolld do, told to go without (lvm2 tools/lvpoll.c, tools/args.h: handlemissingpvs).
    """
    words = ["--polloperation", "pvmove", "--abort", "--handlemissingpvs", "--interval", "1"]
    return ["lvm", "lvpoll", *words, f"{vg}/{mover}"]


def add_leg(vg: str, lv: str, pvs: Sequence[str]) -> list[str]:
    """Give a linear LV a second leg on these PVs, which the kernel brings into sync by itself."""
    return ["lvconvert", "--yes", "--type", "raid1", "--mirrors", "1", f"{vg}/{lv}", *pvs]


def drop_leg(vg: str, lv: str, pvs: Sequence[str]) -> list[str]:
    """Make an LV of two legs linear: without the leg that lies on these PVs."""
    return ["lvconvert", "--yes", "--mirrors", "0", f"{vg}/{lv}", *pvs]


def repair_sync(vg: str, lv: str) -> list[str]:
    """Have the kernel make all legs of a volume alike, by the first one (lvmraid(7), scrubbing)."""
    return ["lvchange", "--syncaction", "repair", f"{vg}/{lv}"]


def limit_sync(vg: str, lv: str, rate: int) -> list[str]:
    """Bring legs into sync at so many bytes a second at most; 0 for no limit."""
    return ["lvchange", "--maxrecoveryrate", f"{max(1, rate // 1024) if rate else 0}k", f"{vg}/{lv}"]


def change_pv(
    pv: str, *, allocatable: bool | None = None, add: Sequence[str] = (), drop: Sequence[str] = ()
) -> list[str]:
    """Change what is noted of a PV in one commit: whether it takes new extents, and its tags."""
    flag = [] if allocatable is None else ["--allocatable", "y" if allocatable else "n"]
    added = [word for tag in add for word in ("--addtag", tag)]
    dropped = [word for tag in drop for word in ("--deltag", tag)]
    return ["pvchange", *flag, *added, *dropped, pv]


def add_pv(vg: str, device: str) -> list[str]:
    """Make a device a PV of the VG in one command, with room in its metadata for 5,000 volumes."""
    return ["vgextend", "--metadatasize", METADATA_ROOM, vg, device]


def drop_pv(vg: str, pv: str) -> list[str]:
    """Take an empty PV out of the VG."""
    return ["vgreduce", vg, pv]


def wipe_pv(pv: str) -> list[str]:
    """Remove the PV label from a device that no VG uses any more."""
    return ["pvremove", pv]


def vg_of(device: str) -> list[str]:
    """Show which VG a PV belongs to, without a lock."""
    return ["pvs", "--readonly", "--noheadings", "-o", "vg_name", device]


def run(command: Callable[[], Result], *, pause: Callable[[float], None] = time.sleep) -> Result:
    """Run one LVM command, again after a random pause while another host holds the VG's short lock."""
    result = command()
    for attempt in range(RETRIES):
        if result.ok or not any(sign in result.err for sign in _PASSING):
            return result
        pause((0.2 + time.time() % 0.3) * (attempt + 1))  # the clock's fraction spreads hosts as well as chance would
        result = command()
    return result


def failure(what: str, node: str, result: Result) -> VmstoreError:
    """Turn a failed LVM command into the error of its cause (texts of lvm2 lib/locking and lib/metadata)."""
    told = f"{node}: {result.reason()}"
    if "locked by other host" in result.err:
        return Locked(
            f"{what}: another node holds the volume",
            why=told,
            hint="see who holds it with `vmstore list`, and run this again",
        )
    if any(sign in result.err for sign in _PASSING):
        return Locked(f"{what}: the VG is locked", why=told, hint="another node works on the VG; try again soon")
    if any(sign in result.err for sign in _NO_LOCKS):
        return ClusterUnusable(what, why=told, hint=f"on {node}: vgchange --lockstart, then run this again")
    if any(sign in result.err for sign in _NO_ROOM):
        return NoRoom(what, why=told, hint="look at `vmstore pv list` for free space")
    return ToolFailed(what, why=told, hint=f"run it on {node} to see all it says: {' '.join(result.argv)}")
