"""vmstore policy: what grows by itself, what does not, and what becomes of it when runs are killed."""

import signal
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import EXTENT, G, San
from tests.support.san_parts import Leg, Run
from vmstore.commands import policy_work
from vmstore.errors import ExitCode
from vmstore.history import acted
from vmstore.history.store import History

NOW = 1_800_000_000
DAY = 24 * 3600


class Admin:
    """The simulated SAN with a history, a clock and rules of growth."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.folder = folder
        self.now = NOW
        self._nodes = bench.config.read_text(encoding="utf-8")
        self.rules('step = "1G"\ndaily = "3G"\nmost = "14G"')

    @property
    def san(self) -> San:
        """Give the SAN."""
        return self.bench.san

    @property
    def history(self) -> Path:
        """Name the history of this host."""
        return self.folder / "history.db"

    def rules(self, growth: str, more: str = "") -> None:
        """Set the rules, with growth on, and start without a history of a day."""
        report = f'[report]\nhistory = "{self.history}"\n'
        self.bench.config.write_text(f"{self._nodes}{more}\n{report}[growth]\ngrow = true\n{growth}\n")

    def apply(self, *words: str, host: str | None = None, **tampering: object) -> Outcome:
        """Run it."""
        return self.bench.vmstore("policy", "apply", *words, host=host, **tampering)

    def begin(self) -> None:
        """Have it known that nothing grew in the last day, before anything is over its limit."""
        lvs = self.san.lvs
        self.san.lvs = deepcopy(lvs)
        fill(self.san, 0, *lvs)
        assert self.apply("--begin").code == ExitCode.DONE
        self.san.lvs = lvs

    def size(self, vm: str = "web01") -> tuple[int, int]:
        """Give the size of a volume and of its file system, in GiB."""
        lv = self.san.lvs[vm]
        assert lv.fs is not None
        return lv.size // G, lv.fs.size // G

    def acts(self) -> list[str]:
        """Give what reports tell of, without times."""
        with History.open(self.history) as history:
            return [line.partition(" ")[2] for line in acted.lines(history.state(acted.KEY), 0)]


def fill(san: San, share: int, *vms: str) -> None:
    """Fill the file systems of VMs, in per cent of what they are at this moment."""
    for vm in vms:
        fs = san.lvs[vm].fs
        assert fs is not None
        fs.used = fs.size * share // 100


@pytest.fixture
def admin(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Give web01, on n2, of 10 GiB and 90 % full, beside a VM that is not full and one that nobody uses."""
    bench.san.volume("web01", 10 * G, "fc1", active="n2", mounted=True)
    bench.san.volume("db01", 2 * G, "fc2", active="n1", mounted=True, used=G)
    bench.san.volume("idle", 1 * G, "fc2")
    fill(bench.san, 90, "web01")
    found = Admin(bench, tmp_path)
    monkeypatch.setattr(policy_work, "time", SimpleNamespace(time=lambda: found.now))
    return found


def test_what_is_over_its_limit_grows_by_a_step_where_it_is_held_and_that_is_told_and_kept(admin: Admin) -> None:
    admin.begin()
    done = admin.apply()
    assert done.code == ExitCode.DONE, done.err
    device = admin.san.luns["fc1"].device("n2")
    assert admin.bench.changes() == [
        ("n2", ("lvextend", "--extents", "2816", "vmstore/web01", device)),
        ("n2", ("resize2fs", "/dev/vmstore/web01")),
    ]
    assert admin.size() == (11, 11)
    why = "90 % of its file system is used (over 80 %)"
    assert f"web01 grew by 1 GiB to 11 GiB, and so did its file system: {why}" in done.err
    assert admin.acts() == [f"grow web01 from 10 GiB to 11 GiB, since {why}: done"]
    assert admin.san.leases == {}


def test_what_is_not_over_any_limit_is_not_touched_and_cron_is_silent(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 79, "web01")
    told = admin.apply()
    assert "no file system is over its limit; nothing was changed" in told.err
    assert "how full 1 volume are is not known" in told.err
    quiet = admin.apply("--cron")
    assert (quiet.code, quiet.out, quiet.err) == (ExitCode.DONE, "", "")
    assert admin.bench.changes() == []
    assert admin.acts() == []


