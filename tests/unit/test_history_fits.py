"""What reports make of the history is kept there, and some subjects are read as all would be."""

from pathlib import Path

import pytest

from tests.support.history import DAY, START, fill, opened, rows, vm
from vmstore.history.values import Fit, Keeping


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a history that is not there yet."""
    return tmp_path / "history.db"


def test_some_subjects_are_read_as_all_are(path: Path) -> None:
    names = ["web01", "web02", "web03"]
    fill(path, range(0, 24 * 40, 6), names, Keeping(hourly_days=2))
    with opened(path, START + 40 * DAY) as history:
        assert rows(path, "SELECT count(*) FROM days") != [(0,)]
        for since in (0, START + 10 * DAY + 3600, START + 39 * DAY):
            whole = dict(history.days("vm", since))
            some = history.days_of("vm", {"web01", "web03", "gone"}, since)
            assert some == {name: whole[name] for name in ("web01", "web03")}
        assert history.days_of("pv", {"web01"}, 0) == {}


def test_what_was_made_of_it_is_kept_and_made_anew(path: Path) -> None:
    with opened(path) as history:
        history.add(START, [vm("web01"), vm("web02")])
        assert history.keep_fits("vm", {"web01": Fit(START, 5, "{}"), "gone": Fit(START, 5, "{}")}) == []
        assert history.keep_fits("vm", {"web01": Fit(START + 1, 6, "[1]")}) == []
        assert (history.fits("vm"), history.fits("pv")) == ({"web01": Fit(START + 1, 6, "[1]")}, {})


def test_it_goes_with_its_subject(path: Path) -> None:
    short = Keeping(hourly_days=2, daily_days=30)
    with opened(path, START, short) as history:
        history.add(START, [vm("gone")])
        history.keep_fits("vm", {"gone": Fit(START, 5, "{}")})
    fill(path, range(24, 24 * 60, 12), ["web01"], short)
    with opened(path, START + 60 * DAY) as history:
        assert history.fits("vm") == {}


def test_a_history_that_may_not_be_written_says_so(path: Path) -> None:
    path.write_text("in the way", encoding="utf-8")
    with opened(path / "history.db") as history:
        assert history.keep_fits("vm", {"web01": Fit(START, 5, "{}")}) == history.notes != []
        assert (history.fits("vm"), history.days_of("vm", {"web01"}, 0)) == ({}, {})
