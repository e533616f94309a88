"""create makes the VM's service in cluster.conf and remove takes it out, on every node and nothing else."""

from collections.abc import Callable

import pytest

from tests.support import san_manager, works
from tests.support.bench import Bench
from tests.support.scripted import ScriptedRunner
from vmstore import ui
from vmstore.errors import Refused
from vmstore.jobs import conf_steps
from vmstore.jobs.register_steps import DropResource
from vmstore.services import Cluster, Service, State
from vmstore.tools import cluster

CONF = san_manager.CONF


@pytest.fixture
def managed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Give a cluster under rgmanager without services."""
    san_manager.configure(bench.san)
    monkeypatch.setattr(conf_steps, "EVERY", 0.0)
    return bench


def _files(bench: Bench) -> set[str]:
    return {bench.san.conf[f"{node}:{CONF}"] for node in bench.san.nodes}


def test_create_makes_the_service_stopped_on_every_node(managed: Bench) -> None:
    done = managed.vmstore("create", "web01", "2G", "-o", "json")
    assert done.code == 0, done.err
    assert done.json["service"] is True
    (text,) = _files(managed)
    assert 'config_version="4"' in text
    assert '<service name="web01" autostart="0"' in text
    assert managed.san.services["web01"].state == "disabled"
    assert {node for node, _ in managed.san.scripts} == set(managed.san.nodes)
    assert managed.vmstore("create", "web01", "2G").code == 0
    assert not managed.changes()


def test_the_service_alone_for_a_volume_that_is_there(managed: Bench) -> None:
    managed.vmstore("create", "web01", "2G", "--no-service")
    assert not managed.san.services
    assert managed.vmstore("create", "web01", "2G").code == 0
    assert "web01" in managed.san.services


def test_remove_takes_out_the_service_first_and_the_scripts(managed: Bench) -> None:
    managed.vmstore("create", "web01", "2G")
    managed.vmstore("create", "db01", "2G")
    done = managed.vmstore("remove", "web01", "--confirm", "web01")
    assert done.code == 0, done.err
    (text,) = _files(managed)
    assert "web01" not in text
    assert "db01" in text
    assert set(managed.san.services) == set(managed.san.lvs) == {"db01"}
    programs = [argv[0] for _, argv in managed.changes()]
    assert programs.index("cman_tool") < programs.index("lvremove")


def test_a_running_service_is_not_removed(managed: Bench) -> None:
    managed.vmstore("create", "web01", "2G")
    managed.vmstore("start", "web01", "n1")
    refused = managed.vmstore("remove", "web01", "--confirm", "web01")
    assert refused.code == 4
    assert "web01" in managed.san.lvs
    assert managed.san.services["web01"].state == "started"


def test_no_configuration_is_pushed_while_a_service_is_frozen(managed: Bench) -> None:
    managed.vmstore("create", "web01", "2G")
    managed.vmstore("freeze", "web01")
    before = _files(managed)
    refused = managed.vmstore("create", "db01", "2G")
    assert (refused.code, "frozen: web01" in refused.err) == (4, True)
    assert "db01" not in managed.san.lvs
    assert _files(managed) == before


def test_a_node_that_is_away_would_keep_the_old_file(managed: Bench) -> None:
    managed.san.nodes["n3"].up = False
    refused = managed.vmstore("create", "web01", "2G", "--offline", "n3")
    assert (refused.code, "n3 is away" in refused.err) == (7, True)
    assert not managed.changes()
    assert managed.vmstore("create", "web01", "2G", "--offline", "n3", "--no-service").code == 0


def test_a_file_that_differs_on_a_node_is_not_overwritten(managed: Bench) -> None:
    managed.san.conf[f"n2:{CONF}"] += "<!-- somebody's -->\n"
    assert managed.san.conf[f"n1:{CONF}"] != managed.san.conf[f"n2:{CONF}"]
    refused = managed.vmstore("create", "web01", "2G")
    assert refused.code == 4
    assert "not the same on every node" in refused.err
    assert managed.san.conf[f"n2:{CONF}"].endswith("<!-- somebody's -->\n")


def test_dry_run_shows_the_change(managed: Bench) -> None:
    done = managed.vmstore("create", "web01", "2G", "--dry-run")
    assert '| +    <service name="web01"' in done.out
    assert "cman_tool version -r -S" in done.out
    assert not managed.changes()


@pytest.mark.parametrize("moment", range(20))
def test_whenever_it_is_killed_the_same_command_finishes(managed: Bench, moment: int) -> None:
    managed.vmstore("create", "web01", "2G", cut_at=moment)
    done = managed.vmstore("create", "web01", "2G")
    assert done.code == 0, done.err
    assert managed.san.services["web01"].state == "disabled"
    assert len(_files(managed)) == 1


@pytest.fixture
def rhel5(managed: Bench) -> Bench:
    """Give a cluster of the generation before."""
    san_manager.generation2(managed.san)
    return managed


def _shown(bench: Bench, *words: str) -> list[tuple[str, tuple[str, ...]]]:
    steps = bench.vmstore(*words, "--dry-run", "-o", "json").json["steps"]
    return [(each["node"], tuple(each["argv"])) for step in steps for each in step["commands"]]


def test_on_rhel_5_ccsd_distributes_what_one_node_was_given(rhel5: Bench) -> None:
    new = f"{CONF}.vmstore"
    shown = _shown(rhel5, "create", "web01", "2G")
    assert shown[-4:] == [
        ("n1", ("sh", "-c", f"umask 027; cat >{new} && sync {new}")),
        ("n1", ("xmllint", "--noout", new)),
        ("n1", tuple(f"cp -p {CONF} {new}-old && ccs_tool update {new} && rm -f {new}".split())),
        ("n1", ("cman_tool", "version", "-r", "4")),
    ]  # fmt: skip
    done = rhel5.vmstore("create", "web01", "2G")
    assert done.code == 0, done.err
    assert [argv[0] for _, argv in rhel5.changes()][-6:] == ["sh", "xmllint", "cp", "ccs_tool", "rm", "cman_tool"]
    assert (rhel5.san.services["web01"].state, set(rhel5.san.versions.values())) == ("disabled", {4})
    assert rhel5.vmstore("create", "db01", "2G").code == 0
    assert rhel5.vmstore("remove", "web01", "--confirm", "web01").code == 0
    assert (set(rhel5.san.services), set(rhel5.san.versions.values())) == ({"db01"}, {6})


def test_on_rhel_5_without_xmllint_our_own_parse_suffices(rhel5: Bench) -> None:
    rhel5.san.programs.discard("xmllint")
    assert not any("xmllint" in argv for _, argv in _shown(rhel5, "create", "web01", "2G"))
    assert rhel5.vmstore("create", "web01", "2G").code == 0


@pytest.mark.parametrize("moment", range(16))
def test_on_rhel_5_whenever_it_is_killed_the_same_command_finishes(rhel5: Bench, moment: int) -> None:
    rhel5.vmstore("create", "web01", "2G", cut_at=moment)
    done = rhel5.vmstore("create", "web01", "2G")
    assert done.code == 0, done.err
    assert (rhel5.san.services["web01"].state, set(rhel5.san.versions.values())) == ("disabled", {4})


def test_on_rhel_5_a_node_that_differs_is_not_mended_by_force(rhel5: Bench) -> None:
    text = rhel5.san.conf[f"n2:{CONF}"]
    rhel5.san.conf[f"n2:{CONF}"] = text.replace('config_version="3"', 'config_version="4"')
    refused = rhel5.vmstore("create", "web01", "2G")
    assert (refused.code, "not the same on every node" in refused.err) == (4, True)


def test_ricci_distributes_where_the_configuration_says_so(managed: Bench) -> None:
    managed.config.write_text(managed.config.read_text() + '[cluster]\npush = "ricci"\n')
    refused = managed.vmstore("create", "web01", "2G")
    assert (refused.code, "no ccs_sync" in refused.err) == (4, True)
    assert not managed.san.lvs
    managed.san.programs.add("ccs_sync")
    assert managed.vmstore("create", "web01", "2G").code == 0
    pushed = [(node, argv) for node, argv in managed.changes() if argv[0] in ("sh", "mv", "cman_tool")]
    assert {node for node, _ in pushed} == {"n1"}
    assert pushed[-1][1] == ("cman_tool", "version", "-r")
    assert len(_files(managed)) == 1


def test_on_rhel_5_what_was_half_distributed_by_hand_is_refused(managed: Bench) -> None:
    moment = 0
    while len(_files(managed)) == 1:
        managed.vmstore("create", "web01", "2G", cut_at=moment)
        moment += 1
    san_manager.generation2(managed.san)
    refused = managed.vmstore("create", "web01", "2G")
    assert (refused.code, "not the same on every node" in refused.err) == (4, True)
    assert not managed.changes()


def test_the_same_document_in_other_bytes_is_no_other_change(managed: Bench) -> None:
    text = managed.san.conf[f"n2:{CONF}"]
    managed.san.conf[f"n2:{CONF}"] = '<?xml version="1.0"?>\n' + text.replace("\n</cluster>", "\n</cluster >")
    done = managed.vmstore("create", "web01", "2G")
    assert done.code == 0, done.err
    assert len(_files(managed)) == 1


def test_what_all_nodes_run_already_is_only_waited_for(managed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    managed.vmstore("create", "web01", "2G")
    service = managed.san.services.pop("web01")
    monkeypatch.setattr("vmstore.jobs.conf_steps.time.sleep", lambda _: managed.san.services.update(web01=service))
    done = managed.vmstore("create", "web01", "2G")
    assert done.code == 0, done.err
    assert not [argv for _, argv in managed.changes() if argv[0] == "cman_tool"]


def _start(bench: Bench) -> None:
    """Start web01 on n2, as somebody else does meanwhile."""
    assert san_manager.run(bench.san, bench.san.nodes["n2"], ["clusvcadm", "-e", "web01", "-m", "n2"], "")


def _unharmed(bench: Bench) -> None:
    assert bench.san.services["web01"].state == "started"
    assert "web01" in bench.san.lvs
    assert all("web01" in text for text in _files(bench))
    assert set(bench.san.versions.values()) == {4}


def test_what_was_started_while_the_name_was_typed_is_not_removed(
    managed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    managed.vmstore("create", "web01", "2G")
    monkeypatch.setattr(ui, "confirm_name", lambda *_: _start(managed))
    refused = managed.vmstore("remove", "web01")
    assert (refused.code, managed.changes()) == (4, []), refused.err
    assert "web01 is in use" in refused.err
    _unharmed(managed)


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("moment", [0, 1])
def test_what_is_started_while_the_file_is_written_is_not_removed(managed: Bench, generation: int, moment: int) -> None:
    managed.vmstore("create", "web01", "2G")
    if generation == 2:
        san_manager.generation2(managed.san)
    refused = managed.vmstore(
        "remove", "web01", "--confirm", "web01", on_moment=lambda number: _start(managed) if number == moment else None
    )
    assert (refused.code, "web01 is not stopped" in refused.err) == (4, True), refused.err
    _unharmed(managed)


@pytest.mark.parametrize(
    ("service", "word"),
    [(Service("web01", State.STARTED, "n2"), "not stopped"), (Service("web01", State.STOPPED, frozen=True), "frozen")],
    ids=["started", "frozen"],
)
def test_pacemaker_is_asked_right_before_a_service_is_taken_out(
    monkeypatch: pytest.MonkeyPatch, service: Service, word: str
) -> None:
    told = Cluster("pacemaker", "n1", quorate=True, services={"web01": service})
    monkeypatch.setattr(cluster, "ask", lambda *_: told)
    runner = ScriptedRunner()
    with pytest.raises(Refused, match=word):
        DropResource("n1", "web01").run(works.work(runner)[0])


def test_one_change_of_cluster_conf_at_a_time(managed: Bench) -> None:
    before = _files(managed)
    lock = ("n1", "/run/vmstore/lock/cluster.conf")
    managed.san.leases[lock] = "root on n2 (process 7)"
    refused = managed.vmstore("create", "web01", "2G")
    assert (refused.code, "at work on cluster.conf" in refused.err) == (6, True), refused.err
    assert "root on n2 (process 7)" in refused.err
    assert (_files(managed), f"n1:{CONF}.vmstore" in managed.san.conf) == (before, False)
    del managed.san.leases[lock]
    held: list[tuple[str, bool]] = []
    done = managed.vmstore(
        "create",
        "web01",
        "2G",
        on_moment=lambda _: held.append((managed.changes()[-1][1][0], lock in managed.san.leases)),
    )
    assert done.code == 0, done.err
    assert {name for name, locked in held if locked} == {"sh", "ccs_config_validate", "cp", "mv", "sync", "cman_tool"}
    assert lock not in managed.san.leases


def _freeze(bench: Bench) -> None:
    bench.san.services["db01"].frozen = True


def _activated(bench: Bench) -> None:
    bench.san.versions = dict.fromkeys(bench.san.nodes, 7)


def _leave(bench: Bench) -> None:
    bench.san.nodes["n3"].member = False


def _edit(bench: Bench) -> None:
    for node in bench.san.nodes:
        bench.san.conf[f"{node}:{CONF}"] += "<!-- mine -->\n"


@pytest.mark.parametrize(
    ("happens", "code", "word"),
    [
        (_freeze, 4, "frozen: db01"),
        (_activated, 4, "the cluster runs 7"),
        (_leave, 7, "while n3 is away"),
        (_edit, 4, "changed meanwhile"),
    ],
)
def test_what_happens_before_the_push_is_seen(
    managed: Bench, happens: Callable[[Bench], None], code: int, word: str
) -> None:
    managed.vmstore("create", "db01", "2G")
    refused = managed.vmstore(
        "create", "web01", "2G", on_moment=lambda number: happens(managed) if number == 0 else None
    )
    assert (refused.code, word in refused.err) == (code, True), refused.err
    assert not any("web01" in text for text in _files(managed))
    assert "cman_tool" not in [argv[0] for _, argv in managed.changes()]


def test_what_somebody_else_has_not_activated_is_in_the_way_before_anything_is_made(managed: Bench) -> None:
    for node in managed.san.nodes:
        text = managed.san.conf[f"{node}:{CONF}"]
        managed.san.conf[f"{node}:{CONF}"] = text.replace('config_version="3"', 'config_version="4"')
    refused = managed.vmstore("create", "web01", "2G")
    assert (refused.code, "not activated yet" in refused.err, managed.changes()) == (4, True, []), refused.err


def test_a_node_that_left_the_cluster_is_away_though_it_answers(managed: Bench) -> None:
    _leave(managed)
    refused = managed.vmstore("create", "web01", "2G")
    assert (refused.code, "n3 is away" in refused.err, managed.changes()) == (7, True, []), refused.err
