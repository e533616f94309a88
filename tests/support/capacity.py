"""Made capacity reports and histories, for the tests of what is written of them."""

from typing import Any

from msgspec.structs import replace

from vmstore.history.acted import Act
from vmstore.history.values import Point
from vmstore.policies.alerts import Alert, Changes, Severity
from vmstore.policies.forecast import Full, Trend, Unknown, Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report.capacity import Capacity, Fit, Subject
from vmstore.report.layout import Piece

GIB = 2**30
NOW = 1_800_000_000.0
DAYS = 90

ALERTS = (
    Alert("VMS-P01", Severity.CRIT, Kind.PV, "/dev/mapper/lun3", 100 * GIB, 0),
    Alert("VMS-V01", Severity.CRIT, Kind.VM, "db-01.prod", 58 * GIB, 57 * GIB),
    Alert("VMS-C02", Severity.WARN, Kind.CLASS, "fc", 18 * DAY, 30 * DAY),
    Alert("VMS-C03", Severity.WARN, Kind.CLASS, "fc", 90 * GIB, 100 * GIB),
    Alert("VMS-J01", Severity.WARN, Kind.VM, "db-01.prod", 20 * GIB, 6 * GIB),
    Alert("VMS-J02", Severity.WARN, Kind.CLASS, "fc", 5 * GIB, 2 * GIB),
    Alert("VMS-P02", Severity.WARN, Kind.PV, "/dev/mapper/lun2", 9 * DAY, 7 * DAY),
)
OVER = Alert("VMS-V01", Severity.WARN, Kind.VM, "web01", 70 * GIB, 68 * GIB)
ACTED = (Act(int(NOW) - 3600, "web01", 70 * GIB, 80 * GIB, "91 % of its file system is used (over 80 %)", "done"),)
PIECES = {
    "u1": (Piece("db-01.prod", 0, 60 * GIB), Piece("web01", 100 * GIB, 500 * GIB)),
    "u2": (Piece("web01", 0, 300 * GIB),),
    "u3": (Piece("old", 0, 100 * GIB),),
}


def trend(per_day: float, spread: float = 0.3) -> Trend:
    """Make a growth in GiB a day."""
    half = abs(per_day) * spread
    return Trend(per_day * GIB, (per_day - half) * GIB, (per_day + half) * GIB, DAYS, NOW - DAYS * DAY, NOW)


def points(last: int, per_day: float, days: int = DAYS, size: int = 1000, used: bool = False) -> tuple[Point, ...]:
    """Make a history that grew to ``last``, in GiB, a point a day."""
    row = []
    for day in range(days, -1, -1):
        value = max(0, int((last - per_day * day) * GIB))
        taken, inside = (size * GIB, value) if used else (value, None)
        row.append(Point(int(NOW - day * DAY), size * GIB, taken, inside, taken, taken, inside, inside))
    return tuple(row)


def vm(name: str, size: int, used: int | None, per_day: float = 0.0, **more: Any) -> Subject:
    """Make a VM, in GiB, whose file system has all of its volume."""
    made = Subject(
        Kind.VM,
        name,
        size * GIB,
        size * GIB,
        0,
        used=None if used is None else used * GIB,
        filesystem=None if used is None else size * GIB,
        classes=("fc",),
        pvs=("/dev/mapper/lun1",),
        trend=Unknown(Why.NOTHING) if used is None else trend(per_day),
    )
    return replace(made, **more)


def capacity(time: float = NOW, **more: Any) -> Capacity:
    """Make a report in which everything occurs."""
    soon = Full(NOW + 12 * DAY, NOW + 18 * DAY, NOW + 40 * DAY)
    subjects = (
        Subject(Kind.VG, "vmstore", 3000 * GIB, 2000 * GIB, 1000 * GIB, largest=700 * GIB, trend=trend(4), full=soon),
        Subject(
            Kind.CLASS,
            "fc",
            2000 * GIB,
            1910 * GIB,
            90 * GIB,
            largest=60 * GIB,
            reserve=100 * GIB,
            trend=trend(5),
            full=soon,
        ),
        Subject(
            Kind.CLASS,
            "iscsi",
            1000 * GIB,
            90 * GIB,
            910 * GIB,
            largest=700 * GIB,
            closed=700 * GIB,
            trend=trend(-1),
            full=Full(None, None, None),
        ),
        Subject(
            Kind.PV,
            "/dev/mapper/lun1",
            1000 * GIB,
            560 * GIB,
            440 * GIB,
            largest=400 * GIB,
            classes=("fc",),
            id="u1",
        ),
        Subject(
            Kind.PV,
            "/dev/mapper/lun2",
            1000 * GIB,
            300 * GIB,
            700 * GIB,
            classes=("iscsi",),
            state="cordoned",
            closed=700 * GIB,
            id="u2",
        ),
        Subject(
            Kind.PV,
            "/dev/mapper/lun3",
            1000 * GIB,
            100 * GIB,
            900 * GIB,
            classes=("fc",),
            state="missing, cordoned",
            closed=900 * GIB,
            id="u3",
        ),
        vm("db-01.prod", 60, 58, 1.5, full=Full(NOW + DAY, NOW + 2 * DAY, None), node="n1"),
        vm("web01", 80, 60, 0.25, node="n2"),
        vm("old", 100, None),
        Subject(Kind.METADATA, "vmstore", 2**20, 700_000, 2**20 - 700_000),
        Subject(Kind.LOCK, "vmstore", 256 * 2**20, 2**20, 255 * 2**20),
    )
    made = Capacity(
        "vmstore",
        time,
        subjects,
        ALERTS,
        Changes(ALERTS[:2], (), (OVER,), ALERTS[2:]),
        (Fit(80 * GIB, "", 12), Fit(80 * GIB, "fc", 1), Fit(20 * GIB, "fc", 4)),
        {"n3": "no answer within 10 s"},
        ("the history is locked by another program; this report was not added",),
        ACTED,
    )
    return replace(made, **more)


def calm(time: float = NOW, **more: Any) -> Capacity:
    """Make a report in which all is well."""
    return replace(capacity(time, alerts=(), changes=None, silent={}, notes=(), acted=()), **more)


HISTORIES = {
    ("vg", "vmstore"): points(2000, 4, size=3000),
    ("class", "fc"): points(1910, 5, size=2000),
    ("class", "iscsi"): points(90, -1, size=1000),
    ("vm", "db-01.prod"): points(58, 0.5, size=60, used=True),
    ("vm", "web01"): points(60, 0.25, size=80, used=True),
}
