"""Benchmarks: tables, the plot, and the page that is replaced part by part."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.bench import page, plot, relocations, reports, scale, tables, volumes
from lab.bench.figures import Measured, Timing
from lab.bench.jobs import JOBS
from lab.bench.ways import WAYS

LARGE = Measured(
    "large",
    "2026-01-02",
    {"dd": 12.0, "two dd at once": 10.0},
    (
        Timing("raw", (10.0, 11.0, 9.0)),
        Timing("pvmove", (41.0, 40.0, 39.0)),
        Timing("default", (12.0,)),
        Timing("used", (), "large01 is in use"),
    ),
    (5.0, 30.0, 10.0),
)
SMALL = Measured("small", "2026-01-03", {"dd": 10.0}, (Timing("raw", (10.0,)), Timing("pvmove", (90.0,))))


def test_each_way_is_told_with_its_rounds_and_ratios() -> None:
    rows = tables.timings([LARGE])[2:]
    job = "1 of 400 MiB, in use"
    assert rows == [
        f"| {job} | raw copy | 10.0 | 10.0, 11.0, 9.0 | 1.00 | 4.00 |",
        f"| {job} | plain pvmove -n | 40.0 | 41.0, 40.0, 39.0 | 4.00 | 1.00 |",
        f"| {job} | vmstore evacuate | 12.0 | 12.0 | 1.20 | 3.33 |",
        f"| {job} | --engine used | — | — | — | — |",
    ]
    assert tables.refusals([LARGE]) == [f"- {job}, --engine used: large01 is in use"]


def test_aims_are_held_against_the_default_choice() -> None:
    assert tables.aims([LARGE, SMALL])[2:] == [
        "| 1 of 400 MiB, in use | at most 1.25 times the raw copy | 1.20 |",
        "| 12 of 32 MiB, idle | at least 4 times as fast as plain pvmove | — |",
    ]


def test_the_raw_copy_that_counts_is_named() -> None:
    assert tables.copies([LARGE, SMALL])[2:] == [
        "| 1 of 400 MiB, in use | 2026-01-02 | 12.0 | 10.0 | two dd at once |",
        "| 12 of 32 MiB, idle | 2026-01-03 | 10.0 | — | dd |",
    ]
    assert tables.copies([Measured("large", "")]) == []


def test_claims_are_told_by_their_median_and_their_worst() -> None:
    assert tables.claims([LARGE, SMALL])[2:] == [
        "| 1 of 400 MiB, in use | 3 | 10 % | 30 % |",
        "| 12 of 32 MiB, idle | 0 | — | — |",
    ]


def test_a_table_stands_apart_and_all_its_rows_are_as_wide() -> None:
    lines = tables.section([LARGE, SMALL], "benchmarks.svg")
    assert lines[0].endswith("(benchmarks.svg)")
    for block in "\n".join(lines).split("\n\n"):
        widths = {row.count("|") for row in block.splitlines()}
        assert len(widths) == 1 or not block.startswith("|")
    assert not tables.section([LARGE])[0].startswith("!")


def test_the_plot_holds_every_bar_and_nothing_that_changes() -> None:
    drawn = plot.draw([LARGE, SMALL])
    root = ElementTree.fromstring(drawn)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    for label in (*WAYS.values(), JOBS["large"].label, JOBS["small"].label):
        assert label in texts
    for ratio in ("4.00", "1.20", "9.00"):
        assert ratio in texts
    bars = [each for each in root.iter() if "bar" in each.get("class", "").split()]
    assert len(bars) == 5
    assert "<script" not in drawn
    assert "<!--" not in drawn
    assert plot.draw([LARGE, SMALL]) == drawn


def test_a_part_is_replaced_and_the_others_kept() -> None:
    before = page.replaced("# Old\n\n## Gone\n\nx\n\n", "scale", ["first"])
    after = page.replaced(page.replaced(before, "moves", ["second"]), "scale", ["third"])
    assert "Gone" not in after
    assert "first" not in after.split("## How")[0]
    order = [after.index(f"## {page.HEADINGS[part]}") for part in ("moves", "scale")]
    assert order == sorted(order)
    assert page.replaced(after, "scale", ["third"]) == after


def test_the_page_in_the_project_has_only_parts_that_can_be_measured() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert set(headings) <= {*page.HEADINGS.values(), "How"}


def test_figures_of_a_job_are_kept_for_the_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "FIGURES", tmp_path / "figures.json")
    assert page.kept(SMALL, list(JOBS)) == [SMALL]
    assert page.kept(LARGE, list(JOBS)) == [LARGE, SMALL]
    newer = Measured("small", "2026-02-01")
    assert page.kept(newer, list(JOBS)) == [LARGE, newer]


def test_the_other_parts_have_their_tables() -> None:
    took = [volumes.Took("create", "raw", 2.0), volumes.Took("create", "vmstore", 3.0)]
    assert volumes.table(took)[-1] == "| create | vmstore | 3.0 | 1.50 |"
    stood = [relocations.Stood("pacemaker", relocations.HAND, (2.0, 4.0)), relocations.Stood("pacemaker", "x", (6.0,))]
    assert relocations.table(stood)[-1] == "| pacemaker | x | 6.0 | 6.0 | 2.00 |"
    assert scale.table([scale.Scale(10, 0.1, 0.3)])[-1] == "| 10 | 100 | 300 | 200 |"
    assert reports.table([reports.Cost("report", 1.0, 0.754, 50)])[-1] == "| report | 1.00 | 0.75 | 50 |"
