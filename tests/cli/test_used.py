"""The engine that copies what a file system uses: when it is taken, what it refuses, and that nothing is ever half."""

import time
from typing import Any

import pytest

from tests.support.bench import Bench, Outcome
from tests.support.san import EXTENT, G, M
from vmstore.errors import ExitCode
from vmstore.jobs import used_steps

QUARTER = G // 4


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += seconds


@pytest.fixture
def bare(bench: Bench) -> Bench:
    """Put a volume that nobody uses on iscsi1, of which little is used."""
    bench.san.volume("idle", 2 * G, "iscsi1", used=QUARTER)
    return bench


def evacuate(bench: Bench, *words: str, **tampering: Any) -> Outcome:
    """Empty iscsi1 to FC."""
    return bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", *words, **tampering)


def copied(bench: Bench) -> set[str]:
    """Name the volumes that were copied to new ones."""
    return {argv[4].rpartition("/")[2] for _, argv in bench.changes() if argv[:2] == ("bash", "-c")}


def moved(bench: Bench) -> set[str]:
    """Name the volumes that pvmove moved."""
    return {argv[argv.index("--name") + 1].rpartition("/")[2] for _, argv in bench.changes() if argv[0] == "pvmove"}


def test_a_volume_that_nobody_uses_is_copied_by_what_is_used_and_keeps_its_tags(bare: Bench) -> None:
    bare.san.lvs["idle"].tags.add("gold")
    before = bare.san.lvs["idle"].uuid
    done = evacuate(bare)
    assert done.code == ExitCode.DONE, done.err
    lv = bare.san.lvs["idle"]
    assert (copied(bare), moved(bare)) == ({"idle"}, set())
    assert (lv.data, lv.tags, lv.size) == ("of idle", {"gold"}, 2 * G)
    assert lv.uuid != before
    assert set(bare.san.lvs) == {"idle"}
    assert bare.san.summary()["marks"] == {}
    assert bare.san.holders(lv) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"active": "n1", "mounted": True, "used": QUARTER}, "it is in use"),
        ({"used": None}, "what is used of it is not known"),
        ({"used": G}, "50 % of it is used, too much"),
        ({"used": QUARTER, "on": ("iscsi1", "iscsi2")}, "a part of it lies on other PVs"),
        ({"used": QUARTER, "layout": "striped"}, "it is not linear"),
    ],
)
def test_other_volumes_are_mirrored(bench: Bench, change: dict[str, Any], why: str) -> None:
    bench.san.volume("other", 2 * G, **change)
    assert f"by mirror: {why}" in evacuate(bench, "--dry-run").out
    done = evacuate(bench)
    assert done.code == ExitCode.DONE, done.err
    assert (copied(bench), moved(bench)) == (set(), {"other"})


def test_a_volume_for_which_no_pv_has_room_alone_is_mirrored(bench: Bench) -> None:
    bench.san.volume("idle", 8 * G, "iscsi1", used=QUARTER)
    bench.san.volume("one", 15 * G, "fc1", active="n1")
    bench.san.volume("other", 15 * G, "fc2", active="n1")
    assert evacuate(bench).code == ExitCode.DONE
    assert (copied(bench), moved(bench)) == (set(), {"idle"})


def test_the_admin_chooses_and_the_settings_do(bare: Bench) -> None:
    before = bare.san.copy()
    assert evacuate(bare, "--engine", "mirror").code == ExitCode.DONE
    assert (copied(bare), moved(bare)) == (set(), {"idle"})
    bare.san = before.copy()
    bare.config.write_text(bare.config.read_text() + '[move]\nengine = "mirror"\n')
    assert evacuate(bare).code == ExitCode.DONE
    assert moved(bare) == {"idle"}
    bare.san = before.copy()
    bare.san.volume("full", G, "iscsi1", used=G)
    assert evacuate(bare, "--engine", "used").code == ExitCode.DONE
    assert copied(bare) == {"idle", "full"}


def test_where_limits_of_load_are_set_it_is_mirrored(bare: Bench) -> None:
    bare.config.write_text(bare.config.read_text() + "[load]\nlatency_ms = 50\n")
    assert evacuate(bare).code == ExitCode.DONE
    assert moved(bare) == {"idle"}


