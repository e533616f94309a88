"""Write a VM's service for Pacemaker's configuration, and the commands that put it there and take it out. Pure."""

import re
from xml.sax.saxutils import quoteattr

from vmstore.errors import Refused
from vmstore.tools.managers import ServiceSpec

# XML's NCName, which an id in the CIB must be, as far as a VM's name can break it.
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Restarted in place once; the second failure within ten minutes sends it to another node.
_META = (("migration-threshold", "2"), ("failure-timeout", "600s"), ("target-role", "Stopped"))


def resource(spec: ServiceSpec) -> str:
    """Write the resource: the bundled agent that owns all, or a group of the stock agents and the bundled one.

    It is made with target-role Stopped. Raises Refused for a VM whose name cannot be an id.
    """
    if not _ID.fullmatch(spec.vm):
        raise Refused(
            f"{spec.vm} cannot be a service of Pacemaker",
            why="the id of a resource begins with a letter or '_'",
            hint="choose another name; `create --no-service` makes the volume alone",
        )
    own = {"vm": spec.vm, "vg": spec.vg, "directory": spec.directory, "fstype": spec.fstype}
    if spec.hypervisor != "auto":
        own["hypervisor"] = spec.hypervisor
    if not spec.stock:
        return _primitive(spec.vm, "vmstore", "vm", own, (300, 300, 60, 30), _meta(spec.vm))
    lv = {"vgname": spec.vg, "lvname": spec.vm, "vg_access_mode": "lvmlockd", "activation_mode": "exclusive"}
    fs = {"device": f"/dev/{spec.vg}/{spec.vm}", "directory": spec.directory, "fstype": spec.fstype}
    parts = (
        _primitive(f"{spec.vm}-lv", "heartbeat", "LVM-activate", lv, (90, 90, 90, 60)),
        _primitive(f"{spec.vm}-fs", "heartbeat", "Filesystem", fs, (120, 120, 60, 60)),
        _primitive(f"{spec.vm}-vm", "vmstore", "vm", {**own, "storage": "no"}, (300, 300, 60, 30)),
    )
    return f"<group id={quoteattr(spec.vm)}>{_meta(spec.vm)}{''.join(parts)}</group>"


def add(spec: ServiceSpec) -> list[list[str]]:
    """Give the commands that make the service."""
    return [["cibadmin", "--create", "--scope", "resources", "--xml-text", resource(spec)]]


def remove(vm: str) -> list[list[str]]:
    """Give the commands that take a stopped service out, with the preferences for nodes that name it."""
    return [
        ["crm_resource", "--resource", vm, "--clear"],
        ["cibadmin", "--delete", "--force", "--xpath", f"/cib/configuration/resources/*[@id='{vm}']"],
    ]


def _meta(vm: str) -> str:
    pairs = "".join(_pair(f"{vm}-{name}", name, value) for name, value in _META)
    return f"<meta_attributes id={quoteattr(vm + '-meta')}>{pairs}</meta_attributes>"


def _primitive(
    name: str, provider: str, kind: str, attributes: dict[str, str], times: tuple[int, int, int, int], meta: str = ""
) -> str:
    """``times`` are the seconds for start, stop and monitor, and the interval of the latter."""
    start, stop, monitor, every = times
    pairs = "".join(_pair(f"{name}-{key}", key, value) for key, value in attributes.items())
    ops = (
        _op(name, "start", start, 0),
        _op(name, "stop", stop, 0),
        _op(name, "monitor", monitor, every),
    )
    return (
        f'<primitive id={quoteattr(name)} class="ocf" provider={quoteattr(provider)} type={quoteattr(kind)}>'
        f"<instance_attributes id={quoteattr(name + '-attributes')}>{pairs}</instance_attributes>{meta}"
        f"<operations>{''.join(ops)}</operations></primitive>"
    )


def _pair(identity: str, name: str, value: str) -> str:
    return f"<nvpair id={quoteattr(identity)} name={quoteattr(name)} value={quoteattr(value)}/>"


def _op(name: str, task: str, timeout: int, every: int) -> str:
    return f'<op id={quoteattr(f"{name}-{task}")} name="{task}" interval="{every}s" timeout="{timeout}s"/>'