def test_cron_says_one_line_for_each_that_grew(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    told = admin.apply("--cron")
    assert (told.code, told.out) == (ExitCode.DONE, "")
    assert [line.split(" and")[0] for line in told.err.splitlines()] == [
        "db01 grew by 1 GiB to 3 GiB,",
        "web01 grew by 1 GiB to 11 GiB,",
    ]


def test_nothing_grows_where_it_is_not_said(admin: Admin) -> None:
    admin.bench.config.write_text(admin.bench.config.read_text().replace("grow = true", "grow = false"))
    for words, told in ((("--cron",), ""), ((), "nothing grows by itself: set grow = true")):
        outcome = admin.apply(*words)
        assert (outcome.code, told in outcome.err, bool(outcome.err)) == (ExitCode.DONE, True, bool(told))
    assert admin.bench.runner.asked == []
    assert not admin.history.exists()
    assert admin.bench.vmstore("policy", "check").code == ExitCode.DONE


def test_a_day_gives_no_more_than_it_may_and_the_volume_ends_at_its_largest_size(admin: Admin) -> None:
    admin.begin()
    sizes = []
    for _ in range(6 * 4):
        admin.now += DAY // 12
        fill(admin.san, 99, "web01")
        assert admin.apply("--cron").code == ExitCode.DONE
        sizes.append(admin.size()[0])
    # Three in a row, then none until the first is a day old.
    assert sizes == [11, 12, 13] + [13] * 9 + [14] * 12
    assert "14 GiB is its largest size (most)" in admin.apply().err
    assert all(lv == fs for lv, fs in [admin.size()])


def test_growth_by_hand_counts_too(admin: Admin) -> None:
    admin.begin()
    admin.apply("--cron")
    assert admin.bench.vmstore("grow", "web01", "+2G").code == ExitCode.DONE
    fill(admin.san, 99, "web01")
    stuck = admin.apply()
    assert admin.size() == (13, 13)
    assert "it grew by 3 GiB in 24 hours, of 3 GiB (daily)" in stuck.err


def test_the_first_run_of_all_grows_nothing_for_a_day_and_cron_says_so_once(admin: Admin) -> None:
    first, second = admin.apply("--cron"), admin.apply("--cron")
    assert first.err.count("\n") == 1
    assert "not known, so none that has a limit a day grows before 2027-01-16T08:00:00Z" in first.err
    assert "vmstore policy apply --begin" in first.err
    assert (first.code, second.code, second.err) == (ExitCode.DONE, ExitCode.DONE, "")
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD
    admin.now += DAY
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


def test_with_begin_it_grows_at_once_and_cron_cannot_say_that(admin: Admin) -> None:
    refused = admin.apply("--cron", "--begin")
    assert (refused.code, admin.bench.changes()) == (ExitCode.USAGE, [])
    assert admin.apply("--begin").code == ExitCode.DONE
    assert admin.size() == (11, 11)


def test_a_record_that_is_lost_stops_growth_for_a_day(admin: Admin) -> None:
    admin.begin()
    for _ in range(3):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    admin.history.unlink()
    for hours in range(24):
        admin.now = NOW + 3600 * hours
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
        assert admin.size() == (13, 13), hours


def test_without_a_limit_a_day_nothing_need_be_known(admin: Admin) -> None:
    admin.rules('step = "1G"\ndaily = "none"')
    assert admin.apply("--cron").code == ExitCode.DONE
    assert admin.size() == (11, 11)


def test_another_host_with_a_history_of_its_own_keeps_to_the_same_limits(admin: Admin) -> None:
    histories = {"n1": admin.folder / "n1", "": admin.folder / "desk"}
    for host, folder in histories.items():
        folder.mkdir()
        admin.folder = folder
        admin.rules('step = "1G"\ndaily = "3G"')
        admin.begin()
        assert not admin.bench.changes(), host
    for turn in range(12):
        admin.folder = histories["n1" if turn % 2 else ""]
        admin.rules('step = "1G"\ndaily = "3G"')
        admin.now += 600
        fill(admin.san, 99, "web01")
        admin.apply("--cron", host="n1" if turn % 2 else "")
    assert admin.size() == (13, 13)


BLOCK = 'step = "8G"\ndaily = "none"'


def test_it_grows_no_further_than_to_the_block_of_its_class(admin: Admin) -> None:
    admin.rules(BLOCK)
    pvs = [admin.san.label(lun) for lun in ("fc1", "fc2")]
    whole = sum(pv.extents for pv in pvs)
    for _ in range(6):
        fill(admin.san, 99, "web01")
        last = admin.apply("--cron")
    used = whole - sum(admin.san.free(pv.uuid) for pv in pvs)
    assert used == whole * 95 // 100
    assert last.err == ""
    assert "class fc is at its block (thresholds)" in admin.apply().err
    check = admin.bench.vmstore("policy", "check", "-o", "json")
    assert check.code == ExitCode.THRESHOLD
    assert {row["vm"]: row["state"] for row in check.json["items"]} == {
        "db01": "fine", "idle": "unknown", "web01": "stuck"
    }  # fmt: skip


def test_it_leaves_the_reserve_of_the_placement(admin: Admin) -> None:
    admin.rules(BLOCK, '[placement]\nreserve = { fc = "20G" }')
    for _ in range(4):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    free = sum(admin.san.free(admin.san.label(lun).uuid) for lun in ("fc1", "fc2")) * EXTENT
    assert free == 20 * G
    assert "class fc is at its reserve ([placement])" in admin.apply().err


def moving(san: San) -> None:
    """Have web01 moved by another leg."""
    pv = san.label("fc2").uuid
    san.lvs["web01"].leg = Leg([Run(pv, 1000, 2560)], [Run(san.label("fc1").uuid, 4000, 1), Run(pv, 4000, 1)])
    san.label("fc1").tags.add("vmstore.leg=web01")


def two_nodes(san: San) -> None:
    """Have web01 active on two nodes."""
    san.nodes["n3"].active.add(san.lvs["web01"].uuid)


def failed(san: San) -> None:
    """Have the service of web01 failed."""
    san.serve("web01", "n2", state="failed")


def missing(san: San) -> None:
    """Have n1 not see a PV of the VG."""
    san.luns["iscsi1"].paths = {}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (moving, "web01 is being moved"),
        (two_nodes, "active on n2, n3"),
        (failed, "disputed|has failed"),
        (missing, "a PV of vmstore is missing"),
    ],
)
def test_what_must_not_be_touched_is_left_alone_and_the_reason_is_said(
    admin: Admin, spoil: Callable[[San], None], why: str
) -> None:
    admin.begin()
    spoil(admin.san)
    before = admin.san.copy()
    told = admin.apply()
    assert told.code == ExitCode.DONE, told.err
    assert any(f"web01 is left as it is: 90 % of its file system is used (over 80 %); {each}" in told.err
               or each in told.err for each in why.split("|")), told.err  # fmt: skip
    assert admin.san == before
    assert admin.acts() == []
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD


