"""pvmove on the simulated SAN, and what lvmpolld does for it."""

from collections.abc import Iterator, Sequence

from tests.support.san import Lv
from tests.support.san_lvm import FAILED, Answer, Lvm, Refusal
from tests.support.san_options import options_of
from tests.support.san_parts import Move, Run


def pvmove(lvm: Lvm, argv: Sequence[str]) -> Iterator[str | Answer]:
    """Move: its lines, and at the end its answer. Each line but the last stands for a moment it may be cut at."""
    try:
        lvm.lock_vg()
        name, move = _begin(lvm, argv)
    except Refusal as refusal:
        text = str(refusal)
        yield FAILED, "", text if text.endswith("\n") else f"  {text}\n"
        return
    source = lvm.san.lun_of(move.source).device(lvm.node.name)
    yield f"  {source}: Moved: 0.00%"
    if lvm.san.fails and lvm.node.log is not None:
        lvm.node.log.append(lvm.san.fails)
    yield from [f"  {source}: Moved: 48.50%"] * (1 + lvm.san.stalls)
    yield f"  {source}: Moved: 100.00%"
    if any(not lun.device(lvm.node.name) for lun in lvm.san.pvs()):
        yield FAILED, "", "  LVM command executed by lvmpolld failed.\n"
        return
    lv = lvm.lv(name)
    if lv.move is not move:
        yield 0, f"  {source}: No pvmove in progress - already finished or aborted.\n", ""
        return
    lv.runs = [run for run in lv.runs if run not in move.old] + move.new
    lv.move = None
    lvm.san.seqno += 1
    yield 0, "", ""


def abort(lvm: Lvm, argv: Sequence[str]) -> Answer:
    """End a move where its volume is active: what was not copied to its end stays where it was."""
    _, (device,) = options_of(argv, flags=("--abort",))
    if any(not lun.device(lvm.node.name) for lun in lvm.san.pvs()):
        return FAILED, "", "  LVM command executed by lvmpolld failed.\n"
    source = lvm.pv(device)
    return _end(lvm, [lv for lv in lvm.san.lvs.values() if lv.move and lv.move.source == source.uuid])


def poll(lvm: Lvm, argv: Sequence[str]) -> Answer:
    """End a move by the name of LVM's mirror, also with a PV missing."""
    flags = ("--abort", "--handlemissingpvs")
    options, (name,) = options_of(argv, flags=flags, valued=("--polloperation", "--interval"))
    assert (options["--polloperation"], name) == ("pvmove", f"{lvm.san.vg}/pvmove0")
    assert set(flags) <= set(options)
    return _end(lvm, [lv for lv in lvm.san.lvs.values() if lv.move and lv.uuid in lvm.node.active])


def _end(lvm: Lvm, moving: Sequence[Lv]) -> Answer:
    for lv in moving:
        if lv.uuid not in lvm.node.active:
            return FAILED, "", f"  LV {lvm.san.vg}/{lv.name} is not active here.\n"
        lv.move = None
        lvm.san.seqno += 1
        # The kernel goes on until the mirror is gone.
        if lvm.san.fails and lvm.node.log is not None:
            lvm.node.log.append(lvm.san.fails)
    return 0, "", ""


def _begin(lvm: Lvm, argv: Sequence[str]) -> tuple[str, Move]:
    options, (device, *targets) = options_of(argv, valued=("--config", "--interval", "--name"))
    if "--name" not in options:
        raise Refusal("pvmove in a shared VG requires a named LV.")
    if lvm.san.lock_type and "lvmpolld" not in lvm.node.daemons:
        raise Refusal("Enable lvmpolld when using lvmlockd.")
    device, *ranges = device.split(":")
    source = lvm.pv(device)
    name = options["--name"]
    lv = lvm.lv(name)
    lvm.lock(lv)
    under_way = next((other for other in lvm.san.lvs.values() if other.move and other.move.source == source.uuid), None)
    if under_way is not None:
        # LVM follows the move it finds on that PV, whatever it was told to move (lvm2 tools/pvmove.c).
        lvm.lock(under_way)
        lvm.node.active.add(under_way.uuid)
        assert under_way.move is not None
        return under_way.name, under_way.move
    if lv.layout not in ("linear", "striped") or lv.role != "public":
        raise Refusal(f"Skipping LV {lv.name}: it is not plain")
    old = _within(lv, source.uuid, ranges)
    if not old:
        raise Refusal(f"No data to move for {lvm.san.vg}.")
    open_to_it = lvm.open_to_new(targets, source.uuid)
    if lv.layout == "striped":
        # lvm2 lib/metadata/lv_manip.c: no stripe comes to lie on the PV of another one.
        others = {run.pv for run in lv.runs if run.pv != source.uuid}
        open_to_it = [pv for pv in open_to_it if pv not in others]
    new = lvm.room(sum(run.count for run in old), open_to_it)
    lvm.commit()
    lvm.node.active.add(lv.uuid)
    lv.move = Move(source.uuid, old, new)
    return name, lv.move


def _within(lv: Lv, pv: str, ranges: Sequence[str]) -> list[Run]:
    """Split a volume's runs at the borders of PE ranges; give those that lie within, all where there are none."""
    if not ranges:
        return [run for run in lv.runs if run.pv == pv]
    wanted = {pe for text in ranges for first, last in [text.split("-")] for pe in range(int(first), int(last) + 1)}
    split: list[Run] = []
    for run in lv.runs:
        for pe in range(run.start, run.start + run.count):
            inside = run.pv == pv and pe in wanted
            last_one = split[-1] if split and pe > run.start else None
            if last_one and (last_one.pv == pv and last_one.start in wanted) is inside:
                last_one.count += 1
            else:
                split.append(Run(run.pv, pe, 1))
    lv.runs = split
    return [run for run in split if run.pv == pv and run.start in wanted]
