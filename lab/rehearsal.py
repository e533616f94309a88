"""Bring up the emulated twin of a storage, and tell what its LUNs are called there."""

import json
from pathlib import Path
from typing import Any

from lab import bringup, furnish, layout_reading, wiring
from lab.bringup import Say
from lab.errors import UsageError
from lab.record import Record
from lab.topology_fields import TopologyProblem
from lab.twin import Twin, derive

MOST = 1 << 20


def up(like: Path, by: int) -> str:
    """Bring up the twin of what a file describes, its sizes divided by a number; give the table for the admin."""
    if not 1 <= by <= MOST:
        raise UsageError(f"--shrink {by} is no divisor", why=f"it is from 1 to {MOST}", hint="try --shrink 10")
    try:
        twin = derive(like.stem, layout_reading.read(like), by)
    except TopologyProblem as error:
        raise UsageError(
            f"the lab cannot carry a twin of {like}",
            why=str(error),
            hint="take PVs, and the volumes that lie on them, out of a copy of the file",
        ) from None

    def furnished(lab: Record, say: Say) -> None:
        for note in twin.notes:
            say(note)
        furnish.furnish(twin, lab, say)
        file = lab.state / "twin.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(translation(twin), indent=2) + "\n")

    bringup.up(twin.topology, furnished)
    return table(twin)


def translation(twin: Twin) -> dict[str, Any]:
    """Give what an admin or a program needs to find things of the original in the twin."""
    return {
        "schema": 1,
        "vg": twin.topology.vg,
        "shrink": twin.by,
        "nodes": [{"real": real, "twin": name} for real, name in twin.nodes.items()],
        "pvs": [
            {"real": real, "lun": lun.name, "twin": wiring.wwid(lun), "device": wiring.device(twin.topology, lun)}
            for real, lun in twin.luns.items()
        ],
        "volumes": [{"real": real, "twin": name} for real, name in twin.names.items()],
        "notes": list(twin.notes),
    }


def table(twin: Twin) -> str:
    """Tell what each PV of the original is called in the twin."""
    rows = [("PV OF THE ORIGINAL", "LUN", "WWID IN THE TWIN", "DEVICE IN THE TWIN")]
    rows += [(each["real"], each["lun"], each["twin"], each["device"]) for each in translation(twin)["pvs"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
