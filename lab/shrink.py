"""Make a layout smaller, so that what takes hours on the real storage takes minutes on an emulated one. Pure."""

from dataclasses import replace

from lab.layout import Layout, Pv, Run, Segment, Volume


def shrink(layout: Layout, by: int) -> Layout:
    """Divide every run, and every gap between runs, by a number, each rounded up to whole extents.

    So each PV keeps its runs in their order, what lay side by side still does, and no free room is lost.
    """
    placed: dict[Run, Run] = {}
    pvs = tuple(_pv(layout, pv, by, placed) for pv in layout.pvs)
    return replace(layout, pvs=pvs, volumes=tuple(_volume(volume, placed) for volume in layout.volumes))


def _pv(layout: Layout, pv: Pv, by: int, placed: dict[Run, Run]) -> Pv:
    runs = sorted((run for volume in layout.volumes for run in volume.runs if run.pv == pv.wwid), key=lambda r: r.start)
    before = end = 0
    for run in runs:
        start = end + _up(run.start - before, by)
        placed[run] = Run(pv.wwid, start, _up(run.count, by))
        before, end = run.start + run.count, start + placed[run].count
    return replace(pv, extents=end + _up(pv.extents - before, by))


def _volume(volume: Volume, placed: dict[Run, Run]) -> Volume:
    segments = tuple(Segment(each.stripe_size, tuple(placed[run] for run in each.runs)) for each in volume.segments)
    return replace(volume, segments=segments)


def _up(count: int, by: int) -> int:
    return -(-count // by)
