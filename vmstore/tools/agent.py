"""Write the command lines of the bundled agent, as an OCF agent (vmstore/agent); the manager runs the same program."""

AGENT = "/usr/lib/ocf/resource.d/vmstore/vm"


def argv(action: str, vm: str, vg: str, directory: str, **parameters: str) -> list[str]:
    """Have the agent do an action on a VM whose volume is, or shall be, mounted at ``directory``."""
    told = {"vm": vm, "vg": vg, "directory": directory, **parameters}
    return ["env", *(f"OCF_RESKEY_{name}={value}" for name, value in told.items() if value), AGENT, action]
