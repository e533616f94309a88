"""Read and write sizes: integer bytes inside, binary units outside."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import humanize

from vmstore.errors import Refused, UsageError

UNITS = {"B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}
# The kernel's block layer counts 512-byte sectors in a signed 64-bit loff_t of bytes.
LARGEST = 2**63 - 1
_SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[BKMGTPEbkmgtpe])(?:[iI][bB])?")
_EXAMPLES = "write a number and a unit, such as 512M, 80G or 1.5T (binary units: 1G is 1024M)"


def parse(text: str) -> int:
    """Turn a size such as ``80G``, ``1.5T`` or ``512MiB`` into bytes.

    Raises UsageError for anything else: a missing unit is refused because LVM would read it as MiB and
    other tools as bytes, and ``GB`` because it means a tenth less to the vendors of disks.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a size", why=_reason(text), hint=_EXAMPLES)
    size = Fraction(match["number"]) * UNITS[match["unit"].upper()]
    if size == 0:
        raise UsageError(f"{text!r} is not a size", why="a volume of no size cannot exist", hint=_EXAMPLES)
    if size > LARGEST:
        raise UsageError(f"{text!r} is too large", why="Linux block devices end at 8 EiB", hint=_EXAMPLES)
    if size != int(size):
        raise UsageError(f"{text!r} is not a size", why="it is no whole number of bytes", hint=_EXAMPLES)
    return int(size)


def rate(text: str) -> int:
    """Turn a rate such as ``50M`` (a second) into bytes a second; "" and "none" are 0, no limit. Raises UsageError."""
    return 0 if text in ("", "none") else parse(text.removesuffix("/s"))


def share(text: str) -> Fraction:
    """Turn a share such as ``80%`` into a number from over 0 to 1. Raises UsageError."""
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%", text)
    found = Fraction(match[1]) / 100 if match else Fraction(0)
    if match is None:
        raise UsageError(f"{text!r} is not a share", why="it is a number with % behind it", hint="write it as 80%")
    if not 0 < found <= 1:
        raise UsageError(f"{text!r} is not a share", why="it is over 0% and at most 100%", hint="write it as 80%")
    return found


def _reason(text: str) -> str:
    if not text:
        return "it is empty"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return "it has no unit"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?[KMGTPE][Bb]", text, re.IGNORECASE):
        return "decimal units such as GB are easily mistaken for GiB"
    return "it is not a number with one of the units B, K, M, G, T, P, E"


@lru_cache(maxsize=1024)
def show(size: int) -> str:
    """Write bytes for eyes, in binary units with up to two digits behind the point: ``1.5 GiB``."""
    number, unit = humanize.naturalsize(size, binary=True, format="%.2f").split(" ", 1)
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {'B' if unit.startswith('Byte') else unit}"


def typed(size: int) -> str:
    """Write bytes as an admin would type them, exactly: ``9G``, ``9220M``."""
    unit, factor = max((each for each in UNITS.items() if size % each[1] == 0), key=lambda each: each[1])
    return f"{size // factor}{unit}"


@dataclass(frozen=True, slots=True)
class Growth:
    """Say how large a volume shall be: by ``size`` more bytes, or ``size`` bytes in all."""

    size: int
    relative: bool

    @classmethod
    def parse(cls, text: str) -> "Growth":
        """Read ``+10G`` (10 GiB more) or ``80G`` (80 GiB in all).

        Raises Refused for a minus sign: a volume never shrinks under a VM. Raises UsageError for nonsense.
        """
        if text.startswith("-"):
            raise Refused(
                f"{text!r} would shrink the volume",
                why="shrinking can cut off data, so vmstore never does it",
                hint="create a smaller volume and copy the VM's files over",
            )
        relative = text.startswith("+")
        return cls(parse(text[1:] if relative else text), relative)


def round_up(size: int, unit: int) -> int:
    """Round bytes up to a whole number of units (extents)."""
    return -(-size // unit) * unit


def rounding(size: int, unit: int) -> str:
    """Say that bytes are no whole number of extents and what becomes of them; "" where they are."""
    whole = round_up(size, unit)
    told = f"{typed(size)} is rounded up to {typed(whole)}, since LVM gives whole extents of {typed(unit)}"
    return "" if whole == size else told


def percent(part: int, whole: int) -> int | None:
    """Give the share in whole per cent, rounded down, so that 100 means full; None of nothing."""
    return 100 * part // whole if whole > 0 else None


def volumes(number: int) -> str:
    """Count volumes in words."""
    return counted(number, "volume")


def counted(number: int, word: str) -> str:
    """Count what a word names: "1 node", "3 nodes"."""
    return f"{number} {word}{'' if number == 1 else 's'}"
