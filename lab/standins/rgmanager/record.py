"""Hold what the cluster knows of one service (rg_state_t of resgroup.h)."""

import time

from lab.standins.rgmanager import texts


class Record:
    """Hold state, flag, owner and counters; an empty owner is none."""

    def __init__(self, name: str, autostart: bool) -> None:
        self.name = name
        self.state = texts.STOPPED if autostart else texts.DISABLED
        self.frozen = False
        self.owner = ""
        self.last_owner = ""
        self.restarts = 0
        self.transition = 0

    def enter(self, state: int) -> None:
        """Change the state, at this time."""
        self.state = state
        self.transition = int(time.time())

    def release(self, state: int) -> None:
        """Change to a state in which nobody owns it."""
        self.enter(state)
        self.last_owner = self.owner or self.last_owner
        self.owner = ""

    def plain(self) -> dict[str, object]:
        """Return what goes over the wire."""
        return dict(vars(self))
