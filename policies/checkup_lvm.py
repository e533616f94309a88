"""Check that LVM can work on every node: its daemons and locks, the devices that it takes, who activates. Pure."""

from collections.abc import Iterator, Mapping

from vmstore.policies.findings import Finding, Level, Mend, Seen, listed, most

_LVM_CONF = "/etc/lvm/lvm.conf"
# An LVM that is too old for one of these goes by what newer ones do without it.
_SAME = {"filter": "", "global_filter": "", "use_devicesfile": "0"}
# So many volumes are named in a command; more are switched off by the VG's own switch.
_NAMED = 8


def lock_daemon(seen: Seen) -> Iterator[Finding]:
    """Find nodes on which lvmlockd is off, VMS-D10."""
    for node, facts in seen.world.nodes.items() if seen.world.vg.lockd else ():
        checkup = seen.nodes.get(node)
        if checkup and checkup.settings.get("use_lvmlockd") == "0":
            mend = (_set(node, "use_lvmlockd"), *_start(seen, node))
            yield Finding("VMS-D10", Level.ERROR, "node", node, f"use_lvmlockd is 0 in {_LVM_CONF}", mend)
        elif "lvmlockd" not in facts.daemons:
            yield Finding("VMS-D10", Level.ERROR, "node", node, "lvmlockd does not run", _start(seen, node))


def lock_space(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose lvmlockd has not joined the lock space of the VG, VMS-D11."""
    for node, facts in seen.world.nodes.items() if seen.world.vg.lockd else ():
        if "lvmlockd" in facts.daemons and seen.vg not in facts.lockspaces:
            what = f"lvmlockd runs, but has not joined the lock space of {seen.vg}"
            yield Finding("VMS-D11", Level.WARNING, "node", node, what, (_join(seen, node),))


def poll_daemon(seen: Seen) -> Iterator[Finding]:
    """Find nodes on which lvmpolld is off, without which LVM moves nothing in a shared VG, VMS-D12."""
    for node, facts in seen.world.nodes.items() if seen.world.vg.lockd else ():
        checkup = seen.nodes.get(node)
        start = Mend(node, "systemctl start lvm2-lvmpolld.socket || lvmpolld")
        if checkup and checkup.settings.get("use_lvmpolld") == "0":
            mend = (_set(node, "use_lvmpolld"), start)
            yield Finding("VMS-D12", Level.ERROR, "node", node, f"use_lvmpolld is 0 in {_LVM_CONF}", mend)
        elif "lvmpolld" not in facts.daemons:
            yield Finding("VMS-D12", Level.ERROR, "node", node, "lvmpolld does not run", (start,))


def filters(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose LVM takes its devices by other rules than that of most nodes, VMS-D13."""
    told = seen.told("settings")
    for key, without in _SAME.items() if told else ():
        values = {node: checkup.settings.get(key, without) for node, checkup in told.items()}
        usual, example = most(values)
        for node, value in values.items():
            if value != usual:
                what = f"{key} is {value or 'not set'}, and {usual or 'not set'} on {example}"
                # Run there, the second shows what else would be changed by the third.
                mend = (
                    Mend(node, f"lvmconfig devices/{key}"),
                    Mend(node, f"ssh {example} cat {_LVM_CONF} | diff {_LVM_CONF} -"),
                    Mend(node, f"scp {example}:{_LVM_CONF} {_LVM_CONF}"),
                )
                yield Finding("VMS-D13", Level.WARNING, "node", node, what, mend)


def devices_file(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose devices file lacks PVs, VMS-D14."""
    for node, checkup in seen.nodes.items():
        if checkup.listed is None:
            continue
        lacking = [pv for pv in seen.world.pvs if pv.uuid.replace("-", "") not in checkup.listed]
        if lacking:
            what = f"the devices file of LVM does not have {listed(pv.name for pv in lacking)}"
            mend = tuple(Mend(node, f"lvm lvmdevices --addpvid {pv.uuid.replace('-', '')}") for pv in lacking)
            yield Finding("VMS-D14", Level.ERROR, "node", node, f"{what} (names on {seen.world.reporter})", mend)


def autoactivation(seen: Seen) -> Iterator[Finding]:
    """Find volumes that a node may activate by itself when it boots, VMS-D15; on a single host it should."""
    told = {name for each in seen.nodes.values() for name in each.autoactivated or ()}
    volumes = [lv.name for lv in seen.world.lvs if lv.name in told and not lv.private]
    nodes = [node for node, checkup in seen.told("settings").items() if _may_activate(seen.vg, checkup.settings)]
    if not volumes or not nodes or len(seen.nodes) + len(seen.world.silent) < 2:
        return
    whole = len(volumes) > _NAMED
    names = seen.vg if whole else " ".join(f"{seen.vg}/{name}" for name in volumes)
    mend = (Mend(seen.world.reporter, f"{'vg' if whole else 'lv'}change --setautoactivation n {names}"),)
    level = Level.WARNING if seen.world.vg.lockd else Level.ERROR
    what = f"{', '.join(nodes)} may activate by {'itself' if len(nodes) == 1 else 'themselves'}: {listed(volumes)}"
    yield Finding("VMS-D15", level, "VG", seen.vg, what, mend)


def reading(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose LVM cannot read the VG, VMS-D16."""
    devices = " ".join(f"devices/{key}" for key in _SAME)
    for node, why in seen.world.blind.items():
        mend = tuple(Mend(node, each) for each in (f"vgs {seen.vg}", "pvs -a", f"lvmconfig --type full {devices}"))
        yield Finding("VMS-D16", Level.ERROR, "node", node, why, mend)


def _may_activate(vg: str, settings: Mapping[str, str]) -> bool:
    allowed = settings.get("auto_activation_volume_list")
    return allowed is None or f'"{vg}"' in allowed or f'"{vg}/' in allowed or '"@' in allowed


def _set(node: str, key: str) -> Mend:
    return Mend(node, f"sed -i 's/^[# \\t]*{key} *=.*/\\t{key} = 1/' {_LVM_CONF}")


def _start(seen: Seen, node: str) -> tuple[Mend, ...]:
    return Mend(node, "systemctl start lvmlockd"), _join(seen, node)


def _join(seen: Seen, node: str) -> Mend:
    return Mend(node, f"vgchange --lockstart {seen.vg}")
