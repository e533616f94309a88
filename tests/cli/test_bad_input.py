"""Bad input of every kind gets its error, its exit code and three lines, and changes nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.bench import Bench
from tests.support.san import G, M, Pv, San, uuid
from tests.support.san_parts import Move
from vmstore.errors import ExitCode

USAGE, NOT_FOUND, REFUSED = ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.REFUSED
NO_ROOM, CLUSTER, TOOL = ExitCode.NO_ROOM, ExitCode.CLUSTER, ExitCode.TOOL


@dataclass(frozen=True)
class Bad:
    """A command that is refused in a situation.

    ``{NAME}`` stands for the WWID of a LUN, ``says`` for words that the error has.
    """

    words: tuple[str, ...]
    code: ExitCode
    says: str
    prepare: Callable[[San], object] = lambda san: None

    def __str__(self) -> str:
        return f"{' '.join(self.words)[:60]}: {self.says}"


def web01(san: San) -> None:
    """A volume that nobody uses, on fc1."""
    san.volume("web01", 8 * G, "fc1")


def mounted(san: San) -> None:
    """A volume in use, on iscsi1."""
    san.volume("web01", 8 * G, "iscsi1", active="n2", mounted=True)


def striped(san: San) -> None:
    """A striped volume."""
    san.volume("web01", 8 * G, ("iscsi1", "iscsi2"), layout="striped")


def snapshot(san: San) -> None:
    """A volume with a snapshot, both on iscsi1."""
    san.volume("web01", 8 * G, "iscsi1", role="public,origin,thickorigin")
    san.volume("snap", 1 * G, "iscsi1", role="public,snapshot,thicksnapshot", fs="")


def thin_pool(san: San) -> None:
    """Parts of a thin pool, which LVM hides, on iscsi1."""
    san.volume("pool_tdata", 1 * G, "iscsi1", role="private,thin,pool,data", fs="")


def raid(san: San) -> None:
    """A mirrored volume."""
    san.volume("web01", 8 * G, "iscsi1", layout="raid,raid1")


def foreign_pv(san: San) -> None:
    """A LUN that is a PV of another VG."""
    san.luns["spare"].pv = Pv(uuid("pv spare"), "other", 1000)


def vanished(san: San) -> None:
    """A PV that one node lost."""
    web01(san)
    del san.luns["iscsi1"].paths["n1"]


def two_active(san: San) -> None:
    """A volume active on two nodes, as without cluster locks."""
    lv = san.volume("web01", 8 * G, "iscsi1", active="n1")
    san.nodes["n2"].active.add(lv.uuid)


def suspended(san: San) -> None:
    """A volume whose device takes no I/O."""
    lv = san.volume("web01", 8 * G, "iscsi1", active="n1")
    san.nodes["n1"].suspended.add(lv.uuid)


def opened(san: San) -> None:
    """A volume that something else than a mount has open."""
    lv = san.volume("web01", 8 * G, "iscsi1", active="n1")
    san.nodes["n1"].opened.add(lv.uuid)


def without_fs(san: San) -> None:
    """A volume without a file system, in use as a disk."""
    san.volume("web01", 8 * G, "fc1", fs="")


def broken_fs(san: San) -> None:
    """A volume with a damaged file system."""
    lv = san.volume("web01", 8 * G, "fc1")
    assert lv.fs is not None
    lv.fs.broken = True


def nearly_full(san: San) -> None:
    """FC LUNs with a GiB of room, and a full iSCSI LUN."""
    for name in ("fc1", "fc2"):
        san.volume(f"on-{name}", 19 * G, name)
    san.volume("web01", 19 * G, "iscsi1")


def cordoned(san: San) -> None:
    """All FC LUNs cordoned."""
    for name in ("fc1", "fc2"):
        san.label(name).allocatable = False


def in_use_and_cordoned(san: San) -> None:
    """A volume in use, and nowhere to go."""
    mounted(san)
    cordoned(san)


def no_lvmlockd(san: San) -> None:
    """A workstation's first node without its lock daemon."""
    web01(san)
    san.nodes["n1"].daemons.discard("lvmlockd")


def no_lvmpolld(san: San) -> None:
    """The holder of a volume without lvmpolld."""
    mounted(san)
    san.nodes["n2"].daemons.discard("lvmpolld")


