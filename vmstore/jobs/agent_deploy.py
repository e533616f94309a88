"""Have the same agent on every node: look which one each has, and put this vmstore's there, the old one kept.

This needs no VG and no manager, so that the agent can be there before either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vmstore import agent as bundled
from vmstore.errors import StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs import engine, lease
from vmstore.jobs.agent_steps import FOLDER
from vmstore.jobs.step import Command, Step, Work
from vmstore.model import Inventory
from vmstore.run import Result
from vmstore.tools import agent
from vmstore.tools.agent import AGENT, Installed
from vmstore.tools.nodes import Nodes, Unreachable


class State(StrEnum):
    """How the agent of a node is, compared with the one that this vmstore brings."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_EXECUTABLE = "not executable"
    MISSING = "missing"
    UNKNOWN = "no answer"


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of a node, None where it has none or does not answer; ``error`` says why not."""

    node: str
    installed: Installed | None
    state: State
    error: VmstoreError | None = None


def look(nodes: Nodes, names: Sequence[str], text: str, path: str = AGENT) -> list[Agent]:
    """Look at the agent on these nodes, all at once."""
    question = agent.look(path, FOLDER)
    answers = nodes.ask(dict.fromkeys(names, question), "")
    return [_agent(node, answers[node], text) for node in names]


def _agent(node: str, answer: Result | Unreachable, text: str) -> Agent:
    if isinstance(answer, Unreachable):
        return Agent(node, None, State.UNKNOWN, answer)
    if not answer.ok:
        return Agent(node, None, State.UNKNOWN, _failed("the agent cannot be looked at", node, answer))
    found = agent.parse(answer)
    if found is None:
        return Agent(node, None, State.MISSING)
    if found.sum != agent.checksum(text):
        return Agent(node, found, State.DIFFERS)
    return Agent(node, found, State.SAME if found.executable else State.NOT_EXECUTABLE)


def plan(found: Sequence[Agent], text: str, path: str = AGENT) -> list["PutAgent"]:
    """Give a step for each node that answers and has another agent or none. Pure."""
    return [
        PutAgent(each.node, text, each.installed.version if each.installed else None, path)
        for each in found
        if each.state not in (State.SAME, State.UNKNOWN)
    ]


def carry_out(steps: Sequence["PutAgent"], work: Work) -> Iterator[tuple["PutAgent", VmstoreError | None]]:
    """Put it on node after node, and tell of each whether that failed: the others are served all the same.

    Raises StoppedHalfway on the admin's wish.
    """
    with engine.stoppable(work) as wish:
        for step in steps:
            if wish.asked:
                raise StoppedHalfway(f"stopped before: {step.title}", why="you asked to", hint=engine.AGAIN)
            work.reporter.began(step)
            work.log.step = step.title
            try:
                with lease.hold(work.nodes, step.node, "agent", f"the agent of {step.node}"):
                    step.run(work)
            except VmstoreError as error:
                work.log.seen(step.title, "failed", str(error))
                yield step, error
                continue
            finally:
                work.log.step = ""
            work.log.seen(step.title, "done")
            work.reporter.ended(step)
            yield step, None


@dataclass(frozen=True, slots=True)
class PutAgent(Step):
    """Put the agent ``text`` on a node, where one of version ``before`` is, None for no agent."""

    node: str
    text: str
    before: str | None
    path: str = AGENT

    @property
    def title(self) -> str:
        """Say in a few words what it does."""
        instead = "" if self.before is None else f" in place of {self.before or 'one without a version'}"
        return f"put the agent {agent.version(self.text)} on {self.node}{instead}"

    @property
    def kept(self) -> str:
        """Give the place of the old one; Pacemaker takes no file for an agent whose name begins with a dot."""
        folder, _, name = self.path.rpartition("/")
        return f"{folder}/.{name}.old"

    @property
    def back(self) -> str:
        """Give the command that brings the old one back, "" where there was none."""
        return "" if self.before is None else str(Command(self.node, ("mv", self.kept, self.path)))

    def commands(self) -> list[Command]:
        """Give the exact commands, in order.

        The manager may be running the old one at this moment. That shell has it open and reads on in it, since a rename
        leaves what is open as it is; written into, it would go on in the middle of another text.
        """
        folder, _, name = self.path.rpartition("/")
        new = f"{folder}/.{name}.new"
        keep = [] if self.before is None else [["cp", "-p", self.path, self.kept], ["sync", self.kept]]
        return [
            Command(self.node, tuple(agent.write(new)), self.text),
            Command.chain(
                self.node,
                agent.compare(new, agent.checksum(self.text)),
                *keep,
                # A node that loses its power now must come back with the one or the other.
                ["sync", new],
                ["mv", new, self.path],
                ["sync", folder],
            ),
        ]

    def done(self, world: Inventory) -> bool:
        """Do it in any case: nodes that have it got no step."""
        del world
        return False

    def run(self, work: Work) -> None:
        """Put it there, and look at what is there then."""
        Step.run(self, work)
        (found,) = look(work.nodes, [self.node], self.text, self.path)
        if found.state is not State.SAME:
            raise found.error or ToolFailed(
                f"{self.title}: it did not take effect",
                why=f"{self.node}: {self.path}: {found.state}",
                hint=f"look at it there, then `vmstore agent deploy {self.node}` again",
            )

    def failure(self, what: str, node: str, result: Result) -> VmstoreError:
        """Make an error of a command that failed."""
        return _failed(what, node, result)


def ours() -> str:
    """Give the agent that this vmstore brings."""
    return bundled.text()


def _failed(what: str, node: str, result: Result) -> ToolFailed:
    return ToolFailed(
        what, why=f"{node}: {result.reason()}", hint=f"mend it on {node}, then `vmstore agent deploy {node}`"
    )
