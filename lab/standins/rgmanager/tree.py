"""Read XML into elements that know their lines, and word its errors as libxml2 does.

expat reads; its words differ from libxml2's, so that the two errors that a damaged cluster.conf shows, a wrong end tag
and an early end, are found and worded here. Others get expat's own words in libxml2's form.
"""

import re
from xml.parsers import expat

_TAG = re.compile(r"<!--.*?-->|<\?.*?\?>|<(/?)([\w:.-]+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>", re.DOTALL)


class Element:
    """Hold one element."""

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.children: list[Element] = []

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def find(self, tag: str) -> "Element | None":
        """Return the first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, tag: str) -> "list[Element]":
        """Return the children of that name."""
        return [child for child in self.children if child.tag == tag]


class BadXml(Exception):
    """Carry the parser's message; ``{file}`` stands for the file's name."""


def parse(text: str) -> Element:
    """Return the root element. Raises BadXml."""
    if not text.strip():
        raise BadXml("{file}:1: parser error : Document is empty\n\n^\n")
    root: list[Element] = []
    open_elements: list[Element] = []
    parser = expat.ParserCreate("utf-8")

    def begin(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, dict(attributes), parser.CurrentLineNumber)
        (open_elements[-1].children if open_elements else root).append(element)
        open_elements.append(element)

    def end(_tag: str) -> None:
        open_elements.pop()

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise BadXml(_worded(text, error)) from None
    return root[0]


def dump_line(root: Element, tag: str) -> int:
    """Return the line of the root's child ``tag`` in a dump with one tag a line, as ccs_config_dump writes it."""
    line = 3
    for child in root.children:
        if child.tag == tag:
            break
        line += _lines(child)
    return line


def _lines(element: Element) -> int:
    return 2 + sum(map(_lines, element.children)) if element.children else 1


def _worded(text: str, error: expat.ExpatError) -> str:
    lines = text.split("\n")
    messages: list[str] = []

    def say(number: int, what: str, column: int) -> None:
        shown = lines[number - 1] if number <= len(lines) else ""
        messages.append(f"{{file}}:{number}: parser error : {what}\n{shown}\n{' ' * column}^\n")

    open_tags: list[tuple[str, int]] = []
    for match in _TAG.finditer(text):
        closes, tag, _, empty = match.groups()
        if not tag or empty:
            continue
        line = text.count("\n", 0, match.start()) + 1
        if not closes:
            open_tags.append((tag, line))
        elif open_tags:
            opened, at = open_tags.pop()
            if opened != tag:
                column = match.end() - (text.rfind("\n", 0, match.end()) + 1)
                say(line, f"Opening and ending tag mismatch: {opened} line {at} and {tag}", column)
    if open_tags:
        opened, at = open_tags[-1]
        say(text.count("\n") + 1, f"Premature end of data in tag {opened} line {at}", len(lines[-1]))
    if not messages:
        say(error.lineno, expat.ErrorString(error.code), error.offset)
    return "".join(messages)