def test_of_a_node_that_gives_no_answer_nothing_is_grown_and_what_others_hold_is(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    admin.san.nodes["n2"].hangs = True
    check = admin.bench.vmstore("policy", "check")
    assert check.code == ExitCode.DONE
    assert "who holds it is not known: n2 it gave no answer" in check.out or "n2" in check.out
    told = admin.apply("--cron")
    assert told.code == ExitCode.DONE
    assert [line.split()[0] for line in told.err.splitlines()] == ["db01"]
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_one_that_fails_does_not_stop_the_next_and_cron_tells_of_the_same_failure_once(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 85, "db01")
    told = admin.apply("--cron", fail=0)
    assert told.code == ExitCode.TOOL
    assert "vmstore: " in told.err
    assert "this failure was asked for by the test" in told.err
    assert "db01 grew by 1 GiB to 3 GiB" in told.err
    assert admin.size() == (10, 10)
    again = admin.apply("--cron", fail=0)
    assert (again.code, again.err) == (ExitCode.TOOL, "")
    assert "this failure was asked for" in admin.apply(fail=0).err
    assert [line.rpartition(": ")[2] for line in admin.acts() if "db01" in line] == ["done"]
    assert len([line for line in admin.acts() if "failed: " in line]) == 1
    assert admin.apply("--cron").code == ExitCode.DONE
    assert admin.size() == (11, 11)


def test_a_file_system_that_did_not_follow_is_brought_up_before_anything_more_is_given(admin: Admin) -> None:
    admin.rules('step = "1G"\ndaily = "3G"\nmost = "11G"')
    admin.begin()
    assert admin.apply(cut_at=0).code == KILLED
    assert admin.size() == (11, 10)
    shown = admin.bench.vmstore("policy", "check", "-o", "json").json["items"]
    assert [row["state"] for row in shown if row["vm"] == "web01"] == ["finish"]
    told = admin.apply("--cron")
    assert "web01 has a file system as large as its volume again" in told.err
    assert admin.size() == (11, 11)
    assert [line.rpartition(": ")[2] for line in admin.acts()] == ["cut off, and its volume has 11 GiB", "done"]


def test_one_run_works_at_a_time_and_cron_leaves_it_at_that(admin: Admin) -> None:
    admin.begin()
    admin.san.leases["n1", "/run/vmstore/lock/policy"] = "root on n1 (process 7) at 2026-01-02T12:00:00Z"
    told, quiet = admin.apply(), admin.apply("--cron")
    assert (told.code, quiet.code, quiet.err) == (ExitCode.LOCKED, ExitCode.LOCKED, "")
    assert "another vmstore is at work on what policies do" in told.err
    assert admin.size() == (10, 10)


def test_a_volume_at_which_another_vmstore_works_is_left_to_it(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 85, "db01")
    admin.san.leases["n2", "/run/vmstore/lock/volume.web01"] = "root on n3 (process 7) at 2026-01-02T12:00:00Z"
    told = admin.apply()
    assert told.code == ExitCode.DONE
    assert "web01 is left as it is" in told.err
    assert "another vmstore is at work on web01" in told.err
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_it_is_judged_once_more_under_its_lock(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")

    def freed(moment: int) -> None:
        # db01, the fuller one, has just been extended when files of web01 are deleted.
        if moment == 0:
            fill(admin.san, 50, "web01")

    told = admin.apply(on_moment=freed)
    assert told.code == ExitCode.DONE
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))


