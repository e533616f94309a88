"""Find what moves that copy a volume to a new one have left where they were cut off. Pure."""

from dataclasses import dataclass

from vmstore import names
from vmstore.model import Inventory, LogicalVolume


@dataclass(frozen=True, slots=True)
class Half:
    """A volume by its VM's name, its copy, and the old one from when the copy took the name."""

    vm: str
    lv: LogicalVolume | None
    copy: LogicalVolume | None
    old: LogicalVolume | None


def halves(world: Inventory) -> list[Half]:
    """List them."""
    suffixes = (names.COPYING, names.LEAVING)
    found = {lv.name.removesuffix(suffix) for lv in world.lvs for suffix in suffixes if lv.name.endswith(suffix)}
    return [Half(vm, world.lv(vm), world.lv(vm + names.COPYING), world.lv(vm + names.LEAVING)) for vm in sorted(found)]


def why(world: Inventory, vm: str) -> str:
    """Say what is left of moving a VM's volume, or ""."""
    left = [name for name in (vm + names.COPYING, vm + names.LEAVING) if world.lv(name)]
    return f"{' and '.join(left)} {'is' if len(left) == 1 else 'are'} left of moving it" if left else ""