def test_a_copy_that_differs_never_takes_the_name(bare: Bench) -> None:
    before = bare.san.lvs["idle"].uuid

    def scribble(_: int) -> None:
        bare.san.lvs["idle"].data = "changed meanwhile"

    copy = next(number for number, argv in enumerate(_dry(bare, "commands")) if argv[:2] == ["bash", "-c"])
    done = evacuate(bare, on_moment=lambda moment: scribble(moment) if moment == copy + 2 else None)
    assert done.code == ExitCode.TOOL
    assert "differ" in done.err
    assert (bare.san.lvs["idle"].uuid, set(bare.san.lvs)) == (before, {"idle"})
    assert bare.san.holders(bare.san.lvs["idle"]) == []


def _dry(bench: Bench, what: str) -> list[list[str]]:
    """List what a run would execute, chains taken apart."""
    steps = evacuate(bench, "--dry-run", "-o", "json").json["steps"]
    found: list[list[str]] = []
    for step in steps:
        for command in step[what]:
            found.append([])
            for word in command["argv"]:
                if word == "&&":
                    found.append([])
                else:
                    found[-1].append(word)
    return found


def test_one_that_is_changed_behind_what_was_compared_stays_what_it_is(bare: Bench) -> None:
    lv = bare.san.lvs["idle"]
    orders = 0

    def late(_: int) -> None:
        nonlocal orders
        orders += bare.runner.changes[-1].argv[0] == "bash"
        # Copied and compared are 5 spans each; mounted and unmounted now, it is the superblock that tells.
        if orders == 10:
            lv.data = "written behind the comparing"

    done = evacuate(bare, on_moment=late)
    assert (done.code, orders) == (ExitCode.TOOL, 10), done.err
    assert bare.san.lvs == {"idle": lv}
    assert bare.san.holders(lv) == []


@pytest.mark.parametrize("how", ["used", "failing"])
def test_an_old_volume_that_cannot_be_removed_has_its_name_back(bare: Bench, how: str) -> None:
    lv = bare.san.lvs["idle"]

    def use(_: int) -> None:
        last = bare.runner.changes[-1].argv
        if how == "used" and last[:3] == ("lvrename", "vmstore", "idle+to"):
            # Taken into use on the node itself, where no lock of LVM's is in the way.
            bare.san.nodes["n1"].active.add(lv.uuid)
            bare.san.nodes["n1"].mounts[lv.uuid] = "/vm/idle"

    number = len([argv for argv in _dry(bare, "commands") if argv[0] != "lvm"]) - 3
    done = evacuate(bare, on_moment=use, **({"fail": number} if how == "failing" else {}))
    assert bare.runner.changes[number].argv[0] == "lvremove"
    assert done.code == ExitCode.RESUMABLE, done.err
    assert ("was taken into use" in done.err) is (how == "used")
    assert bare.san.lvs == {"idle": lv}
    assert lv.data == "of idle"
    assert evacuate(bare).code == ExitCode.DONE
    assert set(bare.san.lvs) == {"idle"}


def test_a_copy_that_lost_the_name_is_thrown_away(bench: Bench) -> None:
    bench.san.volume("idle+from", 2 * G, "iscsi1", used=QUARTER).data = "of idle"
    bench.san.volume("idle+void", 2 * G, "fc1", used=QUARTER).data = "stale"
    assert evacuate(bench, "--engine", "mirror").code == ExitCode.DONE
    assert {name: lv.data for name, lv in bench.san.lvs.items()} == {"idle": "of idle"}


@pytest.mark.parametrize("how", ["mounted", "grown"])
def test_one_that_is_taken_into_use_meanwhile_stays_what_it_is(bare: Bench, how: str) -> None:
    lv = bare.san.lvs["idle"]

    def use(_: int) -> None:
        if bare.runner.changes[-1].argv[0] == "bash":
            if how == "mounted":
                bare.san.nodes["n1"].mounts[lv.uuid] = "/vm/idle"
            elif lv.size == 2 * G:
                lv.runs += bare.san.take(1, [bare.san.label("fc2").uuid]) or []

    done = evacuate(bare, on_moment=use)
    assert done.code in (ExitCode.REFUSED, ExitCode.TOOL), done.err
    assert bare.san.lvs["idle"] is lv
    assert lv.data == "of idle"
    if how == "mounted":
        assert "in use" in done.err
        # The next run moves the mounted volume.
        assert evacuate(bare).code == ExitCode.DONE
    assert set(bare.san.lvs) == {"idle"}
    assert bare.san.lvs["idle"] is lv


