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

    def leaves(self, pv: str) -> bool:
        """Tell whether the volume is on its way off a PV, by UUID."""
        keeper = self.old or self.lv
        return keeper is not None and bool(keeper.on(pv))


def halves(world: Inventory) -> list[Half]:
    """List them."""
    suffixes = (names.COPYING, names.LEAVING, names.VOID)
    found = {lv.name.removesuffix(suffix) for lv in world.lvs for suffix in suffixes if lv.name.endswith(suffix)}
    return [Half(vm, world.lv(vm), *(world.lv(vm + suffix) for suffix in suffixes)) for vm in sorted(found)]


def why(world: Inventory, vm: str) -> str:
    """Say what is left of moving a VM's volume, or ""."""
    left = [name for name in (vm + names.COPYING, vm + names.LEAVING, vm + names.VOID) if world.lv(name)]
    return f"{' and '.join(left)} {'is' if len(left) == 1 else 'are'} left of moving it" if left else ""
