"""Let a test break things at each point of the work: off, unless VMSTORE_HOOK names a program.

Each command that changes something has two points, before and after it, and each sign of progress of a copy is one. So
a new step has its points without being listed anywhere. The program is called with the number of the point, ``before``,
``after`` or ``during``, the node, and the command or what it said; the work goes on when it ends.
"""

import os
from dataclasses import dataclass

from vmstore.run import Runner

ENVIRONMENT = "VMSTORE_HOOK"
PATIENCE = 600


def nothing(point: str, node: str, what: str) -> None:
    """Break nothing."""


@dataclass(slots=True)
class Hook:
    """Call a program at each point, with the points counted from 1."""

    program: str
    runner: Runner
    number: int = 0

    def __call__(self, point: str, node: str, what: str) -> None:
        """Call it."""
        self.number += 1
        self.runner.run([self.program, str(self.number), point, node, what], timeout=PATIENCE)

    @classmethod
    def wanted(cls, runner: Runner) -> "Hook | None":
        """Give the hook that the environment asks for."""
        program = os.environ.get(ENVIRONMENT, "")
        return cls(program, runner) if program else None
