"""vmstore policy show: every rule that vmstore keeps to, for all and for one VM, and where each is set."""

from tests.support.bench import Bench
from tests.support.san import G
from vmstore import config
from vmstore.errors import ExitCode

OWN = """
[placement]
classes = ["fc", "iscsi"]
first = "fullest"
reserve = { fc = "20G" }
apart = [["web01", "web02"], ["db01", "db02"]]
[move]
last = ["db01", "web01"]
rate = "50M"
[load]
beside_percent = 40
[thresholds.class]
warn = "75%"
[thresholds.classes.fc]
block = "85%"
[thresholds.vms.web01]
warn_days = 60
[growth]
grow = true
step = "1G"
[growth.classes.fc]
most = "1T"
[growth.vms.web01]
over = "70%"
"""


def shown(bench: Bench, *words: str, more: str = OWN) -> list[tuple[str, ...]]:
    """Write the settings and give the rules as rows."""
    whole = bench.config.read_text(encoding="utf-8").partition("\n\n")[0]
    bench.config.write_text(f"{whole}\n\n{more}", encoding="utf-8")
    outcome = bench.vmstore("policy", "show", *words, "-o", "plain")
    assert outcome.code == ExitCode.DONE, outcome.err
    return [tuple(line.split("\t")) for line in outcome.out.splitlines()]


def test_all_rules_are_as_shipped_where_nothing_is_set(bench: Bench) -> None:
    rows = shown(bench, more="")
    assert {row[4] for row in rows} == {"shipped"}
    assert list(dict.fromkeys(row[0] for row in rows)) == ["thresholds", "placement", "growth", "evacuation"]
    found = {row[:3]: row[3] for row in rows}
    assert len(found) == len(rows)
    assert found["thresholds", "all PVs", "cordon_days"] == "7"
    assert found["placement", "all", "first"] == "emptiest"
    assert found["placement", "all", "reserve"] == found["placement", "all", "apart"] == "none"
    assert found["growth", "all", "grow"] == "no"
    assert found["evacuation", "all", "window"] == "none"


def test_every_key_that_is_a_matter_of_policy_is_there(bench: Bench) -> None:
    rules = {(row[0], row[2]) for row in shown(bench, more="")}
    keys = {("placement", key) for key in config.Placement.__struct_fields__}
    keys |= {("growth", key) for key in config.GrowthRule.__struct_fields__}
    keys |= {("evacuation", key) for key in config.Load.__struct_fields__}
    moves = set(config.Move.__struct_fields__) - {"region_mib", "poll_seconds", "piece_mib"}
    keys |= {("evacuation", key) for key in moves | {"order"}}
    for kind in (config.Fills, config.Grows, config.PvLimits):
        keys |= {("thresholds", key) for key in kind.__struct_fields__}
    assert rules == keys


def test_what_is_set_is_told_with_the_table_where_it_is_set_also_where_it_is_as_shipped(bench: Bench) -> None:
    assert [row for row in shown(bench) if row[4] != "shipped"] == [
        ("thresholds", "all classes", "warn", "75%", "[thresholds.class]"),
        ("thresholds", "class fc", "block", "85%", "[thresholds.classes.fc]"),
        ("thresholds", "VM web01", "warn_days", "60", "[thresholds.vms.web01]"),
        ("placement", "all", "classes", "fc, iscsi", "[placement]"),
        ("placement", "all", "first", "fullest", "[placement]"),
        ("placement", "class fc", "reserve", "20G", "[placement]"),
        ("placement", "all", "apart", "web01, web02", "[placement]"),
        ("placement", "all", "apart", "db01, db02", "[placement]"),
        ("growth", "all", "grow", "yes", "[growth]"),
        ("growth", "all", "step", "1G", "[growth]"),
        ("growth", "class fc", "most", "1T", "[growth.classes.fc]"),
        ("growth", "VM web01", "over", "70%", "[growth.vms.web01]"),
        ("evacuation", "all", "last", "db01, web01", "[move]"),
        ("evacuation", "all", "rate", "50M", "[move]"),
        ("evacuation", "all", "beside_percent", "40", "[load]"),
    ]


def test_of_one_vm_is_told_what_holds_for_it_and_its_classes(bench: Bench) -> None:
    bench.san.volume("web01", G, "fc1")
    bench.san.volume("x", G, "iscsi1")
    rows = shown(bench, "web01")
    assert {row[1] for row in rows} == {"VM web01", "class fc"}
    found = {row[:3]: row[3:] for row in rows}
    assert len(found) == len(rows)
    assert found["thresholds", "VM web01", "warn_days"] == ("60", "[thresholds.vms.web01]")
    assert found["thresholds", "VM web01", "warn"] == ("85%", "shipped")
    assert found["thresholds", "class fc", "warn"] == ("75%", "[thresholds.class]")
    assert found["thresholds", "class fc", "block"] == ("85%", "[thresholds.classes.fc]")
    assert found["thresholds", "class fc", "reserve"] == ("20G", "[placement]")
    assert found["placement", "class fc", "reserve"] == ("20G", "[placement]")
    assert found["placement", "VM web01", "apart"] == ("web01, web02", "[placement]")
    growth = [found["growth", "VM web01", key] for key in ("grow", "over", "free", "step", "daily", "most")]
    assert growth == [
        ("yes", "[growth]"), ("70%", "[growth.vms.web01]"), ("none", "shipped"), ("1G", "[growth]"),
        ("25%", "shipped"), ("1T", "[growth.classes.fc]"),
    ]  # fmt: skip
    assert found["evacuation", "VM web01", "last"] == ("2 of 2", "[move]")
    assert found["evacuation", "VM web01", "exclude"] == ("no", "shipped")
    other = {row[:3]: row[3:] for row in shown(bench, "x")}
    assert other["thresholds", "class iscsi", "reserve"] == ("none", "shipped")
    assert other["placement", "VM x", "reserve"] == ("none", "[placement]")
    assert other["placement", "VM x", "apart"] == ("none", "[placement]")
    assert other["evacuation", "VM x", "last"] == ("no", "[move]")
    assert bench.vmstore("policy", "show", "nosuch").code == ExitCode.NOT_FOUND


def test_a_reserve_of_the_thresholds_goes_over_that_of_the_placement(bench: Bench) -> None:
    bench.san.volume("web01", G, "fc1")
    more = '[placement]\nreserve = { fc = "20G" }\n[thresholds.classes.fc]\nreserve = "5G"\n'
    rows = [row for row in shown(bench, "web01", more=more) if row[2] == "reserve" and row[1] == "class fc"]
    assert rows == [
        ("thresholds", "class fc", "reserve", "5G", "[thresholds.classes.fc]"),
        ("placement", "class fc", "reserve", "20G", "[placement]"),
    ]


def test_programs_get_the_same_rows(bench: Bench) -> None:
    rows = shown(bench)
    told = bench.vmstore("policy", "show", "-o", "json").json
    assert (told["kind"], [tuple(row.values()) for row in told["items"]]) == ("policy", rows)
    assert list(told["items"][0]) == ["policy", "for", "rule", "value", "from"]


def test_the_rules_for_all_are_shown_without_asking_any_node(bench: Bench) -> None:
    assert bench.vmstore("policy", "show").code == ExitCode.DONE
    assert bench.runner.asked == []
