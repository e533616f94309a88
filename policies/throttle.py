"""Decide how much of its time a copy may spend copying, so that it keeps to a rate. Pure.

dm-mirror knows no rate, but a share of the time in which copies may be under way (the kernel's dm-kcopyd throttle, in
per cent). What that comes to on given disks is seen only while it runs, so the share follows what is measured.
"""

from dataclasses import dataclass

WHOLE = 100
# Shares below one per cent are made of looks with none and looks with one.
LEAST = 0.05
# Begin low: a copy at full speed is over the rate before the first look.
FIRST = 4.0
# Seconds over which the speed is measured, and in which what is too much or too little is to be made up for.
SPAN = 5.0
DEBT_OVER = 10.0
# By how much the share may change at once: quickly down, slowly up.
DOWN, UP = 0.2, 2.0


def region(rate: int, most: int, *, stands_back: bool) -> int:
    """Give the MiB that a mirror copies at a time, ``most`` where nothing holds it back.

    A write to the region that is being copied waits until all of it is there (drivers/md/dm-raid1.c, do_writes). So one
    shall take no more than about a quarter of a second at that rate, in bytes a second (0: none).
    """
    if stands_back:
        return 1
    if not rate:
        return most
    fits = max(1, rate // (4 * 2**20))
    return min(most, 1 << (fits.bit_length() - 1))


@dataclass(slots=True)
class Share:
    """Follow a rate with a share of the time; ``grain`` are the bytes by which progress is seen to jump."""

    grain: int
    _share: float = FIRST
    _carry: float = 0.0
    _rate: int = 0
    _fresh: bool = True
    _began: tuple[float, int] = (0.0, 0)
    _last: tuple[float, int] = (0.0, 0)

    def percent(self, now: float, done: int, rate: int) -> int:
        """Give the share for the time until the next look; ``rate`` in bytes a second, 0 for no limit."""
        if not rate:
            self._rate = 0
            return WHOLE
        if rate != self._rate:
            self._share = self._share * rate / self._rate if self._rate else FIRST
            self._rate = rate
            self._began = self._last = (now, done)
        elif self._fresh:
            # The first bytes that are told of may have been there before: a move that is taken up.
            self._fresh = False
            self._began = self._last = (now, done)
        self._follow(now, done)
        self._share = min(max(self._share, LEAST), WHOLE)
        given = int(self._share + self._carry)
        self._carry += self._share - given
        return given

    def restart(self) -> None:
        """Measure anew: what went before, such as a time in which nothing was to be copied, counts no more."""
        self._fresh = True

    def _follow(self, now: float, done: int) -> None:
        (then, before), (begin, first), rate = self._last, self._began, self._rate
        passed, moved = now - then, done - before
        if passed <= 0 or (passed < max(SPAN, 2 * self.grain / rate) / 2 and moved < 2 * self.grain):
            return
        debt = rate * (now - begin) - (done - first)
        most = rate * DEBT_OVER
        if abs(debt) > most:
            # Nobody wants hours to be made up for: as if the copy had begun later, or further on.
            self._began = (begin + (debt - most) / rate, first) if debt > 0 else (begin, first + int(-debt - most))
        wanted = rate * (1 + min(max(debt / most, -0.5), 0.5))
        self._share *= min(max(wanted * passed / moved, DOWN), UP) if moved else UP
        self._last = (now, done)
