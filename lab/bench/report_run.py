"""Run one vmstore on the storage of made.py, as a process of its own: what LVM and nodes take is not in its time."""

import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vmstore import cli, session
from vmstore.run import Held, Result


class Canned:
    """Answer for LVM and all nodes out of files, at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60) -> Result:
        """Answer; nodes that have no file are silent."""
        del stdin
        node = argv[argv.index("--") - 1]
        file = self._folder / ("lvm" if "fullreport" in argv[-1] else node)
        if not file.exists():
            return Result(tuple(argv), -1, "", "", timeout, timed_out=True)
        return Result(tuple(argv), 0, file.read_text(encoding="utf-8"), "", 0.0)

    def stream(
        self, argv: Sequence[str], on_line: Callable[[str], None], on_quiet: Callable[[], None] = lambda: None
    ) -> Result:
        """Refuse: a report streams nothing."""
        raise NotImplementedError

    def hold(self, argv: Sequence[str]) -> Held:
        """Refuse: a report holds nothing."""
        raise NotImplementedError


def main(folder: Path, words: list[str]) -> None:
    """Run it; the last line on stderr is the most memory it had, in KiB."""
    session.make_runner = lambda: Canned(folder)
    try:
        cli.main([*words, "--config", str(folder / "vmstore.toml")])
    finally:
        sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
