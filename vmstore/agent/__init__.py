"""The bundled agent: one POSIX sh program, kept in parts, for rgmanager, LSB and OCF."""

from pathlib import Path


def text() -> str:
    """Assemble the program: its parts in the order of their numbers."""
    return "".join(part.read_text(encoding="utf-8") for part in sorted(Path(__file__).parent.glob("[0-9]*.sh")))
