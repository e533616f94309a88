"""Tell how much of LVM's hidden LV lvmlock the leases of sanlock take."""

from collections.abc import Iterable

LV = "lvmlock"
# lvm2 daemons/lvmlockd/lvmlockd-sanlock.c: 65 areas for the hosts, one for the global lock, one for the VG's, then one
# for each LV. An area is 1 MiB on disks of 512-byte sectors, up to 8 MiB on others.
_FIRST = 67
_AREAS = (8 * 2**20, 4 * 2**20, 2 * 2**20, 2**20)


def used(lockargs: Iterable[str]) -> int:
    """Count the bytes, from what LVM says of each LV's lock, such as ``1.0.0:70254592``; 0 where no LV has a lease."""
    offsets = [int(end) for _, colon, end in (text.rpartition(":") for text in lockargs) if colon and end.isdecimal()]
    if not offsets:
        return 0
    fitting = (area for area in _AREAS if min(offsets) >= _FIRST * area and not any(at % area for at in offsets))
    return (_FIRST + len(offsets)) * next(fitting, _AREAS[-1])