def test_a_stopped_service_is_frozen_until_its_volume_is_let_go_of(bare: Bench) -> None:
    bare.san.serve("idle")
    done = evacuate(bare)
    assert done.code == ExitCode.DONE, done.err
    order = [
        argv[1] if argv[0] == "clusvcadm" else argv[0]
        for _, argv in bare.changes()
        if argv[0] in ("clusvcadm", "bash", "lvrename", "lvremove")
    ]
    assert order == ["-Z", "bash", "lvrename", "lvrename", "lvremove", "-U"]
    assert not bare.san.services["idle"].frozen


def test_half_of_a_move_is_told_and_nothing_else_is_done_to_it(bench: Bench) -> None:
    bench.san.volume("idle+from", 2 * G, "iscsi1", used=QUARTER).data = "of idle"
    bench.san.volume("idle+to", 2 * G, "fc1", used=QUARTER).data = "of idle"
    before = bench.san.copy()
    notes = {row["name"]: row["note"] for row in bench.vmstore("list", "-o", "json").json["items"]}
    assert notes == dict.fromkeys(("idle+from", "idle+to"), "half of a move: run the evacuation again")
    for words in (
        ("create", "idle", "2G"),
        ("grow", "idle", "4G"),
        ("remove", "idle", "--confirm", "idle"),
        ("show", "idle"),
    ):
        done = bench.vmstore(*words)
        assert done.code == ExitCode.REFUSED, (words, done.err)
        assert "run it again if it was cut off" in done.err
    assert bench.san == before
    # What lies on the target belongs to the evacuation of the other PV.
    done = bench.vmstore("evacuate", bench.san.luns["fc1"].wwid, "--yes")
    assert done.code == ExitCode.REFUSED
    assert bench.san == before
    assert evacuate(bench).code == ExitCode.DONE
    assert {name: lv.data for name, lv in bench.san.lvs.items()} == {"idle": "of idle"}


def test_a_copy_that_is_left_beside_its_volume_keeps_it_from_being_grown_or_removed(bare: Bench) -> None:
    bare.san.volume("idle+to", 2 * G, "fc1")
    for words in (("grow", "idle", "4G"), ("remove", "idle", "--confirm", "idle")):
        done = bare.vmstore(*words)
        assert (done.code, "idle+to is left of moving it" in done.err) == (ExitCode.REFUSED, True)
    assert evacuate(bare).code == ExitCode.DONE
    assert set(bare.san.lvs) == {"idle"}


@pytest.mark.usefixtures("at_once")
def test_an_aborted_job_leaves_the_volume_and_no_copy(bare: Bench) -> None:
    before = bare.san.lvs["idle"].uuid

    def abort(_: int) -> None:
        if bare.runner.changes[-1].argv[0] == "bash":
            for key in bare.san.leases:
                bare.san.wishes[key] = "abort"
            # It comes with the next sign of life of the lock.
            time.sleep(0.1)

    done = evacuate(bare, on_moment=abort)
    assert done.code == ExitCode.RESUMABLE, done.err
    assert "every volume is whole: idle on" in done.err
    assert {name: lv.uuid for name, lv in bare.san.lvs.items()} == {"idle": before}
    assert bare.san.label("iscsi1").tags == {"vmstore.class=iscsi"}
    assert bare.san.summary()["marks"] == {}


def test_a_rate_is_kept_by_waiting(bare: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(used_steps, "time", clock)
    assert evacuate(bare, "--rate", "32M").code == ExitCode.DONE
    assert copied(bare) == {"idle"}
    # It is read as often as it is written, and compared.
    assert clock.now == pytest.approx(2 * QUARTER / (32 * M), rel=0.05)


def test_a_volume_is_let_go_of_where_the_room_for_its_copy_was_taken_meanwhile(bare: Bench) -> None:
    bare.san.serve("idle")

    def take(moment: int) -> None:
        if moment == 0:
            for lun in ("fc1", "fc2"):
                bare.san.volume(f"on {lun}", bare.san.free(bare.san.label(lun).uuid) * EXTENT, lun)

    refused = evacuate(bare, on_moment=take)
    assert refused.code == ExitCode.NO_ROOM, refused.err
    assert set(bare.san.lvs) == {"idle", "on fc1", "on fc2"}
    assert bare.san.holders(bare.san.lvs["idle"]) == []
    assert bare.san.services["idle"].frozen is False
