"""From its first start on, a VM under rgmanager comes back with the cluster; what is in the way of that is told."""

from collections.abc import Callable

import pytest

from tests.support import san_manager
from tests.support.bench import Bench
from vmstore.jobs import conf_steps, service_steps

CONF = san_manager.CONF


@pytest.fixture
def made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give a cluster under rgmanager on which web01 was just made."""
    san_manager.configure(bench.san)
    monkeypatch.setattr(conf_steps, "EVERY", 0.0)
    monkeypatch.setattr(service_steps, "LAG", {"rgmanager": 0.0})
    monkeypatch.setattr(service_steps, "EVERY", 0.0)
    assert bench.vmstore("create", "web01", "2G").code == 0
    return bench


def _says(bench: Bench) -> set[str]:
    """Give what the files of the nodes say, and the versions that they run."""
    return {bench.san.conf[f"{node}:{CONF}"].split("autostart=")[1][:3] for node in bench.san.nodes}


@pytest.mark.parametrize("generation", [2, 3])
def test_the_first_start_pushes_it_once_after_the_vm_runs(made: Bench, generation: int) -> None:
    if generation == 2:
        san_manager.generation2(made.san)
    assert _says(made) == {'"0"'}
    done = made.vmstore("start", "web01", "n2")
    assert done.code == 0, done.err
    programs = [argv[0] for _, argv in made.changes()]
    assert programs.index("clusvcadm") < programs.index("cman_tool")
    assert (_says(made), set(made.san.versions.values())) == ({'"1"'}, {5})
    assert made.san.services["web01"].owner == "n2"
    for verb, told in (("start", False), ("stop", True), ("start", False)):
        again = made.vmstore(verb, "web01")
        assert again.code == 0
        assert "cman_tool" not in [argv[0] for _, argv in made.changes()]
        assert ("starts again when the whole cluster does" in again.err) is told


def test_dry_run_shows_it_with_the_start(made: Bench) -> None:
    shown = made.vmstore("start", "web01", "--dry-run").out
    assert "have web01 start with the cluster: cluster.conf version 5 on n1, n2, n3" in shown
    assert shown.index("clusvcadm -e web01") < shown.index("cman_tool version -r -S")
    assert '+    <service name="web01" autostart="1"' in shown


def test_what_does_not_start_does_not_come_back_with_the_cluster(made: Bench) -> None:
    made.san.groups_locked = True
    assert made.vmstore("start", "web01").code == 8
    assert _says(made) == {'"0"'}


def _frozen(bench: Bench) -> None:
    bench.vmstore("create", "db01", "2G")
    bench.vmstore("freeze", "db01")


def _other_change(bench: Bench) -> None:
    for node in bench.san.nodes:
        text = bench.san.conf[f"{node}:{CONF}"]
        bench.san.conf[f"{node}:{CONF}"] = text.replace('config_version="4"', 'config_version="5"')


def _unlike(bench: Bench) -> None:
    bench.san.conf[f"n2:{CONF}"] += "<!-- mine -->"


@pytest.mark.parametrize(
    ("prepare", "options", "word"),
    [
        (_frozen, (), "while a service is frozen; frozen: db01"),
        (lambda bench: setattr(bench.san.nodes["n3"], "up", False), ("--offline", "n3"), "while n3 is away"),
        (_other_change, (), "not activated yet"),
        (_unlike, (), "not the same on every node"),
        (lambda bench: bench.san.conf.pop(f"n2:{CONF}"), (), "cannot be read on n2"),
    ],
)
def test_what_is_in_the_way_is_told_and_the_vm_starts(
    made: Bench, prepare: Callable[[Bench], object], options: tuple[str, ...], word: str
) -> None:
    prepare(made)
    done = made.vmstore("start", "web01", "n2", *options)
    assert (done.code, word in done.err) == (0, True), done.err
    assert "`vmstore start web01` tries again" in done.err
    assert made.san.services["web01"].state == "started"
    assert "cman_tool" not in [argv[0] for _, argv in made.changes()]


def _lock(bench: Bench) -> None:
    bench.san.leases["n1", "/run/vmstore/lock/cluster.conf"] = "root on n2 (process 7)"


def _freeze(bench: Bench) -> None:
    bench.san.services["db01"].frozen = True


@pytest.mark.parametrize(
    ("happens", "word"),
    [(_lock, "at work on cluster.conf"), (_freeze, "frozen: db01"), (_unlike, "changed meanwhile")],
)
def test_what_comes_in_the_way_while_it_starts_is_told_and_made_good_later(
    made: Bench, happens: Callable[[Bench], None], word: str
) -> None:
    made.vmstore("create", "db01", "2G")
    before = made.san.conf[f"n2:{CONF}"]
    done = made.vmstore("start", "web01", "n2", on_moment=lambda number: happens(made) if number == 0 else None)
    assert (done.code, word in done.err) == (0, True), done.err
    assert "`vmstore start web01` tries again" in done.err
    assert made.san.services["web01"].state == "started"
    assert [argv[0] for _, argv in made.changes()] == ["clusvcadm"]
    made.san.leases.clear()
    made.san.services["db01"].frozen = False
    made.san.conf[f"n2:{CONF}"] = before
    assert made.vmstore("start", "web01").code == 0
    assert {made.san.conf[f"{node}:{CONF}"].count('autostart="1"') for node in made.san.nodes} == {1}


def test_a_start_later_makes_good_what_was_in_the_way(made: Bench) -> None:
    _frozen(made)
    made.vmstore("start", "web01", "n2")
    made.vmstore("thaw", "db01")
    done = made.vmstore("start", "web01")
    assert done.code == 0, done.err
    assert made.san.conf[f"n1:{CONF}"].count('autostart="1"') == 1
    assert [argv[0] for _, argv in made.changes() if argv[0] == "clusvcadm"] == []


def test_what_somebody_else_has_not_activated_yet_is_left_alone(made: Bench) -> None:
    made.vmstore("start", "web01")
    for node in made.san.nodes:
        text = made.san.conf[f"{node}:{CONF}"]
        made.san.conf[f"{node}:{CONF}"] = text.replace('config_version="5"', 'config_version="6"')
    done = made.vmstore("start", "web01")
    assert (done.code, made.changes()) == (0, [])


def test_an_admin_may_keep_it_out(made: Bench) -> None:
    made.config.write_text(made.config.read_text() + "[cluster]\nautostart = false\n")
    assert made.vmstore("start", "web01").code == 0
    stopped = made.vmstore("stop", "web01")
    assert (_says(made), "whole cluster" in stopped.err) == ({'"0"'}, False)


@pytest.mark.parametrize("moment", range(13))
@pytest.mark.parametrize("generation", [2, 3])
def test_whenever_it_is_killed_the_same_command_finishes(made: Bench, generation: int, moment: int) -> None:
    if generation == 2:
        san_manager.generation2(made.san)
    made.vmstore("start", "web01", "n2", cut_at=moment)
    done = made.vmstore("start", "web01", "n2")
    assert done.code == 0, done.err
    assert (_says(made), set(made.san.versions.values())) == ({'"1"'}, {5}), done.err
    assert made.san.services["web01"].state == "started"
