"""Check a cluster.conf as ccs_config_validate does; cman_tool does so, too, before it activates one."""

from typing import NamedTuple

from lab.standins.rgmanager import schema
from lab.standins.rgmanager.tree import BadXml, Element, dump_line, parse

VALID, BAD_XML, BAD_SCHEMA, NOT_NEWER, NO_VERSION = 0, 1, 3, 254, 253


class Verdict(NamedTuple):
    """Hold the exit code, what is said, and the version that was found."""

    code: int
    text: str
    version: int = 0


def check(text: str, dumped: bool, newer_than: int | None = None) -> Verdict:
    """Judge a text. ``dumped``: what is checked is a dump of it, whose lines are counted otherwise.

    Whatever is wrong, the message names the child of <cluster> that holds it and no more.
    """
    try:
        root = parse(text)
    except BadXml as error:
        return Verdict(BAD_XML, str(error))
    given = root.get("config_version")
    if not given.isdecimal():
        return Verdict(NO_VERSION, "")
    if newer_than is not None and int(given) <= newer_than:
        return Verdict(NOT_NEWER, "", int(given))
    wrong = schema.offender(root)
    if wrong is None:
        return Verdict(VALID, "Configuration validates\n", int(given))
    return Verdict(BAD_SCHEMA, _complaint(root, wrong, dumped), int(given))


def _complaint(root: Element, wrong: Element, dumped: bool) -> str:
    line = dump_line(root, wrong.tag) if dumped and wrong is not root else wrong.line
    error = "Relax-NG validity error"
    return (
        f"{error} : Extra element {wrong.tag} in interleave\n"
        f"tempfile:{line}: element {wrong.tag}: {error} : Element {root.tag} failed to validate content\n"
        "Configuration fails to validate\n"
    )