def moving_elsewhere(san: San) -> None:
    """A volume that pvmove is taking off another PV."""
    lv = san.volume("web01", 8 * G, ("iscsi1", "iscsi2"), active="n1", mounted=True)
    source = san.label("iscsi2").uuid
    old = [run for run in lv.runs if run.pv == source]
    new = san.take(old[0].count, [san.label("fc1").uuid])
    assert new is not None
    lv.move = Move(source, old, new)


def change(**attributes: object) -> Callable[[San], object]:
    """Change the LUN that is not in use."""

    def prepare(san: San) -> None:
        for name, value in attributes.items():
            setattr(san.luns["spare"], name, value)

    return prepare


NAMES = (
    ("", "it is empty"),
    ("web 01", "cannot contain ' '"),
    ("web;reboot", "cannot contain ';'"),
    ("$(reboot)", "cannot contain '$'"),
    ("a/b", "cannot contain '/'"),
    ("web01+new", "cannot contain '+'"),
    ("wéb", "cannot contain 'é'"),
    ("web\n01", "cannot contain"),
    (".", "cannot contain '.'"),
    ("..", "cannot contain '.'"),
    ("lvmlock", "reserves this name"),
    ("pvmove0", "start with 'pvmove'"),
    ("snapshot1", "start with 'snapshot'"),
    ("a_tdata", "contain '_tdata'"),
    ("x_mlog0", "contain '_mlog'"),
    ("w" * 128, "too long for device-mapper"),
    ("-" * 3, "no such option"),
)
SIZES = (
    "",
    "0",
    "0G",
    "10",
    "10Q",
    "10GB",
    "ten",
    "1e3G",
    "-",
    "\N{ARABIC-INDIC DIGIT ONE}G",
    "9E",
    "0.0000000001K",
    "G",
    "10 G",
    "10G;ls",
)
PVS = ("", "a b", "$(ls)", "/dev/../etc", "-rf", "a" * 256, "/dev/sd\n")
CASES = (
    *(Bad(("create", name, "1G"), USAGE, why) for name, why in NAMES),
    *(
        Bad((verb, "a;b", *rest), USAGE, "cannot contain ';'")
        for verb, *rest in (("show",), ("grow", "1G"), ("remove",))
    ),
    *(Bad(("create", "web01", size), USAGE, "") for size in SIZES),
    *(Bad(("grow", "web01", f"+{size}"), USAGE, "", web01) for size in SIZES),
    *(Bad((*verb, pv), USAGE, "") for pv in PVS for verb in (("evacuate",), ("pv", "add"), ("pv", "cordon"))),
    Bad(("create", "web01", "1G", "--class", "FC"), USAGE, "cannot name a class"),
    Bad(("create", "web01", "1G", "--class", "x" * 40), USAGE, "cannot name a class"),
    Bad(("create", "web01", "1G", "--class", "gold"), NOT_FOUND, "no class gold"),
    Bad(("create", "web01", "1G", "--class", "fc"), REFUSED, "all of them are cordoned", cordoned),
    Bad(("create", "web01", "1G", "--fs", "xfs"), USAGE, "xfs"),
    Bad(("create", "web01", "1G", "--pv", "/dev/nosuch"), NOT_FOUND, "no PV /dev/nosuch"),
    Bad(("create", "web01", "1G", "--pv", "{spare}"), NOT_FOUND, "no PV"),
    Bad(("create", "web01", "1G", "--pv", "{fc1}"), REFUSED, "cordoned", cordoned),
    Bad(("create", "web01", "1G", "--pv", "{fc1}", "--class", "iscsi"), USAGE, "not of class iscsi"),
    Bad(("create", "web01", "1G", "--pv", "/dev/sda"), REFUSED, "not the same PV on every node"),
    Bad(("create", "web01", "9G"), REFUSED, "grow web01 9G", web01),
    Bad(("create", "web01", "7G"), REFUSED, "volumes never shrink", web01),
    Bad(("create", "db", "7E"), NO_ROOM, "no room for 7 EiB"),
    Bad(("create", "db", "1G"), REFUSED, "is missing", vanished),
    Bad(("create", "db", "1G"), CLUSTER, "lvmlockd does not run on n1", no_lvmlockd),
    Bad(("show", "nosuch"), NOT_FOUND, "no volume"),
    Bad(("show", "pool_tdata"), USAGE, "reserves", thin_pool),
    Bad(("grow", "nosuch", "1G"), NOT_FOUND, "no volume"),
    Bad(("grow", "web01", "-1G"), REFUSED, "would shrink", web01),
    Bad(("grow", "web01", "1G"), REFUSED, "would shrink from 8 GiB to 1 GiB", web01),
    Bad(("grow", "web01", "7E"), NO_ROOM, "no room", web01),
    Bad(("grow", "web01", "8E"), USAGE, "too large", web01),
    Bad(("grow", "web01", "10G"), REFUSED, "striped", striped),
    Bad(("grow", "web01", "10G"), REFUSED, "origin", snapshot),
    Bad(("grow", "web01", "10G"), REFUSED, "raid1", raid),
    Bad(("grow", "web01", "10G"), REFUSED, "is missing", vanished),
    Bad(("grow", "web01", "10G"), REFUSED, "active on several nodes", two_active),
    Bad(("grow", "web01", "10G"), REFUSED, "suspended", suspended),
    Bad(("grow", "web01", "10G"), REFUSED, "open on n1 but not mounted", opened),
    Bad(("grow", "web01", "10G"), REFUSED, "no ext3 or ext4", without_fs),
    Bad(("grow", "web01", "10G"), REFUSED, "is damaged", broken_fs),
    Bad(("grow", "web01", "20G"), REFUSED, "is being moved", moving_elsewhere),
    Bad(("grow", "web01", "10G"), CLUSTER, "lvmlockd does not run", no_lvmlockd),
    Bad(("evacuate", "/dev/nosuch", "-y"), NOT_FOUND, "no PV /dev/nosuch"),
    Bad(("evacuate", "{spare}", "-y"), NOT_FOUND, "PV of another VG", foreign_pv),
    Bad(("evacuate", "/dev/sda", "-y"), REFUSED, "not the same PV on every node"),
    Bad(("evacuate", "{iscsi1}", "--to", "gold", "-y"), NOT_FOUND, "no class or PV 'gold'", mounted),
    Bad(("evacuate", "{iscsi1}", "--to", "{iscsi1}", "-y"), USAGE, "onto itself", mounted),
    Bad(
        ("evacuate", "{iscsi1}", "--to", "fc", "-y"),
        REFUSED,
        "all of them are cordoned",
        in_use_and_cordoned,
    ),
    Bad(
        ("evacuate", "{iscsi1}", "--to", "{fc1}", "-y"),
        REFUSED,
        "takes nothing new",
        in_use_and_cordoned,
    ),
    Bad(("evacuate", "{iscsi1}", "--to", "fc", "-y"), NO_ROOM, "19 GiB in 1 volume must go", nearly_full),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "snap: ", snapshot),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "pool_tdata: it is LVM's own", thin_pool),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "raid1", raid),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "active on several nodes", two_active),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "suspended", suspended),
    Bad(("evacuate", "{iscsi1}", "-y"), REFUSED, "being moved off another PV", moving_elsewhere),
    Bad(("evacuate", "{iscsi1}", "-y"), CLUSTER, "lvmpolld does not run on n2", no_lvmpolld),
    Bad(("evacuate", "{iscsi1}"), USAGE, "nobody is there to confirm", mounted),
    Bad(("remove", "web01", "--confirm", "web02"), REFUSED, "'web02' is not 'web01'", web01),
    Bad(("remove", "web01"), USAGE, "nobody is there to confirm", web01),
    Bad(("remove", "web01", "--confirm", "web01"), REFUSED, "mounted on n2 at /vm/web01", mounted),
    Bad(("remove", "web01", "--confirm", "web01"), REFUSED, "active on n1", opened),
    Bad(("remove", "web01", "--confirm", "web01"), REFUSED, "origin", snapshot),
    Bad(("remove", "web01", "--confirm", "web01"), REFUSED, "is missing", vanished),
    Bad(("remove", "web01", "--confirm", "web01"), CLUSTER, "lvmlockd does not run on n1", no_lvmlockd),
    Bad(("pv", "add", "/dev/nosuch", "-y"), NOT_FOUND, "no disk /dev/nosuch"),
    Bad(("pv", "add", "{spare}"), USAGE, "nobody is there to confirm"),
    Bad(("pv", "add", "{spare}", "--class", "a b", "-y"), USAGE, "cannot name a class"),
    Bad(("pv", "add", "{spare}", "-y"), REFUSED, "LVM2_member", foreign_pv),
    Bad(("pv", "add", "{spare}", "-y"), REFUSED, "carries ext4", change(signatures={"ext4"})),
    Bad(("pv", "add", "{spare}", "-y"), REFUSED, "n2: it is mounted on /mnt", change(mounted={"n2": "/mnt"})),
    Bad(
        ("pv", "add", "{spare}", "-y"), REFUSED, "n3 does not see the LUN", change(paths={"n1": ["sdf"], "n2": ["sdf"]})
    ),
    Bad(("pv", "add", "/dev/sdf", "-y"), REFUSED, "has no WWID", change(wwid="")),
    Bad(("pv", "add", "/dev/sdd", "-y"), REFUSED, "path of the multipath device /dev/mapper/mpatha"),
    Bad(("pv", "remove", "{fc1}", "-y"), REFUSED, "extents of web01", web01),
    Bad(("pv", "remove", "{spare}", "-y"), NOT_FOUND, "no PV", foreign_pv),
    Bad(("pv", "cordon", "{spare}"), NOT_FOUND, "no PV", foreign_pv),
    Bad(("pv", "cordon", "{fc1}"), REFUSED, "is missing", vanished),
    Bad(("list", "--output", "xml"), USAGE, "xml"),
    Bad(("list", "--offline", "n9"), NOT_FOUND, "no node n9"),
    Bad(("nosuch",), USAGE, "nosuch"),
    Bad(("pv", "nosuch"), USAGE, "nosuch"),
    Bad(("create",), USAGE, "VM"),
    Bad(("list", "--nosuch"), USAGE, "--nosuch"),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_refused_and_nothing_changes(bench: Bench, case: Bad) -> None:
    case.prepare(bench.san)
    before = bench.san.copy()
    wwids = {name: lun.wwid for name, lun in bench.san.luns.items()}
    outcome = bench.vmstore(*(re.sub(r"\{(\w+)\}", lambda found: wwids[found[1]], word) for word in case.words))
    assert outcome.code == case.code, outcome.err
    lines = [line for line in outcome.err.splitlines() if not re.match(r"\d+\. |.* …$", line)]
    assert [line[:8] for line in lines] == ["vmstore:", "  why: ", "  try: "] or re.match(
        r"vmstore: .+\n  why: .+\n  try: .+\Z", "\n".join(lines)
    ), outcome.err
    assert case.says in outcome.err
    assert outcome.out == ""
    left = bench.san.copy()
    if case.prepare is broken_fs or case.prepare is without_fs:
        # The file system can only be looked at while the volume is active; it is left as it was.
        assert left.summary() == before.summary()
        assert left.seqno == before.seqno
    else:
        assert left == before


