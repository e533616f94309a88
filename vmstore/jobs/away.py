"""Read how long a VM was away: the agent stamps the volume when it suspends a guest and when the guest runs again."""

from dataclasses import dataclass

from vmstore.jobs.step import Work

# The last word is the time between the two stamps, by the clocks of the two nodes.
STAMP = ".vmstore-back"


@dataclass(frozen=True, slots=True)
class Return:
    """How a guest came back: ``how`` is resumed or booted; ``seconds`` is None where no stamp tells."""

    how: str
    seconds: float | None


def read(work: Work, node: str, directory: str) -> Return | None:
    """Read the stamp on the node that runs the VM; None where there is none that makes sense."""
    told = work.ask(node, ["cat", f"{directory}/{STAMP}"])
    words = told.out.split()
    if not told.ok or len(words) < 3 or words[2] not in ("resumed", "booted"):
        return None
    try:
        return Return(words[2], float(words[3]) if len(words) > 3 else None)
    except ValueError:
        return None
