"""Find what moves that copy a volume to a new one have left where they were cut off. Pure."""

from dataclasses import dataclass

from vmstore import names
from vmstore.model import Inventory, LogicalVolume


@dataclass(frozen=True, slots=True)
class Half:
    """A volume by its VM's name, its copy, the old one from when the copy took the name, and a copy that lost it."""

    vm: str
    lv: LogicalVolume | None
    copy: LogicalVolume | None
    old: LogicalVolume | None
    void: LogicalVolume | None = None

    @property
    def parts(self) -> list[LogicalVolume]:
        """List what there is of it."""
        return [each for each in (self.lv, self.copy, self.old, self.void) if each is not None]

    def leaves(self, pv: str) -> bool:
        """Tell whether the volume is on its way off a PV, by UUID."""
        keeper = self.old or self.lv
        return keeper is not None and bool(keeper.on(pv))


def halves(world: Inventory) -> list[Half]:
    """List them."""
    found = {lv.name.removesuffix(half) for lv in world.lvs for half in names.HALVES if lv.name.endswith(half)}
    return [Half(vm, world.lv(vm), *(world.lv(vm + half) for half in names.HALVES)) for vm in sorted(found)]


def why(world: Inventory, vm: str) -> str:
    """Say what is left of moving a VM's volume, or ""."""
    left = [name for name in (vm + half for half in names.HALVES) if world.lv(name)]
    return f"{' and '.join(left)} {'is' if len(left) == 1 else 'are'} left of moving it" if left else ""
