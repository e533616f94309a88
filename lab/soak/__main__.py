"""Evacuate under random faults until the time is up; stop at the first thing that is not as it must be."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lab.driver import LAB, finish, running
from lab.soak.rounds import Round, play, tidy


def main(words: Sequence[str]) -> int:
    """Play rounds; a failure leaves the lab up to be looked at, and its seed plays the same round again."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--seed", type=int, default=None, help="the first round's; else the time of day decides")
    parser.add_argument("--rounds", type=int, default=0, help="so many rounds at most; 0: as many as there is time for")
    wanted = parser.parse_args(words)
    seed = wanted.seed if wanted.seed is not None else int(time.time()) % 1_000_000
    with tempfile.TemporaryDirectory(prefix="vmstore-soak.") as place:
        os.environ.setdefault("VMSTORE_LAB_STATE", tempfile.mkdtemp(prefix="vmstore-soak-lab."))
        finish([str(LAB), "up", "default"])
        cluster = running()
        end, number, met = time.monotonic() + 60 * wanted.minutes, 0, 0
        while time.monotonic() < end and not 0 < wanted.rounds <= number:
            folder = Path(place) / str(number)
            folder.mkdir()
            this, began = Round.made(seed + number, cluster.nodes), time.monotonic()
            try:
                play(cluster, this, folder)
                tidy(cluster)
            except BaseException:
                sys.stdout.write(f"FAILED  {this}; {this.met}; exit codes {this.runs}\n")
                sys.stdout.write(f"the lab is up in {os.environ['VMSTORE_LAB_STATE']}\n")
                raise
            took = time.monotonic() - began
            sys.stdout.write(f"good    {this}; {this.met}; exit codes {this.runs}; {took:.0f} s\n")
            sys.stdout.flush()
            number, met = number + 1, met + this.broken
        finish([str(LAB), "down"])
    sys.stdout.write(f"{number} rounds, {met} of them met their fault; nothing found\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
