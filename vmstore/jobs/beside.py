"""Let the end of one step run beside the next step: one at a time, its error raised where it is waited for."""

import threading
from collections.abc import Callable

from vmstore.errors import VmstoreError
from vmstore.jobs.step import Work
from vmstore.model import Inventory


class Beside:
    """Run in a thread what ends a step; ``known`` is the world as the last one that was waited for left it."""

    def __init__(self, world: Inventory) -> None:
        self.known = world
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self, end: Callable[[], Inventory]) -> None:
        """Begin; the one before must have been waited for."""
        assert self._thread is None
        # A daemon, so that leaving at once does not wait for a node that hangs.
        self._thread = threading.Thread(target=self._keep, args=(end,), daemon=True)
        self._thread.start()

    def wait(self) -> Inventory:
        """Wait for what runs, if anything does, and give the world it left. Raises its error."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self.known

    def give_up(self, work: Work) -> None:
        """Wait where another error ends the work; an error of its own is only told."""
        try:
            self.wait()
        except VmstoreError as error:
            work.reporter.note(f"{error.what}: {error.why}")

    def _keep(self, end: Callable[[], Inventory]) -> None:
        try:
            self.known = end()
        except BaseException as error:  # whatever it is belongs to the thread that waits
            self._error = error
