"""Every verb that changes something, in situations that take different roads through it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.san import G, San, cluster, single


@dataclass(frozen=True)
class Scenario:
    """A command in a situation. ``{NAME}`` in the words stands for the WWID of the LUN of that name.

    ``hosts`` are where it is run from, "" for a workstation.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[San], object] = lambda san: None
    hosts: tuple[str, ...] = ("", "n1", "n3")
    make: Callable[[], San] = cluster

    def san(self) -> San:
        """Make the situation."""
        san = self.make()
        self.prepare(san)
        return san

    def line(self, san: San) -> list[str]:
        """Give the words of the command."""
        wwids = {name: lun.wwid for name, lun in san.luns.items()}
        return [word.format(**wwids) for word in self.words]

    def __str__(self) -> str:
        return self.name


def _four_volumes(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.volume("db-01.prod", 4 * G, "iscsi1", active="n2", mounted=True)
    san.volume("idle", 1 * G, "iscsi1")
    san.volume("spread", 6 * G, ("iscsi1", "iscsi2"), active="n3", mounted=True)
    san.volume("elsewhere", 1 * G, "fc1", active="n1", mounted=True)


def _a_stopped_service(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.volume("off", 1 * G, "iscsi1")
    san.serve("off")


def _in_pieces(san: San) -> None:
    san.volume("large", 18 * G, "iscsi1", active="n2", mounted=True)


def _idle_in_pieces_onto_two(san: San) -> None:
    san.volume("large", 17 * G, "iscsi1")
    san.volume("other", 6 * G, "fc1")
    san.volume("another", 9 * G, "fc2")


def _own_pv_full(san: San) -> None:
    san.volume("other", 16 * G, "fc1")
    san.volume("web01", 2 * G, "fc1", active="n2", mounted=True)


def _empty_and_cordoned(san: San) -> None:
    san.label("iscsi1").allocatable = False


def _left_behind(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1")
    san.label("iscsi1").allocatable = False
    san.label("iscsi1").tags.add("vmstore.evacuate=n2:20260101T000000Z")


def _half_created(san: San) -> None:
    lv = san.volume("web01+new", 8 * G, "fc1", fs="")
    san.nodes["n2"].active.add(lv.uuid)


def _half_created_and_inactive(san: San) -> None:
    san.volume("web01+new", 4 * G, "iscsi1", fs="")


def _half_wiped(san: San) -> None:
    lv = san.volume("web01+gone", 8 * G, "fc1")
    san.nodes["n3"].active.add(lv.uuid)
    san.nodes["n3"].marks.add("web01+gone")


def _half_grown(san: San) -> None:
    lv = san.volume("web01", 10 * G, "fc1")
    assert lv.fs is not None
    lv.fs.size = 8 * G
    san.nodes["n3"].active.add(lv.uuid)
    san.nodes["n3"].marks.add("web01")


def _hardly_filled(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.volume("idle", 2 * G, "iscsi1", used=G // 8)
    san.volume("db-01.prod", 1 * G, "iscsi1", used=G // 4).tags.add("gold")
    san.volume("full", 1 * G, "iscsi1", used=G - 2**20)
    san.serve("idle")


def _half_copied(san: San) -> None:
    san.volume("idle", 2 * G, "iscsi1", used=G // 8)
    lv = san.volume("idle+to", 2 * G, "fc1")
    san.nodes["n2"].active.add(lv.uuid)
    san.nodes["n2"].marks.add(lv.name)


def _half_named(san: San) -> None:
    san.volume("idle+from", 2 * G, "iscsi1", used=G // 8).data = "of idle"
    san.volume("idle+to", 2 * G, "fc1", used=G // 8).data = "of idle"


def _old_one_left(san: San) -> None:
    san.volume("idle", 2 * G, "fc1", used=G // 8)
    san.volume("idle+from", 2 * G, "iscsi1", used=G // 8)


def _without_its_name(san: San) -> None:
    san.volume("idle+from", 2 * G, "iscsi1", used=G // 8).data = "of idle"


def _on_disk1(san: San) -> None:
    san.volume("web01", 2 * G, "disk1", active="host", mounted=True)
    san.volume("idle", 2 * G, "disk1")


def _two_too_full(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.volume("db-01.prod", 5 * G, "iscsi1", active="n2", mounted=True)
    san.volume("idle", 1 * G, "iscsi1")
    san.volume("spread", 4 * G, ("iscsi1", "iscsi2"), active="n3", mounted=True)
    san.volume("large", 6 * G, "fc1", active="n3", mounted=True)
    san.volume("other", 3 * G, "fc1", active="n1", mounted=True)


def _large_too_full(san: San) -> None:
    san.volume("large", 9 * G, "iscsi1", active="n2", mounted=True)
    san.volume("kept", 2 * G, "iscsi1", active="n1", mounted=True)


def _stopped_too_full(san: San) -> None:
    san.volume("web01", 4 * G, "iscsi1", active="n1", mounted=True)
    san.volume("off", 2 * G, "iscsi1", used=G // 8)
    san.serve("web01", "n1")
    san.serve("off")


def _cordoned_too_full(san: San) -> None:
    _stopped_too_full(san)
    san.label("iscsi1").allocatable = False


def _was_to_be_relieved(san: San) -> None:
    san.volume("web01", 2 * G, "iscsi1")
    san.label("iscsi1").allocatable = False
    san.label("iscsi1").tags.add("vmstore.relieve=n2:20260101T000000Z-abcd")


ONE = ("host",)
SCENARIOS = (
    Scenario("create", ("create", "web01", "8G")),
    Scenario("create and leave active", ("create", "web01", "8G", "--activate"), hosts=("n1",)),
    Scenario("create ext3 on a class", ("create", "db-01.prod", "8G", "--class", "iscsi", "--fs", "ext3")),
    Scenario("create on two PVs", ("create", "web01", "30G", "--class", "iscsi")),
    Scenario("create what is half made", ("create", "web01", "8G"), _half_created),
    Scenario("create what is half made and inactive", ("create", "web01", "8G"), _half_created_and_inactive),
    Scenario("create on one host", ("create", "web01", "8G"), hosts=ONE, make=single),
    Scenario(
        "grow while mounted",
        ("grow", "web01", "10G"),
        lambda san: san.volume("web01", 8 * G, "fc1", active="n2", mounted=True),
    ),
    Scenario("grow what nobody uses", ("grow", "web01", "10G"), lambda san: san.volume("web01", 8 * G, "fc1")),
    Scenario("grow what is half grown", ("grow", "web01", "10G"), _half_grown),
    Scenario("grow onto another PV", ("grow", "web01", "8G"), _own_pv_full),
    Scenario(
        "grow what is active and not mounted",
        ("grow", "web01", "10G"),
        lambda san: san.volume("web01", 8 * G, "fc1", active="n3"),
    ),
    Scenario("grow on one host", ("grow", "idle", "10G"), _on_disk1, hosts=ONE, make=single),
    Scenario("evacuate", ("evacuate", "{iscsi1}", "--to", "fc", "--yes"), _four_volumes),
    Scenario("evacuate in pieces", ("evacuate", "{iscsi1}", "--to", "fc", "--yes"), _in_pieces, hosts=("n1", "n2")),
    Scenario(
        "evacuate in pieces onto two PVs",
        ("evacuate", "{iscsi1}", "--to", "fc", "--yes"),
        _idle_in_pieces_onto_two,
        hosts=("", "n3"),
    ),
    Scenario("evacuate by legs", ("evacuate", "{iscsi1}", "--to", "fc", "--engine", "raid1", "--yes"), _four_volumes),
    Scenario(
        "evacuate by legs and take out",
        ("evacuate", "{iscsi1}", "--engine", "raid1", "--remove", "--yes"),
        _a_stopped_service,
        hosts=("n1", "n2"),
    ),
    Scenario("evacuate a stopped service", ("evacuate", "{iscsi1}", "--engine", "mirror", "--yes"), _a_stopped_service),
    Scenario("evacuate and take out", ("evacuate", "{iscsi1}", "--to", "fc", "--remove", "--yes"), _four_volumes),
    Scenario("evacuate within the class", ("evacuate", "{iscsi1}", "--yes"), _four_volumes),
    Scenario(
        "evacuate onto two named PVs", ("evacuate", "{iscsi1}", "--to", "{fc1}", "--to", "{fc2}", "-y"), _four_volumes
    ),
    Scenario("evacuate what is empty", ("evacuate", "{iscsi1}", "--yes")),
    Scenario("evacuate what was left behind", ("evacuate", "{iscsi1}", "--yes"), _left_behind),
    Scenario("evacuate by what is used", ("evacuate", "{iscsi1}", "--to", "fc", "--yes"), _hardly_filled),
    *(
        Scenario(f"evacuate {name}", ("evacuate", "{iscsi1}", "--to", "fc", "--yes"), prepare, hosts=("", "n2"))
        for name, prepare in (
            ("what is half copied", _half_copied),
            ("what has half of its names", _half_named),
            ("where the old volume is left", _old_one_left),
            ("what was left without its name", _without_its_name),
        )
    ),
    Scenario("evacuate on one host", ("evacuate", "{disk1}", "--yes"), _on_disk1, hosts=ONE, make=single),
    Scenario("rebalance two PVs", ("rebalance", "--most", "40%", "--yes"), _two_too_full),
    Scenario(
        "rebalance in pieces",
        ("rebalance", "--most", "50%", "--exclude", "kept", "--yes"),
        _large_too_full,
        hosts=("n1", "n2"),
    ),
    Scenario("rebalance by legs", ("rebalance", "--most", "40%", "--engine", "raid1", "--yes"), _two_too_full),
    Scenario("rebalance by what is used", ("rebalance", "--most", "25%", "--yes"), _stopped_too_full),
    Scenario(
        "rebalance what is cordoned",
        ("rebalance", "--most", "25%", "--engine", "mirror", "--yes"),
        _cordoned_too_full,
        hosts=("", "n2"),
    ),
    Scenario("rebalance what was left behind", ("rebalance", "--yes"), _was_to_be_relieved, hosts=("", "n3")),
    Scenario(
        "evacuate what was to be relieved", ("evacuate", "{iscsi1}", "--yes"), _was_to_be_relieved, hosts=("", "n3")
    ),
    Scenario(
        "pv uncordon of what was to be relieved", ("pv", "uncordon", "{iscsi1}"), _was_to_be_relieved, hosts=("", "n3")
    ),
    Scenario("rebalance on one host", ("rebalance", "--most", "15%", "--yes"), _on_disk1, hosts=ONE, make=single),
    Scenario("remove", ("remove", "web01", "--confirm", "web01"), lambda san: san.volume("web01", 8 * G, "fc1")),
    Scenario(
        "remove and wipe",
        ("remove", "web01", "--wipe", "--confirm", "web01"),
        lambda san: san.volume("web01", 8 * G, "fc1"),
    ),
    Scenario(
        "remove on one host", ("remove", "idle", "--wipe", "--confirm", "idle"), _on_disk1, hosts=ONE, make=single
    ),
    Scenario("pv add", ("pv", "add", "{spare}", "--yes")),
    Scenario("pv add of a class", ("pv", "add", "{spare}", "--class", "gold", "--yes")),
    Scenario("pv remove", ("pv", "remove", "{iscsi1}", "--yes"), _empty_and_cordoned),
    Scenario("pv cordon", ("pv", "cordon", "{fc1}")),
    Scenario("pv uncordon", ("pv", "uncordon", "{iscsi1}"), _empty_and_cordoned),
    Scenario("pv uncordon of what was left behind", ("pv", "uncordon", "{iscsi1}"), _left_behind),
    Scenario("pv add on one host", ("pv", "add", "/dev/sdc", "--yes"), hosts=ONE, make=single),
)
FROM = [(scenario, host) for scenario in SCENARIOS for host in scenario.hosts]
IDS = [f"{scenario.name}, from {host or 'a workstation'}" for scenario, host in FROM]
