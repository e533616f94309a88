"""Write docs/benchmarks.md part by part, and keep the figures of the evacuations beside it for the plot."""

import platform
import re
import time
from collections.abc import Sequence

import msgspec

from lab.bench.figures import Measured, merged
from lab.driver import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = PAGE.with_suffix(".svg")
FIGURES = PAGE.with_suffix(".json")
HEADINGS = {
    "volumes": "Creating and growing",
    "moves": "Emptying a PV",
    "beside": "A writer beside an evacuation",
    "relocations": "How long a guest stands still in a relocation",
    "scale": "`vmstore list` against one raw report",
    "reports": "`vmstore report` of 5,000 volumes",
}
_HEAD = """# Benchmarks

Written by `make bench` on a two-core machine with emulated nodes. Emulation is slow, so seconds mean little; the
ratios, each taken in one run, are what is measured.

"""
_NOTES = """## How
- `./script/bench PART...` (or `make bench PARTS="PART..."`) measures `volumes`, `moves`, `beside`, `relocations`,
  `scale` or `reports` alone; the other parts of this page stay as they are. All takes hours. `./script/bench moves
  --jobs large` measures one job of the moves anew, in all ways; with `--ways raw,default`, or fewer `--rounds`, it is
  quicker, and with fewer ways the figures are only printed, as ratios of different runs say nothing.
- Volumes lie on an iSCSI LUN and go to an FC LUN. They hold ext4 file systems: the small idle ones are three quarters
  full of random data, the one that is 10 % full has 40 MiB of it, and those in use are mounted. What nobody uses is
  inactive again afterwards, by plain pvmove, too.
- Each way of a job runs once in each round, and each round begins with another way. The volumes are made anew after
  each move, on the same extents. Medians are compared.
- The raw copy reads the same bytes from the volumes and writes them to scratch volumes on the target, 4 MiB at a
  time, direct on both sides, on all nodes at once that hold volumes: by one dd; by one that reads and one that
  writes, with a pipe between them, so that both go on at the same time; by two dd at once, each for a half. Whichever
  was the fastest at the beginning is what is repeated. The volumes are active already.
- vmstore runs on the workstation, over ssh, and its whole time counts: reading, locking, cordoning, moving, checking,
  and the proof at the end. On these emulated nodes about 7 s of each run are no copying, and 10 s where a volume goes
  by what is used; with 400 MiB that is a third of the time or more. The raw tools run inside the node, on one node
  after the other.
- — stands for an engine that does not do the job: it is refused, or its volumes would go by another one.
- The time that is left is what vmstore writes where there is no terminal, every 2 s here instead of every 30: the
  time since the start and what is said to be left, against the whole time of the run.
- The writer is fio on n1 with a volume of its own on the same source PV, which `--exclude` leaves there: random
  writes of 16 KiB, direct, one at a time, read back and verified, as fast as it can. Its speed is what the kernel
  counts, for 20 s alone and then while bytes are copied; a volume of 400 MiB in use on n1 moves meanwhile.
- A relocation is measured by the guest: it counts once a second on its serial line, and what is missing in the count
  is the time that it stood still. By hand, the commands of each node go there in one ssh. Under rgmanager its
  commands are stand-ins that start and stop what it would.

### What was tried and did not win
Single runs on this machine; where a way is the default now, its figure is in the tables above.

- **Mirror with LVM's own settings**: 120 MB took 36 s with the poll of 15 s, 19 s with a poll of 1 s and regions of
  2 MiB, and 15 s with regions of 16 MiB, which is what vmstore asks for. Larger ones keep a write of the guest
  waiting for longer.
- **raid1 as the default**: three volumes of 96 MiB in use on three nodes took 34 s by it and 19 to 25 s by mirror.
  It stays for who wants a crash to cost nothing of the copy.
- **e2image** for what a file system uses: it drops the backups of the superblock, goes on after a read error, and
  writes blocks of 1 KiB by reading and writing again what is around them.
- **Copying and comparing at once**, a dd that reads into one that writes, and two dd for the halves: each slower
  here than one direct dd and then one cmp. **cmp of direct reads**: slower. **md5 of both sides** in place of cmp:
  a fifth faster here, slower than cmp where disks are faster than md5.
- **Large at 1.25 times the raw copy** is not reached here: pvmove alone, without its poll, takes 1.3 times the raw
  copy, and the looks, locks and changes of metadata around it 7 s on nodes on which each LVM command takes half a
  second or more.
- **10 % full four times as fast as pvmove** is not reached here either: of a file system of 400 MiB with 40 MiB of
  data, 81 MiB are in use (inode tables, journal). They are read twice and written once, and the copy is read once:
  324 MiB, where pvmove reads and writes 800. Leaving out the comparison would halve that; it is what proves the
  copy.
"""


def put(part: str, lines: Sequence[str]) -> None:
    """Replace one part of the page and keep the others."""
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), part, lines), encoding="utf-8")


def replaced(page: str, part: str, lines: Sequence[str]) -> str:
    """Give the page with one part replaced; headings that are no longer known are left out."""
    parts = {each.splitlines()[0].removeprefix("## "): each for each in _split(page)}
    parts[HEADINGS[part]] = "\n".join([f"## {HEADINGS[part]}", "", *lines, "", ""])
    known = [parts[heading] for heading in HEADINGS.values() if heading in parts]
    return _HEAD + "".join(known) + _NOTES


def kept(new: Measured, order: Sequence[str]) -> list[Measured]:
    """Put a job's figures among those that are kept; give all."""
    old = msgspec.json.decode(FIGURES.read_bytes(), type=list[Measured]) if FIGURES.exists() else []
    found = merged(old, new, order)
    FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return found


def today() -> str:
    """Say when and on what it was measured."""
    return f"On {time.strftime('%Y-%m-%d')}, {platform.freedesktop_os_release()['PRETTY_NAME']}."


def _split(page: str) -> list[str]:
    return re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
