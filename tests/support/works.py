"""What steps need to run under a test: a scripted runner, and a reporter that remembers."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.support.scripted import ScriptedRunner
from vmstore.config import Config, Ssh
from vmstore.jobs.step import Step, Work
from vmstore.tools.nodes import Nodes


@dataclass
class Remembered:
    """A reporter that writes down what it hears."""

    heard: list[str] = field(default_factory=list)

    def began(self, step: Step) -> None:
        """A step starts."""
        self.heard.append(f"began {step.title}")

    def moved(self, step: Step, done: int) -> None:
        """Some bytes are there."""
        self.heard.append(f"moved {done}")

    def ended(self, step: Step) -> None:
        """A step is done."""
        self.heard.append(f"ended {step.title}")

    def note(self, text: str) -> None:
        """Something to know."""
        self.heard.append(f"note {text}")

    def rested(self, seconds: float) -> None:
        """Nothing was to be done for so long."""
        self.heard.append("rested")


def work(runner: ScriptedRunner, local: str = "") -> tuple[Work, Remembered]:
    """Make the work of two nodes on a scripted runner."""
    reporter = Remembered()
    nodes = Nodes(runner, ("n1", "n2"), local, Ssh(), Path("/run/vmstore/ssh"))
    return Work(nodes, Config(), reporter), reporter
