"""Turn the Markdown of a manual page into man(7) macros, for man-db and mandoc alike.

A list item of several paragraphs is a tagged one: its first paragraph is the tag. A table is laid out here, its last
column wrapped at 80 columns, since tbl(1) leaves gaps where groff sees the end of a page. What is not known here, or
would be cut off, is refused, so that nothing is lost in silence.
"""

import re
import textwrap

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

# What the indentation of man(7) leaves of 80 columns: for text, and for an example below it or in a list.
WIDTH = 72
_EXAMPLE, _DEEPER = WIDTH - 4, WIDTH - 7
_GAP = 3
# What roff would read as a quote, an accent or a hyphen, in text that is there to be typed.
_TYPED = str.maketrans({"-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "\\": r"\e"})
_UNSEEN = re.compile(r"\\f.")
_ESCAPED = re.compile(r"\\\(..|\\.")
_FONTS = {"strong": "B", "em": "I", "code_inline": "B"}
_SENTENCE = re.compile(r"(?:(?<=[.!?])|(?<=[.!?]\\fP)) (?=[A-Z0-9\\])")


class Odd(ValueError):
    """The Markdown has something that a page cannot show."""


def page(markdown: str, source: str) -> str:
    """Give the page; its first heading is title, section and date, ``source`` the program."""
    top, *blocks = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown)).children
    words = _plain(top).split()
    if top.tag != "h1" or len(words) != 3:
        raise Odd("a page begins with `# NAME SECTION DATE`")
    name, section, date = words
    made = r".\" Made by `make manual`: edit the Markdown instead."
    title = f'.TH {name.upper()} {section} {date} "{source}" "System Manager\'s Manual"'
    # No word is hyphenated, and no line is filled up with spaces: names and commands stay as they are typed.
    return "".join(f"{line}\n" for line in (made, ".nr HY 0", title, ".ad l", *_blocks(blocks)))


def _blocks(blocks: list[SyntaxTreeNode]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        # The space of a paragraph after a heading would be one too many.
        apart = [] if not lines or lines[-1].startswith((".SH", ".SS")) else [".PP"]
        if block.type == "heading":
            macro = {"h2": ".SH", "h3": ".SS"}.get(block.tag)
            if macro is None:
                raise Odd(f"no heading of that depth: {_plain(block)}")
            lines.append(f'{macro} "{_inline(block)}"')
        elif block.type == "paragraph":
            lines += [*apart, *_text(block)]
        elif block.type in ("fence", "code_block"):
            lines += ['.IP "" 4', *_example(block, _EXAMPLE)]
        elif block.type == "bullet_list":
            lines += [line for item in block.children for line in _item(item)]
        elif block.type == "table":
            lines += [*apart, ".nf", *_table(block), ".fi"]
        else:
            raise Odd(f"{block.type} has no form in a manual page")
    return lines


def _item(item: SyntaxTreeNode) -> list[str]:
    tag, *body = item.children
    if not body:
        return [r".IP \(bu 3", *_text(tag)]
    lines = [".TP", _safe(_inline(tag))]
    for number, block in enumerate(body):
        if block.type == "paragraph":
            lines += [*([".IP"] if number else []), *_text(block)]
        elif block.type in ("fence", "code_block") and number:
            lines += [".IP", *_example(block, _DEEPER)]
        else:
            raise Odd(f"{block.type} cannot stand in the list item {_plain(tag)}")
    return lines


def _example(block: SyntaxTreeNode, width: int) -> list[str]:
    lines = block.content.rstrip("\n").split("\n")
    for line in lines:
        if len(line) > width:
            raise Odd(f"an example is {len(line) - width} columns wider than a page: {line}")
    return [".EX", *(_safe(line.translate(_TYPED)) for line in lines), ".EE"]


def _table(block: SyntaxTreeNode) -> list[str]:
    rows = [[_inline(cell) for cell in row.children] for part in block.children for row in part.children]
    widths = [max(map(_length, column)) for column in list(zip(*rows, strict=True))[:-1]]
    indent = sum(widths) + _GAP * len(widths)
    lines = []
    for number, (*first, last) in enumerate(rows):
        begin = "".join(cell + " " * (width - _length(cell) + _GAP) for cell, width in zip(first, widths, strict=True))
        for part in _wrapped(last, WIDTH - indent):
            line = begin + part
            lines.append(_safe(rf"\fB{line}\fP" if number == 0 else line))
            begin = " " * indent
    return lines


def _wrapped(cell: str, width: int) -> list[str]:
    """Break the words of a cell into lines; what roff does not show counts for nothing."""
    lines = [""]
    for word in cell.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if _length(word) > width:
            raise Odd(f"a table is too wide for {word}")
        if _length(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _length(roff: str) -> int:
    return len(_ESCAPED.sub("x", _UNSEEN.sub("", roff)))


def _text(block: SyntaxTreeNode) -> list[str]:
    """Give a paragraph, each sentence from a new line, as roff wants it to tell one from an abbreviation."""
    return [
        _safe(line)
        for sentence in _SENTENCE.split(_inline(block))
        for line in textwrap.wrap(sentence, 79, break_long_words=False, break_on_hyphens=False)
    ]


def _safe(line: str) -> str:
    """Keep roff from taking a line for a request."""
    return rf"\&{line}" if line.startswith((".", "'")) else line


def _inline(block: SyntaxTreeNode) -> str:
    parts = []
    for child in block.children[0].children:
        if child.type == "text":
            parts.append(child.content.replace("\\", r"\e"))
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type in _FONTS:
            parts.append(rf"\f{_FONTS[child.type]}{_plain(child).translate(_TYPED)}\fP")
        else:
            raise Odd(f"{child.type} has no form in a manual page: {_plain(block)}")
    return "".join(parts)


def _plain(node: SyntaxTreeNode) -> str:
    if node.type in ("text", "code_inline"):
        return node.content
    return " " if node.type == "softbreak" else "".join(_plain(child) for child in node.children)