@pytest.mark.parametrize("text", ["0G", "-1G", "10Q", "x"])
def test_a_refused_size_is_named_in_the_error(bench: Bench, text: str) -> None:
    bench.san.volume("web01", 8 * G, "fc1")
    assert text in bench.vmstore("grow", "web01", text).err


def test_a_name_that_needs_escaping_works_in_every_verb(bench: Bench) -> None:
    name = "db-01.prod"
    assert bench.vmstore("create", name, "1G", "--activate").code == 0
    assert bench.vmstore("grow", name, "2G").code == 0
    assert bench.vmstore("show", name, "-o", "json").json["held_by"] == "n1"
    bench.san.nodes["n1"].active.clear()
    assert bench.vmstore("remove", name, "--confirm", name).code == 0
    assert bench.san.lvs == {}


def test_volumes_that_are_not_vmstores_disturb_nothing(bench: Bench) -> None:
    bench.san.volume("their lv!".replace(" ", "_").replace("!", ""), 64 * M, "fc1", layout="striped")
    bench.san.volume("lvmlock", 64 * M, "fc2", role="private,lockd,sanlock", fs="")
    assert bench.vmstore("create", "web01", "1G").code == 0
    assert bench.vmstore("evacuate", bench.san.luns["iscsi1"].wwid, "--yes").code == 0
    names = [row["name"] for row in bench.vmstore("list", "-o", "json").json["items"]]
    assert names == ["their_lv", "web01"]
