"""Decide what a first configuration says, from what a node told of itself and its cluster. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmstore import sizes
from vmstore.errors import NotFound, Refused
from vmstore.services import NONE
from vmstore.survey import Group, Survey

# What a VM wants most comes first; a transport that is not named here comes last.
_ORDER = ("fc", "nvme-fc", "nvme-rdma", "nvme-tcp", "sas", "iscsi")
_HYPERVISORS = {"virsh": "libvirt", "vmware-cmd": "vmware1", "vmware-vim-cmd": "vmware2"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value, and why it is that one; an empty value is not written."""

    value: str | tuple[str, ...]
    why: str


def vg(survey: Survey, wanted: str) -> Group:
    """Choose the VG of the VMs. Raises NotFound where there is none, Refused where nobody can tell which it is."""
    names = ", ".join(group.name for group in survey.groups) or "none"
    if wanted:
        found = next((group for group in survey.groups if group.name == wanted), None)
        if found is None:
            raise NotFound(
                f"there is no VG {wanted}",
                why=f"LVM on {survey.host} sees {names}",
                hint="look at `vgs`, and at the LUNs",
            )
        return found
    foreign = [group for group in survey.groups if not group.own]
    fitting = [group for group in foreign if group.locks] or foreign
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Refused(
            "which VG holds the VMs is not clear",
            why=f"LVM on {survey.host} sees {', '.join(group.name for group in fitting)}",
            hint=f"name it: vmstore init --vg {fitting[0].name}",
        )
    raise NotFound(
        "there is no VG for VMs yet",
        why=f"LVM on {survey.host} sees {names}" + (", on which the host itself lives" if survey.groups else ""),
        hint="make one on the shared LUNs: vgcreate --shared vmstore DEVICE...; from a workstation: init --node NODE",
    )


def why_vg(group: Group) -> str:
    """Tell what is known of the VG."""
    locks = f"shared under {group.locks}" if group.locks else "not shared"
    what = f"{sizes.counted(group.pvs, 'PV')}, {sizes.counted(group.lvs, 'LV')}"
    return f"The VG with one LV for each VM: {locks}, {what}."


def nodes(survey: Survey, wanted: tuple[str, ...]) -> Choice:
    """Choose the nodes: those that were named, else the members of the cluster that is configured."""
    if wanted:
        return Choice(
            wanted, "The nodes that see the LUNs, by the names that ssh reaches them under; as they were named."
        )
    if survey.members:
        return Choice(
            survey.members,
            f"The nodes that see the LUNs, by the names that ssh reaches them under: those of {survey.source}.",
        )
    return Choice((), "")


def classes(transports: Iterable[str]) -> Choice:
    """Put the classes of the PVs in the order in which new volumes try them."""
    found = sorted(set(transports), key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    why = "By what the LUNs are reached, or were tagged with. New volumes go to the first one with room."
    return Choice(tuple(found) if len(found) > 1 else (), why)


def manager(survey: Survey) -> Choice:
    """Name the cluster manager that is configured on the node."""
    return Choice("" if survey.manager == NONE else survey.manager, f"It is configured on {survey.host}.")


def hypervisor(survey: Survey) -> Choice:
    """Name the hypervisor, where there is one alone."""
    found = sorted(survey.programs & _HYPERVISORS.keys())
    if len(found) != 1:
        return Choice("", "")
    return Choice(_HYPERVISORS[found[0]], f"{found[0]} is on {survey.host}.")
