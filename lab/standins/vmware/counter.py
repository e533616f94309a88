"""Be the guest: add a growing number to a log until SIGTERM. Started by guest_file, goes into the background.

Arguments: LOG MEMORY FIRST TICK. MEMORY holds the last number written. Prints the number of the process.
"""

import os
import signal
import sys
from pathlib import Path


def count(log: Path, memory: Path, first: int, tick: float) -> None:
    """Write a number every ``tick`` seconds; a SIGTERM is heeded between two numbers."""
    number = first
    while True:
        memory.write_text(f"{number}\n", encoding="utf-8")
        try:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{number}\n")
        except OSError as error:
            sys.stderr.write(f"{log}: {error}\n")
        if signal.sigtimedwait({signal.SIGTERM}, tick):
            return
        number += 1


def main() -> None:
    """Leave the caller and count."""
    log, memory, first, tick = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    memory.write_text(f"{first}\n", encoding="utf-8")
    child = os.fork()
    if child:
        print(child)
        return
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    count(log, memory, first, tick)


if __name__ == "__main__":
    main()
