"""LVM's commands on the simulated SAN; see tests/support/san.py for what this stands for."""

import json
from collections.abc import Callable, Sequence

from tests.support import san_report
from tests.support.san import EXTENT, Lun, Lv, Node, Pv, San
from tests.support.san_options import UnknownCommand, options_of
from tests.support.san_parts import Run

Answer = tuple[int, str, str]
FAILED = 5
PARTIAL = (
    "  Cannot change VG {0} while PVs are missing.\n  See vgreduce --removemissing and vgextend --restoremissing.\n"
    "  Cannot process volume group {0}\n"
)


class Refusal(Exception):
    """LVM says no, with this text."""


class Lvm:
    """LVM on one node."""

    def __init__(self, san: San, node: Node) -> None:
        self.san = san
        self.node = node

    def run(self, argv: Sequence[str]) -> Answer | None:
        """Run a command of LVM; None for one that is none."""
        if argv[0] == "lvm":
            return self._lvm(argv)
        if argv[0] == "pvs":
            return self._pvs(argv)
        commands: dict[str, Callable[[Sequence[str]], str]] = {
            "lvcreate": self._lvcreate,
            "lvextend": self._lvextend,
            "lvrename": self._lvrename,
            "lvremove": self._lvremove,
            "lvchange": self._lvchange,
            "pvchange": self._pvchange,
            "vgextend": self._vgextend,
            "vgreduce": self._vgreduce,
            "pvremove": self._pvremove,
        }
        if argv[0] == "lvs":
            name = argv[-1].removeprefix(f"{self.san.vg}/")
            found = name in self.san.lvs
            return (0, f"  {name}\n", "") if found else (5, "", f'  Failed to find logical volume "{argv[-1]}"\n')
        if argv[0] == "vgchange":
            return self._vgchange(argv[1:])
        command = commands.get(argv[0])
        if command is None:
            return None
        return self.guarded(lambda: command(argv[1:]))

    def guarded(self, command: Callable[[], str]) -> Answer:
        """Run what may refuse."""
        try:
            self.lock_vg()
            return 0, command(), ""
        except Refusal as refusal:
            text = str(refusal)
            return FAILED, "", text if text.endswith("\n") else f"  {text}\n"

    def _vgchange(self, argv: Sequence[str]) -> Answer:
        """Start the locks of the VG here; it ends well where they are started already."""
        if list(argv) != ["--lockstart", self.san.vg]:
            raise UnknownCommand(f"vgchange {argv}")
        if "lvmlockd" not in self.node.daemons:
            return FAILED, "", "  lvmlockd is not running.\n"
        self.node.lockspace = True
        return 0, "  Starting locking.  Waiting until locks are ready...\n", ""

    def lock_vg(self) -> None:
        """Refuse where a shared VG cannot be locked."""
        if self.san.lock_type:
            if "lvmlockd" not in self.node.daemons:
                raise Refusal("Global lock failed: check that lvmlockd is running.")
            if not self.node.lockspace:
                raise Refusal(f"VG {self.san.vg} lock failed: lockspace is inactive")

    def commit(self) -> None:
        """Refuse to write a VG with a PV missing, else count the change."""
        if any(not lun.device(self.node.name) for lun in self.san.pvs()):
            raise Refusal(PARTIAL.format(self.san.vg))
        self.san.seqno += 1

    def lv(self, text: str) -> Lv:
        """Find a volume by VG/LV."""
        lv = self.san.lvs.get(text.removeprefix(f"{self.san.vg}/"))
        if lv is None:
            raise Refusal(f'Failed to find logical volume "{text}"')
        return lv

    def lock(self, lv: Lv) -> None:
        """Refuse what another node holds."""
        if self.san.lock_type and set(self.san.holders(lv)) - {self.node.name}:
            raise Refusal(f"LV locked by other host: {self.san.vg}/{lv.name}")

    def lun(self, device: str) -> Lun:
        """Find a LUN by its device here."""
        for lun in self.san.luns.values():
            if lun.device(self.node.name) == device:
                return lun
        raise Refusal(f"No device found for {device}.")

    def pv(self, device: str) -> Pv:
        """Find a PV of the VG by its device here."""
        lun = self.lun(device)
        if lun.pv is None or lun.pv.vg != self.san.vg:
            raise Refusal(f'Failed to find physical volume "{device}".')
        return lun.pv

    def open_to_new(self, devices: Sequence[str], source: str = "") -> list[str]:
        """Give the PVs that new extents may go to, as LVM sorts them out of those named."""
        pvs = [self.pv(device) for device in devices] if devices else [self.pv_of(lun) for lun in self.san.pvs()]
        found = [pv.uuid for pv in pvs if pv.allocatable and pv.uuid != source]
        if devices and not any(self.san.free(pv) for pv in found):
            raise Refusal("No specified PVs have space available.")
        return found

    def pv_of(self, lun: Lun) -> Pv:
        """Give the label of a LUN that is a PV."""
        assert lun.pv is not None
        return lun.pv

    def room(self, count: int, pvs: Sequence[str]) -> list[Run]:
        """Take free extents, or refuse as LVM does."""
        runs = self.san.take(count, pvs)
        if runs is None:
            free = sum(self.san.free(pv) for pv in pvs)
            raise Refusal(f"Insufficient free space: {count} extents needed, but only {free} available")
        return runs

    def _lvm(self, argv: Sequence[str]) -> Answer:
        if argv[1] == "version":
            return 0, f"  LVM version:     {self.san.lvm_version}\n", ""
        if argv[1] == "fullreport" and self.node.lvm_says:
            return FAILED, "", f"  {self.node.lvm_says}\n"
        if argv[1] == "fullreport" and self.san.old_lvm:
            return 2, "", "  No such command.  Try 'help'.\n"
        if argv[1] in ("vgs", "pvs", "lvs") and "--nameprefixes" in argv:
            return self._fields(argv)
        if argv[1] == "fullreport" and "--readonly" in argv:
            if argv[-1] != self.san.vg:
                text = f'  Volume group "{argv[-1]}" not found\n  Cannot process volume group {argv[-1]}\n'
                return FAILED, '  {\n      "report": [\n      ]\n  }\n', text
            return 0, san_report.fullreport(self.san, self.node.name), ""
        raise UnknownCommand(f"lvm {argv[1:]}")

    def _fields(self, argv: Sequence[str]) -> Answer:
        """Answer as an lvm2 does that knows no JSON, out of the rows of the report of all."""
        segments = "--segments" in argv
        kind = {"vgs": "vg", "pvs": "pvseg" if segments else "pv", "lvs": "seg" if segments else "lv"}[argv[1]]
        columns = argv[argv.index("-o") + 1].split(",")
        if argv[1] != "pvs" and argv[-1] != self.san.vg:
            return FAILED, "", f'  Volume group "{argv[-1]}" not found\n  Cannot process volume group {argv[-1]}\n'
        more = {"vg_name": self.san.vg}
        rows = json.loads(san_report.fullreport(self.san, self.node.name))["report"][0][kind]
        # It tells of PVs of no VG, too.
        rows += [{"vg_name": "", "pv_name": "/dev/sdz", "pv_size": "1"}] if kind == "pv" else []
        lines = []
        for row in rows:
            values = {**more, **row}
            names = {column: "STRIPESIZE" if column == "stripe_size" else column.upper() for column in columns}
            lines.append("|".join(f"LVM2_{names[column]}={values.get(column, '')}" for column in columns))
        return 0, "".join(f"  {line}\n" for line in lines), ""

    def _pvs(self, argv: Sequence[str]) -> Answer:
        if list(argv[1:-1]) != ["--readonly", "--noheadings", "-o", "vg_name"]:
            raise UnknownCommand(str(argv))
        lun = next((lun for lun in self.san.luns.values() if lun.device(self.node.name) == argv[-1]), None)
        if lun is None or lun.pv is None:
            return FAILED, "", f'  Failed to find physical volume "{argv[-1]}".\n'
        return 0, f"  {lun.pv.vg}\n", ""

    def _lvcreate(self, argv: Sequence[str]) -> str:
        options, (vg, *devices) = options_of(
            argv,
            flags=("--yes",),
            valued=("--wipesignatures", "--zero", "--setautoactivation", "--activate", "--name", "--extents"),
            many=("--addtag",),
        )
        assert vg == self.san.vg
        name = options["--name"]
        if name in self.san.lvs:
            raise Refusal(f'Logical Volume "{name}" already exists in volume group "{vg}"')
        if options["--activate"] != ("ey" if self.san.lock_type else "y"):
            raise UnknownCommand(f"lvcreate --activate {options['--activate']}")
        runs = self.room(int(options["--extents"]), self.open_to_new(devices))
        self.commit()
        lv = self.san.lvs[name] = Lv(name, self.san.new_uuid(), runs)
        lv.tags = set(options.get("--addtag", "").split())
        self.node.active.add(lv.uuid)
        return f'  Logical volume "{name}" created.\n'

    def _lvextend(self, argv: Sequence[str]) -> str:
        options, (name, *devices) = options_of(argv, valued=("--extents",))
        lv = self.lv(name)
        self.lock(lv)
        if lv.leg:
            raise UnknownCommand(f"growing {name}, which has two legs")
        if lv.move:
            raise Refusal(f"Can't resize locked logical volume {name}.")
        have = lv.size // EXTENT
        more = int(options["--extents"]) - have
        if more == 0:
            raise Refusal(f"New size ({have} extents) matches existing size ({have} extents).")
        if more < 0:
            raise Refusal(f"New size given ({have + more} extents) not larger than existing size ({have} extents)")
        runs = self.room(more, self.open_to_new(devices))
        self.commit()
        lv.runs += runs
        return f"  Logical volume {name} successfully resized.\n"

    def _lvrename(self, argv: Sequence[str]) -> str:
        vg, old, new = argv
        if old not in self.san.lvs:
            raise Refusal(f'Existing logical volume "{old}" not found in volume group "{vg}"')
        if new in self.san.lvs:
            raise Refusal(f'Logical Volume "{new}" already exists in volume group "{vg}"')
        self.lock(self.san.lvs[old])
        if self.san.lvs[old].move:
            raise Refusal(f"Cannot rename locked LV {old}")
        self.commit()
        lv = self.san.lvs.pop(old)
        lv.name = new
        self.san.lvs[new] = lv
        return f'  Renamed "{old}" to "{new}" in volume group "{vg}"\n'

    def _lvremove(self, argv: Sequence[str]) -> str:
        _, (name,) = options_of(argv, flags=("--yes",))
        lv = self.lv(name)
        self.lock(lv)
        self.closed(lv)
        if lv.move:
            raise Refusal(f"Can't remove locked logical volume {self.san.vg}/{lv.name}.")
        self.commit()
        self.node.active.discard(lv.uuid)
        del self.san.lvs[lv.name]
        return f'  Logical volume "{lv.name}" successfully removed.\n'

    def closed(self, lv: Lv) -> None:
        """Refuse what is open here."""
        if lv.uuid in self.node.mounts:
            raise Refusal(f"Logical volume {self.san.vg}/{lv.name} contains a filesystem in use.")
        if lv.uuid in self.node.opened:
            raise Refusal(f"Logical volume {self.san.vg}/{lv.name} in use.")

    def _lvchange(self, argv: Sequence[str]) -> str:
        options, names = options_of(argv, valued=("--activate", "--maxrecoveryrate", "--syncaction"))
        refused = []
        for name in names:
            try:
                self._change(self.lv(name), name, options)
            except Refusal as refusal:
                # Of several, one that is open does not keep the others.
                refused.append(refusal)
        if refused:
            raise refused[0]
        return ""

    def _change(self, lv: Lv, name: str, options: dict[str, str]) -> None:
        if "--syncaction" in options:
            self._repair(lv, name)
        elif "--maxrecoveryrate" in options:
            self._limit(lv, name, options["--maxrecoveryrate"])
        elif options["--activate"] == "n":
            self.closed(lv)
            self.node.active.discard(lv.uuid)
        elif options["--activate"] != ("ey" if self.san.lock_type else "y"):
            raise UnknownCommand(f"lvchange --activate {options['--activate']}")
        else:
            self.lock(lv)
            self.node.active.add(lv.uuid)

    def _repair(self, lv: Lv, name: str) -> None:
        self.lock(lv)
        if lv.leg is None or lv.uuid not in self.node.active or lv.leg.synced < 100:
            raise Refusal(f"Command not permitted on LV {name}.")
        self.san.repaired.append(lv.name)

    def _limit(self, lv: Lv, name: str, rate: str) -> None:
        self.lock(lv)
        if lv.leg is None or lv.uuid not in self.node.active:
            raise Refusal(f"Command not permitted on LV {name}.")
        self.commit()
        lv.leg.rate = rate
        self.san.limits.append((lv.name, rate))

    def _pvchange(self, argv: Sequence[str]) -> str:
        options, (device,) = options_of(argv, valued=("--allocatable",), many=("--addtag", "--deltag"))
        pv = self.pv(device)
        self.commit()
        if "--allocatable" in options:
            pv.allocatable = options["--allocatable"] == "y"
        pv.tags |= set(options.get("--addtag", "").split())
        pv.tags -= set(options.get("--deltag", "").split())
        return f'  Physical volume "{device}" changed\n'

    def _vgextend(self, argv: Sequence[str]) -> str:
        _, (vg, device) = options_of(argv, valued=("--metadatasize",))
        assert vg == self.san.vg
        lun = self.lun(device)
        if lun.pv and lun.pv.vg:
            raise Refusal(
                f"  Physical volume '{device}' is already in volume group '{lun.pv.vg}'\n"
                f"  Unable to add physical volume '{device}' to volume group '{vg}'\n"
                f"  {device}: physical volume not initialized.\n"
            )
        others = {other.sector for other in self.san.pvs()}
        if len(others) == 1 and lun.sector not in others:
            # lvm2 from 2.03.06 on, lib/metadata/metadata.c, vg_extend_each_pv.
            raise Refusal(f"  Devices have inconsistent logical block sizes ({others.pop()} and {lun.sector}).\n")
        self.commit()
        lun.pv = Pv(self.san.new_uuid(), vg, lun.size // EXTENT - 5)
        return f'  Volume group "{vg}" successfully extended\n'

    def _vgreduce(self, argv: Sequence[str]) -> str:
        vg, device = argv
        pv = self.pv(device)
        if self.san.used(pv.uuid):
            raise Refusal(f'Physical volume "{device}" still in use')
        if len(self.san.pvs()) == 1:
            raise Refusal(f'Can\'t remove final physical volume "{device}" from volume group "{vg}"')
        self.commit()
        pv.vg = ""
        pv.tags.clear()
        return f'  Removed "{device}" from volume group "{vg}"\n'

    def _pvremove(self, argv: Sequence[str]) -> str:
        (device,) = argv
        lun = self.lun(device)
        if lun.pv is None:
            raise Refusal(f"No PV found on device {device}.")
        if lun.pv.vg:
            raise Refusal(
                f"  PV {device} is used by VG {lun.pv.vg} so please use vgreduce first.\n"
                f"  (If you are certain you need pvremove, then confirm by using --force twice.)\n"
                f"  {device}: physical volume label not removed.\n"
            )
        lun.pv = None
        return f'  Labels on physical volume "{device}" successfully wiped.\n'
