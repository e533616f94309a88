"""vmstore policy: what grows by itself, by how much, and what is said of it."""

import pytest

from tests.support.growing import DAY, Admin, fill
from tests.support.san import EXTENT, G
from vmstore.errors import ExitCode


def cron(admin: Admin) -> None:
    """Let cron run it with web01 over its limit: it says that web01 grew, or nothing with an exit code that does."""
    before = admin.size()
    told = admin.apply("--cron")
    grew = admin.size() != before
    assert (told.code, bool(told.err)) == ((ExitCode.DONE, True) if grew else (ExitCode.THRESHOLD, False)), told.err


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
    assert "1 volume: not known how full" in told.err
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
        cron(admin)
        sizes.append(admin.size()[0])
    # Three in a row, then none until the first is a day old.
    assert sizes == [11, 12, 13] + [13] * 9 + [14] * 12
    assert "14 GiB is its largest size (most)" in admin.apply().err
    assert all(lv == fs for lv, fs in [admin.size()])


def test_one_that_cannot_grow_does_not_hide_that_another_did_and_the_exit_code_tells_of_it(admin: Admin) -> None:
    admin.rules('step = "1G"\ndaily = "none"\n[growth.vms.web01]\nmost = "10G"')
    admin.begin()
    fill(admin.san, 95, "db01")
    told = admin.apply("--cron")
    assert (told.code, [line.split()[0] for line in told.err.splitlines()]) == (ExitCode.THRESHOLD, ["db01"])
    fill(admin.san, 10, "web01", "db01")
    assert admin.apply("--cron").code == ExitCode.DONE


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
    assert "not known, so none that has a limit a day grows before 2027-01-16 08:00 UTC" in first.err
    assert "vmstore policy apply --begin" in first.err
    assert (first.code, second.code, second.err) == (ExitCode.THRESHOLD, ExitCode.THRESHOLD, "")
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD
    admin.now += DAY
    assert "web01 grew by 1 GiB" in admin.apply("--cron").err


def test_with_begin_it_grows_at_once_and_cron_cannot_say_that(admin: Admin) -> None:
    refused = admin.apply("--cron", "--begin")
    assert (refused.code, admin.bench.changes()) == (ExitCode.USAGE, [])
    assert admin.apply("--begin").code == ExitCode.DONE
    assert admin.size() == (11, 11)


def test_without_a_limit_a_day_nothing_need_be_known(admin: Admin) -> None:
    admin.rules('step = "1G"\ndaily = "none"')
    assert admin.apply("--cron").code == ExitCode.DONE
    assert admin.size() == (11, 11)


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
    assert "class fc is at its block" in admin.apply().err
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
    assert "class fc is at its reserve" in admin.apply().err


def test_it_keeps_the_thresholds_of_the_vg(admin: Admin) -> None:
    admin.rules(BLOCK, '[thresholds.vg]\nwarn = "none"\nblock = "25%"')
    for _ in range(3):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    pvs = [admin.san.label(lun) for lun in ("fc1", "fc2", "iscsi1", "iscsi2")]
    whole = sum(pv.extents for pv in pvs)
    assert whole - sum(admin.san.free(pv.uuid) for pv in pvs) == whole // 4
    assert "VG vmstore is at its block" in admin.apply().err


