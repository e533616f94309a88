"""Evacuations by legs to look at and to break: what lies on the LUN, and what is right at the end."""

import time
from typing import Any

from tests.support.bench import KILLED, Bench, Outcome
from tests.support.san import G, San
from vmstore.errors import ExitCode


def fill(san: San) -> None:
    """Put on iscsi1 what two nodes hold, what nobody does, and a service that is stopped."""
    san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    san.serve("web01", "n1")
    san.volume("db-01.prod", 4 * G, "iscsi1", active="n2", mounted=True)
    san.serve("db-01.prod", "n2")
    san.volume("idle", 1 * G, "iscsi1")
    san.volume("off", 3 * G, "iscsi1")
    san.serve("off")


def evacuate(bench: Bench, *words: str, engine: str = "raid1", **tampering: Any) -> Outcome:
    """Empty iscsi1."""
    line = ["evacuate", bench.san.luns["iscsi1"].wwid, "--to", "fc", "--yes", *words]
    return bench.vmstore(*line, *(["--engine", engine] if engine else []), **tampering)


def commands(bench: Bench, program: str, word: str = "") -> list[tuple[str, str]]:
    """Name the nodes and volumes of the changing commands of a program, in order."""
    found = [(node, argv) for node, argv in bench.changes() if argv[0] == program and word in argv]
    return [(node, next(w for w in argv if w.startswith("vmstore/")).partition("/")[2]) for node, argv in found]


def settle(bench: Bench, text: str) -> None:
    """Add to the settings."""
    bench.config.write_text(f"{bench.config.read_text()}\n{text}\n", encoding="utf-8")


def half_way(bench: Bench) -> None:
    """Leave all four with a leg more, and nobody at work."""
    assert evacuate(bench, cut_at=cut(bench)).code == KILLED
    assert all(lv.leg for lv in bench.san.lvs.values())


def cut(bench: Bench) -> int:
    """Find a moment at which the legs come into sync."""
    kept = bench.san.copy()
    found: list[int] = []

    def at(moment: int) -> None:
        if all(lv.leg and 40 <= lv.leg.synced < 100 for lv in bench.san.lvs.values()):
            found.append(moment)

    assert evacuate(bench, on_moment=at).code == ExitCode.DONE
    bench.san = kept
    return found[0]


def right(bench: Bench) -> None:
    """Assert that iscsi1 is empty, that nothing is left of the job, and that each volume is as it was otherwise."""
    san = bench.san
    pv = san.label("iscsi1")
    assert san.used(pv.uuid) == []
    assert (pv.allocatable, pv.tags) == (False, {"vmstore.class=iscsi"})
    assert {name: (told["active"], told["layout"], told["classes"]) for name, told in san.volumes().items()} == {
        "web01": (["n1"], "linear", ["fc"]),
        "db-01.prod": (["n2"], "linear", ["fc"]),
        "idle": ([], "linear", ["fc"]),
        "off": ([], "linear", ["fc"]),
    }
    assert not any(service.frozen for service in san.services.values())
    assert (san.marks(), san.leases) == ({}, {})


def soon() -> None:
    """Wait until a wish was heard."""
    time.sleep(0.1)