def test_one_that_goes_to_another_node_meanwhile_is_left_to_the_next_run(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    web01 = admin.san.lvs["web01"].uuid

    def relocated(moment: int) -> None:
        if moment == 0:
            admin.san.nodes["n2"].active.remove(web01)
            admin.san.nodes["n3"].active.add(web01)
            admin.san.nodes["n3"].mounts[web01] = admin.san.nodes["n2"].mounts.pop(web01)

    told = admin.apply(on_moment=relocated)
    assert "web01 went to n3 meanwhile (its lock was taken on n2)" in told.err
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 3))
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


def test_ctrl_c_stops_after_the_step_and_the_next_run_ends_it(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")

    def press(moment: int) -> None:
        if moment == 0:
            signal.raise_signal(signal.SIGINT)

    stopped = admin.apply(on_moment=press)
    assert stopped.code == ExitCode.RESUMABLE
    assert (admin.size(), admin.size("db01")) == ((10, 10), (3, 2))
    assert admin.apply("--cron").code == ExitCode.DONE
    assert (admin.size(), admin.size("db01")) == ((11, 11), (3, 3))


def test_where_nothing_can_be_written_down_nothing_grows(admin: Admin) -> None:
    admin.begin()
    admin.history.unlink()
    admin.history.mkdir()
    told = admin.apply("--cron")
    assert told.code == ExitCode.REFUSED
    assert "by how much volumes grew cannot be kept" in told.err
    assert (admin.bench.changes(), admin.size()) == ([], (10, 10))


def test_what_is_shown_is_what_is_then_run(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    before, kept = admin.san.copy(), admin.history.read_bytes()
    shown = admin.apply("--dry-run", "-o", "json").json["steps"]
    assert admin.san == before
    assert admin.history.read_bytes() == kept
    admin.apply()
    plan = [(command["node"], tuple(command["argv"])) for step in shown for command in step["commands"]]
    assert admin.bench.changes() == plan


def test_check_and_dry_run_make_no_history(admin: Admin) -> None:
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD
    assert admin.apply("--dry-run").out == "nothing to do\n"
    assert "lvextend" in admin.apply("--dry-run", "--begin").out
    assert not admin.history.exists()


def test_two_in_one_class_are_not_promised_the_same_room(admin: Admin) -> None:
    admin.rules('step = "20G"\ndaily = "none"')
    fill(admin.san, 95, "db01")
    rows = admin.bench.vmstore("policy", "check", "-o", "json").json["items"]
    more = {row["vm"]: row["target"] - row["size"] for row in rows if row["target"]}
    whole = sum(admin.san.label(lun).extents for lun in ("fc1", "fc2")) * EXTENT
    assert sum(more.values()) + 13 * G <= whole * 95 // 100
    assert more["db01"] == 20 * G


def test_what_was_done_is_told_as_json(admin: Admin) -> None:
    admin.begin()
    told = admin.apply("-o", "json").json
    row = {
        "vm": "web01", "size": 11 * G, "before": 10 * G, "filesystem_size": 10 * G, "filesystem_used": 9 * G,
        "used_percent": 90, "state": "grow", "target": 11 * G,
        "over": "90 % of its file system is used (over 80 %)", "why": None,
    }  # fmt: skip
    assert told == {
        "schema": 1, "kind": "policy-apply", "changed": True, "grown": [row], "failed": [], "left": []
    }  # fmt: skip
    assert admin.apply("-o", "json", "--cron").json["changed"] is True


def test_show_tells_each_rule_and_where_it_is_from(admin: Admin) -> None:
    admin.rules('step = "1G"\n[growth.class.fc]\nmost = "1T"\n[growth.vm.web01]\nover = "70%"', "")
    plain = admin.bench.vmstore("policy", "show", "-o", "plain").out.splitlines()
    assert plain == [
        "all\tgrow\tyes\t[growth]",
        "all\tover\t80%\tshipped",
        "all\tfree\tnone\tshipped",
        "all\tstep\t1G\t[growth]",
        "all\tdaily\t25%\tshipped",
        "all\tmost\tnone\tshipped",
        "class fc\tmost\t1T\t[growth.class.fc]",
        "VM web01\tover\t70%\t[growth.vm.web01]",
        "class fc\tblock\t95%\tshipped",
    ]
    one = admin.bench.vmstore("policy", "show", "web01", "-o", "plain").out.splitlines()
    assert [line.split("\t")[2:] for line in one] == [
        ["yes", "[growth]"], ["70%", "[growth.vm.web01]"], ["none", "shipped"], ["1G", "[growth]"],
        ["25%", "shipped"], ["1T", "[growth.class.fc]"], ["95%", "shipped"],
    ]  # fmt: skip
    assert admin.bench.vmstore("policy", "show", "nosuch").code == ExitCode.NOT_FOUND


def test_a_rule_that_makes_no_sense_stops_every_command(admin: Admin) -> None:
    admin.rules('[growth.class.fc]\nover = "120%"')
    for words in (["policy", "show"], ["policy", "apply", "--cron"], ["list"]):
        refused = admin.bench.vmstore(*words)
        assert refused.code == ExitCode.USAGE
        assert refused.err.startswith("vmstore: growth.class.fc.over: '120%' is no share\n  why: ")
        assert refused.err.count("\n") == 3


def test_rules_for_a_vm_that_is_not_there_are_told(admin: Admin) -> None:
    admin.rules("[growth.vm.web09]\ngrow = true")
    assert "[growth.vm.web09] is for a VM that has no volume" in admin.bench.vmstore("policy", "check").err


def prepare(admin: Admin, *, served: bool) -> None:
    """Have web01 over its limit, its file system full whatever comes, with a service where that is wanted."""
    if served:
        admin.san.serve("web01", "n2")
    admin.begin()
    fill(admin.san, 85, "web01", "db01")


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("how", ["cut_at", "fail", "fail_done", "lie"])
def test_whatever_happens_at_whichever_moment_the_next_runs_end_at_the_same_sizes(
    admin: Admin, how: str, served: bool
) -> None:
    prepare(admin, served=served)
    start, history = admin.san.copy(), admin.history.read_bytes()
    assert admin.apply("--cron").code == ExitCode.DONE
    right = admin.san.summary()
    count = admin.bench.runner.moments if how == "cut_at" else len(admin.bench.runner.changes)
    assert count >= (4 if not served else 8)
    for number in range(count):
        admin.bench.san = start.copy()
        for odd in admin.folder.glob("history.db*"):
            odd.unlink()
        admin.history.write_bytes(history)
        spoiled = admin.apply("--cron", **{how: number})
        assert (spoiled.code == KILLED) == (how == "cut_at"), f"{number}: {spoiled.err}"
        for host in ("n3", ""):
            again = admin.apply("--cron", host=host)
            assert again.code == ExitCode.DONE, f"{number}: {again.err}"
        at = f"{how} {number}: {admin.bench.runner.changes}"
        assert admin.san.summary() == right, at
        assert not any("begun" in line for line in admin.acts()), at
        # What an act before it had grown is told, whoever finished it.
        told = [line for line in admin.acts() if "grow web01 from 10 GiB to 11 GiB" in line]
        assert told, at


@pytest.mark.parametrize("gap", [600, DAY // 8, DAY])
def test_killed_at_every_moment_for_days_it_never_grows_more_than_a_day_may(admin: Admin, gap: int) -> None:
    admin.rules('step = "1G"\ndaily = "2G"')
    prepare(admin, served=True)
    seen: list[tuple[int, int]] = [(admin.now, admin.size()[0])]
    for turn in range(24):
        admin.now += gap
        fill(admin.san, 99, "web01")
        admin.apply("--cron", host=("", "n1", "n3")[turn % 3], cut_at=turn % 9)
        seen.append((admin.now, admin.size()[0]))
        for at, size in seen:
            assert seen[-1][1] - size <= 2 or seen[-1][0] - at >= DAY
    assert seen[-1][1] > seen[0][1]
