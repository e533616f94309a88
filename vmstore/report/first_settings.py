"""Write a first configuration file, each line with the reason for it. Pure."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from vmstore.policies.proposal import Choice

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a first configuration says; what is empty is left out, and so at its default."""

    vg: Choice
    nodes: Choice
    classes: Choice
    manager: Choice
    hypervisor: Choice


def text(proposal: Proposal) -> str:
    """Write the file."""
    return "".join(f"{line}\n" for line in _lines(proposal))


def _lines(proposal: Proposal) -> Iterator[str]:
    yield "# The settings of vmstore, as `vmstore init` proposed them. All others: man vmstore.toml"
    yield from _key("vg", proposal.vg)
    yield from _key("nodes", proposal.nodes)
    yield from _table("placement", {"classes": proposal.classes})
    yield from _table("cluster", {"manager": proposal.manager, "hypervisor": proposal.hypervisor})


def _table(name: str, keys: dict[str, Choice]) -> Iterator[str]:
    written = {key: choice for key, choice in keys.items() if choice.value}
    if written:
        yield ""
        yield f"[{name}]"
        for number, (key, choice) in enumerate(written.items()):
            yield from list(_key(key, choice))[0 if number else 1 :]


def _key(key: str, choice: Choice) -> Iterator[str]:
    if choice.value:
        yield ""
        yield from textwrap.wrap(choice.why, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        # Names of this kind are written in TOML as in JSON.
        yield f"{key} = {json.dumps(choice.value)}"
