"""Decide when work may be done: inside a window of the day, over midnight too, in the time of the host that works."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock

from vmstore.errors import UsageError

_FORM = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])\Z")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """A part of each day, from one minute to another; ``until`` is not in it and may be on the next day."""

    begin: int
    until: int

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Read "22:00-06:00". Raises UsageError."""
        match = _FORM.match(text)
        begin, until = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if begin % _DAY == until % _DAY or max(begin, until) > _DAY:
            raise UsageError(
                f"{text!r} is no window of the day",
                why="it has the form HH:MM-HH:MM, with two different times",
                hint="for example 22:00-06:00, or none for any time",
            )
        return cls(begin % _DAY, until % _DAY)

    @classmethod
    def of(cls, text: str) -> "Window | None":
        """Read what may also be "none" or nothing, for the whole day. Raises UsageError."""
        return None if text in ("", "none") else cls.parse(text)

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.begin, self.until))

    def open_at(self, moment: datetime) -> bool:
        """Tell whether work may be done at a moment."""
        minute = moment.hour * 60 + moment.minute
        return (minute - self.begin) % _DAY < (self.until - self.begin) % _DAY

    def opens(self, moment: datetime) -> datetime:
        """Give the moment itself where it is open, else when it opens next."""
        if self.open_at(moment):
            return moment
        today = datetime.combine(moment.date(), clock(self.begin // 60, self.begin % 60), moment.tzinfo)
        return today if today > moment else today + timedelta(days=1)
