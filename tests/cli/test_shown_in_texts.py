"""What the manual and the pages show of commands is what these say, but for names, sizes and times."""

import re
from pathlib import Path

from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode

DOCS = Path(__file__).parents[2] / "docs"


def masked(text: str) -> str:
    """Take out what is another one on every storage."""
    return re.sub(r"/dev/[a-z/]+|[0-9.]+ ?[KMGT](iB)?", "…", text.replace(" ...", " …"))


def shown(verb: str) -> list[str]:
    """Give the lines that the manual shows below a command, those that it folds as one."""
    text = (DOCS / "man" / "vmstore.8.md").read_text(encoding="utf-8")
    [block] = re.findall(rf"^    # vmstore {verb} [^\n]*\n((?:    [^#\n][^\n]*\n)+)", text, re.MULTILINE)
    lines = re.sub(r";\n +", "; ", block).splitlines()
    return [masked(line.strip()) for line in lines]


def test_the_manual_shows_what_create_says(bench: Bench) -> None:
    assert shown("create") == masked(bench.vmstore("create", "web01", "8G", "--class", "fc").err).splitlines()


def test_the_manual_shows_how_grow_ends(bench: Bench) -> None:
    bench.san.volume("web01", 8 * G, "fc1", active="n2", mounted=True)
    assert shown("grow") == masked(bench.vmstore("grow", "web01", "+2G").err).splitlines()[-1:]


def test_the_page_of_the_log_shows_what_is_logged_of_a_volume_that_was_taken_back(bench: Bench) -> None:
    assert bench.vmstore("create", "web01", "8G", fail=1).code == ExitCode.TOOL
    logged = [line.split("\t") for line in bench.vmstore("log", "-o", "plain").out.splitlines()]
    _, _, rest = (DOCS / "log.md").read_text(encoding="utf-8").partition("\nTIME ")
    told = [re.split(r" {2,}", line) for line in rest.partition("```")[0].splitlines()[1:]]
    assert [each[3] for each in told] == [each[3] for each in logged]
    for page, line in zip(told, logged, strict=True):
        assert re.fullmatch(re.escape(page[5].partition(" (")[0]).replace("…", ".*"), line[5])
