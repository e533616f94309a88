"""Every command writes the JSON that docs/json.md says; what it is, Bench holds against the schema."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from script.manual import verbs
from tests.support import documents, jobs, san_manager
from tests.support.bench import KILLED, Bench
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import conf_steps, lease, service_steps

PAGE = documents.FOLDER.parent / "json.md"
_REAL, _PLANNED = "writes", "with --dry-run"
_GOOD = (ExitCode.DONE, ExitCode.THRESHOLD)
Kinds = dict[tuple[str, str], set[str]]


def promised() -> Kinds:
    """Read the page: which kinds each verb writes, really and with --dry-run."""
    found: Kinds = defaultdict(set)
    for verb, *cells in re.findall(
        r"^\| `vmstore ([a-z -]+)`[^|]*\|([^|]*)\|([^|]*)\|$", PAGE.read_text(), re.MULTILINE
    ):
        for manner, cell in zip((_REAL, _PLANNED), cells, strict=True):
            for kind, file in re.findall(r"\[([a-z-]+)\]\(schemas/([a-z-]+)\.schema\.json\)", cell):
                assert kind == file
                found[verb, manner].add(kind)
    return found


class Typing:
    """Type commands with JSON, and keep which kinds came of each verb."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.kinds: Kinds = defaultdict(set)
        self._verbs = sorted((verb.path for verb in verbs.verbs()), key=len, reverse=True)

    def run(self, *words: str) -> None:
        """Type one, which is to end well."""
        json = () if words[:2] == ("inventory", "export") else ("-o", "json")
        done = self.bench.vmstore(*words, *json)
        assert done.code in _GOOD, (words, done.err)
        verb = next(verb for verb in self._verbs if " ".join(words).startswith(verb))
        self.kinds[verb, _PLANNED if "--dry-run" in words else _REAL].add(done.json["kind"])

    def both(self, *words: str) -> None:
        """Type one with and without --dry-run."""
        self.run(*words, "--dry-run")
        self.run(*words)


@pytest.fixture
def typing(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Give a cluster under rgmanager on which VMs may grow by themselves."""
    san_manager.configure(bench.san)
    for module in (conf_steps, service_steps):
        monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(service_steps, "LAG", {"rgmanager": 0.0})
    with bench.config.open("a", encoding="utf-8") as file:
        file.write(f'[report]\nhistory = "{tmp_path / "history.db"}"\n[growth]\ngrow = true\n')
    return Typing(bench)


def _look(typing: Typing, vm: str) -> None:
    for words in ("list", f"show {vm}", "status", "report", "explain", "doctor", "log", "pv list", "job list"):
        typing.run(*words.split())
    for words in ("inventory export", "policy show", f"policy show {vm}", "policy check", "agent check"):
        typing.run(*words.split())


def _live(typing: Typing) -> None:
    typing.both("create", "web01", "2G", "--class", "fc")
    typing.bench.san.scripts.clear()
    for words in ("grow web01 +1G", "start web01 n1", "relocate web01 n2", "freeze web01", "thaw web01"):
        typing.both(*words.split())
    _look(typing, "web01")
    for words in ("policy apply", "agent deploy", "stop web01", "remove web01 --confirm web01"):
        typing.both(*words.split())


def _luns(typing: Typing) -> None:
    luns = typing.bench.san.luns
    for words in (f"pv add {luns['spare'].wwid} --yes", f"pv cordon {luns['spare'].wwid}"):
        typing.both(*words.split())
    for words in (f"pv uncordon {luns['spare'].wwid}", f"pv remove {luns['spare'].wwid} --yes"):
        typing.both(*words.split())


def _jobs(typing: Typing) -> None:
    bench = typing.bench
    jobs.fill(bench.san)
    pv = bench.san.luns["iscsi1"].wwid
    typing.run("rebalance", "--most", "80%", "--dry-run")
    assert bench.vmstore("rebalance", "--most", "80%", "--yes", cut_at=3).code == KILLED
    typing.both("job", "resume", pv, "--yes")
    typing.run("rebalance", "--most", "80%", "--yes")
    typing.run("evacuate", pv, "--to", "fc", "--dry-run")
    assert jobs.evacuate(bench, cut_at=9).code == KILLED
    key = ("n1", lease.path(lease.evacuation(bench.san.label("iscsi1").uuid)))
    bench.san.leases[key] = "root on n1 (process 7) at noon"
    for words in (f"job rate {pv} 20M", f"job pause {pv}", f"job resume {pv}"):
        typing.both(*words.split())
    typing.run("job", "abort", pv, "--dry-run")
    del bench.san.leases[key]
    for words in (f"job show {pv}", f"job abort {pv} --dry-run", f"job resume {pv} --dry-run", f"job resume {pv}"):
        typing.run(*words.split(), *([] if "show" in words else ["--yes"]))
    typing.run("evacuate", pv, "--to", "fc", "--yes")
    typing.run("pv", "uncordon", pv)
    assert bench.vmstore("evacuate", bench.san.luns["fc1"].wwid, "--to", "iscsi", "--yes", cut_at=6).code == KILLED
    typing.run("job", "abort", bench.san.luns["fc1"].wwid, "--yes")


@pytest.mark.usefixtures("at_once")
def test_each_command_writes_the_kinds_that_the_page_says_and_no_others(typing: Typing) -> None:
    _live(typing)
    _luns(typing)
    _jobs(typing)
    assert typing.kinds == promised()


def test_the_page_has_every_command_that_writes_json_and_every_schema() -> None:
    takes = {verb.path: {name for option in verb.options for name in option.spellings} for verb in verbs.verbs()}
    told = promised()
    assert {verb for verb, options in takes.items() if "--output" in options} == {
        verb for verb, manner in told if manner == _REAL
    } - {"inventory export"}
    assert {verb for verb, options in takes.items() if "--dry-run" in options} == {
        verb for verb, manner in told if manner == _PLANNED
    }
    assert {f"{kind}.schema.json" for kinds in told.values() for kind in kinds} == {
        file.name for file in documents.FOLDER.iterdir()
    }


def test_one_who_looks_for_the_lun_that_is_gone_already_is_told_the_same(bench: Bench) -> None:
    bench.san.volume("idle", 1 * G, "iscsi1")
    wwid = bench.san.luns["iscsi1"].wwid
    words = ("evacuate", wwid, "--to", "fc", "--remove", "--yes", "-o", "json")
    first, again = bench.vmstore(*words), bench.vmstore(*words)
    assert (first.json["changed"], first.json["moved_bytes"]) == (True, 1 * G)
    assert (again.json["changed"], again.json["moved_bytes"], again.json["pv"]) == (False, 0, None)