@pytest.mark.parametrize("limit", ['block = "60%"', 'reserve = "8G"'])
def test_it_keeps_the_thresholds_of_pvs_one_by_one(admin: Admin, limit: str) -> None:
    admin.rules(BLOCK, f"[thresholds.pv]\n{limit}")
    pvs = [admin.san.label(lun) for lun in ("fc1", "fc2")]
    for _ in range(4):
        fill(admin.san, 99, "web01")
        cron(admin)
        for pv in pvs:
            assert pv.extents - admin.san.free(pv.uuid) <= (pv.extents * 6 // 10 if "%" in limit else pv.extents - 2048)
    assert admin.size()[0] > 18
    assert "no PV of class fc has more room within its limits" in admin.apply().err


def test_where_volumes_are_not_spread_it_grows_no_further_than_the_pv_that_it_lies_on(admin: Admin) -> None:
    admin.rules(BLOCK, "[placement]\nspread = false")
    pv = admin.san.label("fc1").uuid
    for _ in range(4):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    assert (admin.san.free(pv), {run.pv for run in admin.san.lvs["web01"].runs}) == (0, {pv})
    assert "the PVs that it lies on have no more room, and no volume is spread over more" in admin.apply().err


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


def test_of_each_that_is_over_its_limit_the_superblock_is_read_once_to_judge_it(admin: Admin) -> None:
    admin.begin()
    fill(admin.san, 95, "db01")
    admin.bench.vmstore("policy", "check")
    read = [each.argv[-1] for each in admin.bench.runner.asked if each.argv[0] == "dumpe2fs"]
    assert sorted(read) == ["/dev/vmstore/db01", "/dev/vmstore/web01"]


def test_check_and_dry_run_make_no_history(admin: Admin) -> None:
    assert admin.bench.vmstore("policy", "check").code == ExitCode.THRESHOLD
    shown = admin.apply("--dry-run")
    assert (shown.out, shown.code) == ("nothing to do\n", ExitCode.THRESHOLD)
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
        "over": "90 % of its file system is used (over 80 %)", "why": "",
    }  # fmt: skip
    assert told == {
        "schema": 1, "kind": "policy-apply", "changed": True, "grown": [row], "failed": [], "left": []
    }  # fmt: skip
    assert admin.apply("-o", "json", "--cron").json["changed"] is True


def test_reports_tell_for_a_day_of_what_was_done_and_the_page_shows_it(admin: Admin) -> None:
    admin.begin()
    admin.apply("--cron")
    admin.now += 3600
    page = admin.folder / "report.html"
    admin.bench.vmstore("report", "--cron", "--to", str(page))
    line = "grow web01 from 10 GiB to 11 GiB, since 90 % of its file system is used (over 80 %): done"
    assert f"2027-01-15T08:00:00Z {line}" in page.read_text(encoding="utf-8")
    assert admin.bench.vmstore("report", "-o", "json").json["acted"] == [
        {
            "time": "2027-01-15T08:00:00Z", "vm": "web01", "before": 10 * G, "target": 11 * G,
            "why": "90 % of its file system is used (over 80 %)", "outcome": "done",
        }
    ]  # fmt: skip
    for words in (["-o", "csv"], ["-o", "plain"], ["--to", str(admin.folder / "report.csv")]):
        told = admin.bench.vmstore("report", *words)
        assert f"vmstore: policy: 2027-01-15T08:00:00Z {line}\n" in told.err
        assert line not in told.out
    assert '\nvmstore_report_actions{vg="vmstore"} 1.0\n' in admin.bench.vmstore("report", "-o", "prometheus").out
    admin.now += DAY
    assert admin.bench.vmstore("report", "-o", "json").json["acted"] == []


def test_a_threshold_that_is_set_bounds_growth(admin: Admin) -> None:
    admin.rules(BLOCK, '[thresholds.classes]\nfc = { warn = "20%", block = "50%" }')
    for _ in range(4):
        fill(admin.san, 99, "web01")
        admin.apply("--cron")
    pvs = [admin.san.label(lun) for lun in ("fc1", "fc2")]
    whole = sum(pv.extents for pv in pvs)
    assert whole - sum(admin.san.free(pv.uuid) for pv in pvs) == whole // 2


def test_a_rule_that_makes_no_sense_stops_every_command(admin: Admin) -> None:
    admin.rules('[growth.classes.fc]\nover = "120%"')
    for words in (["policy", "show"], ["policy", "apply", "--cron"], ["list"]):
        refused = admin.bench.vmstore(*words)
        assert refused.code == ExitCode.USAGE
        assert refused.err.startswith("vmstore: growth.classes.fc.over: '120%' is not a share\n  why: ")
        assert refused.err.count("\n") == 3


def test_rules_for_a_vm_or_a_class_that_is_not_there_are_told(admin: Admin) -> None:
    admin.rules("[growth.vms]\nweb01 = { grow = true }\nweb09 = { grow = true }\n"
                "[growth.classes]\nfc = { grow = true }\nnvme = { grow = true }")  # fmt: skip
    for told in (admin.bench.vmstore("policy", "check"), admin.apply()):
        assert "vmstore: [growth.vms.web09] is for a VM that has no volume in vmstore\n" in told.err
        assert "vmstore: [growth.classes.nvme] is for a class that no PV of vmstore has\n" in told.err
        assert told.err.count("[growth.") == 2
