"""Do what the product does with one VM: power it on and off, suspend it, ask and be answered.

Sources: the VMware Server 1.x driver of apache/vcl (states, refusals), the GSX Server 3 Administration Guide p. 76
(when the UUID question comes) and p. 89 and 98 (suspended state), heartbeat/vmware of ClusterLabs/resource-agents.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.standins.vmware import guest, locks, uuids
from lab.standins.vmware.host import Host
from lab.standins.vmware.questions import QUESTIONS, UUID_QUESTIONS, Effect, Question
from lab.standins.vmware.refusal import BrokenStandIn, Reason, Refused
from lab.standins.vmware.vmx import Vmx, registrable

_POLL = 0.05
_USUAL_QUESTION = {"server1": "server1-gsx", "server2": "server2-altered"}


class Machine:
    """Stand for one registered VM on one host. ``edition`` is server1 or server2."""

    def __init__(self, host: Host, path: Path, edition: str) -> None:
        """Look at the VM of ``path``; nothing is read yet."""
        self.path = path
        self._host = host
        self._edition = edition
        self._guest = guest.choose(path, host.memory(path), host.settings)

    def state(self) -> str:
        """Return on, off, suspended or stuck; a VM whose guest has died is off."""
        noted = self._host.run(self.path)
        if noted is not None:
            if "question" in noted:
                return "stuck"
            if self._guest.alive(noted):
                return "on"
        if not self.path.is_file():
            return "off"
        return "suspended" if Vmx(self.path).state_file else "off"

    def uptime(self) -> int:
        """Return for how many seconds the VM has been on; 0 when it is not."""
        noted = self._host.run(self.path)
        return int(time.time() - float(noted["since"])) if noted and self.state() == "on" else 0

    def question(self) -> tuple[int, Question] | None:
        """Return the open question with its number, or None."""
        noted = self._host.run(self.path)
        return (int(noted["number"]), QUESTIONS[noted["question"]]) if noted and "question" in noted else None

    def start(self, pending: str) -> None:
        """Power on or resume; ``pending`` says what to do while a question is open: block, fail or return.

        Raises Refused: STATE when it is on, LOCKED, TIMEOUT when nobody answers, MISSING.
        """
        with self._host.locked():
            state = self.state()
            if state == "on":
                raise Refused(Reason.STATE, "start", state)
            if state != "stuck":
                self._fit_to_start()
                self._proceed(Vmx(self.path), set())
            if self.state() == "on" or pending == "return":
                return
            if pending == "fail":
                raise Refused(Reason.STATE, "start", "stuck")
        self._wait_for_answer()

    def answer(self, number: int) -> None:
        """Answer the open question; raises Refused UNKNOWN where there is none or it has no such choice."""
        with self._host.locked():
            noted = self._host.run(self.path)
            asked = self.question()
            choice = asked[1].choice(number) if asked else None
            if noted is None or choice is None:
                raise Refused(Reason.UNKNOWN, "answer", self.state(), "Invalid choice")
            vmx = Vmx(self.path)
            if self._apply(vmx, choice.effect):
                self._proceed(vmx, {*noted["answered"], noted["question"]})
            else:
                self._host.forget_run(self.path)

    def stop(self, mode: str) -> None:
        """Power off; raises Refused STATE unless it is on, TOOLS for a soft stop without VMware Tools."""
        with self._host.locked():
            self._end(self._must_be_on("stop", mode))

    def reset(self, mode: str) -> None:
        """Start anew from nothing; refuses like ``stop``."""
        with self._host.locked():
            self._guest.kill(self._must_be_on("reset", mode))
            self._note(self._guest.boot())

    def suspend(self) -> None:
        """Write the state to NAME.vmss and end; raises Refused STATE unless it is on, FULL where that fails."""
        with self._host.locked():
            noted = self._must_be_on("suspend", "hard")
            if self._host.next_fails("suspend_fails"):
                raise Refused(Reason.FULL, "suspend", "on", str(self.path.parent))
            state = self.path.with_suffix(".vmss")
            vmx = Vmx(self.path)
            try:
                # First, since after the guest has gone a full file system would leave a state nobody knows of.
                self._point_to(vmx, state.name)
                self._guest.suspend(noted, state)
            except OSError as error:
                self._host.note_run(self.path, **{k: v for k, v in noted.items() if k != "boot"})
                with suppress(OSError):
                    self._point_to(vmx, "")
                raise Refused(Reason.FULL, "suspend", "on", str(error)) from error
            locks.remove(vmx)
            self._host.forget_run(self.path)

    def _fit_to_start(self) -> None:
        if not registrable(self.path):
            raise Refused(Reason.MISSING, "start", "off", str(self.path))
        if self._host.next_fails("start_fails"):
            raise Refused(Reason.UNKNOWN, "start", "off", "Unable to power on")
        held = locks.found(Vmx(self.path))
        if held:
            raise Refused(Reason.LOCKED, "start", "off", str(held[0]))

    def _proceed(self, vmx: Vmx, answered: set[str]) -> None:
        """Go on with a start: run, or note the next question that is not in ``answered``."""
        while (name := self._due_question(vmx, answered)) is not None:
            question = QUESTIONS[name]
            if vmx.get("msg.autoAnswer").upper() != "TRUE":
                number = int(time.time() * 10) % 100000
                self._host.note_run(self.path, question=name, answered=sorted(answered), number=number)
                return
            choice = question.choice(question.default)
            assert choice is not None
            if not self._apply(vmx, choice.effect):
                return
            answered.add(name)
        self._run(vmx)

    def _due_question(self, vmx: Vmx, answered: set[str]) -> str | None:
        if vmx.state_file:
            ask = self._host.settings.says_yes("resume_question") and "state-file" not in answered
            return "state-file" if ask else None
        if not uuids.moved(vmx, self._host.id):
            return None
        action = vmx.get("uuid.action").lower()
        if action in {"keep", "create"}:
            self._apply(vmx, Effect(action))
            return None
        wanted = self._host.settings.question
        name = _USUAL_QUESTION[self._edition] if wanted == "default" else wanted
        if name not in UUID_QUESTIONS:
            raise BrokenStandIn(f"no such question: {name}")
        return name

    def _apply(self, vmx: Vmx, effect: Effect) -> bool:
        """Do what an answer says; return whether the start goes on."""
        if effect is Effect.CANCEL:
            return False
        if effect is Effect.DISCARD and vmx.state_file:
            vmx.state_file.unlink()
            vmx.set("checkpoint.vmState", "")
        if effect in {Effect.CREATE, Effect.ALWAYS_CREATE}:
            uuids.create(vmx, self._host.id)
        if effect in {Effect.KEEP, Effect.ALWAYS_KEEP}:
            uuids.keep(vmx, self._host.id)
        if effect in {Effect.ALWAYS_CREATE, Effect.ALWAYS_KEEP}:
            vmx.set("uuid.action", effect.removeprefix("always "))
        vmx.save()
        return True

    def _run(self, vmx: Vmx) -> None:
        state = vmx.state_file
        if state is None and not vmx.get("uuid.location"):
            uuids.create(vmx, self._host.id) if not vmx.get("uuid.bios") else uuids.keep(vmx, self._host.id)
        locks.make(vmx, self._edition, self._host.id)
        try:
            self._note(self._guest.resume(state) if state else self._guest.boot())
        except BrokenStandIn:
            locks.remove(vmx)
            raise
        self._point_to(vmx, "")
        if state:
            state.unlink()

    @staticmethod
    def _point_to(vmx: Vmx, state: str) -> None:
        vmx.set("checkpoint.vmState", state)
        vmx.save()

    def _note(self, run: dict[str, Any]) -> None:
        self._host.note_run(self.path, since=time.time(), **run)

    def _must_be_on(self, operation: str, mode: str) -> dict[str, Any]:
        state = self.state()
        noted = self._host.run(self.path)
        if state != "on" or noted is None:
            raise Refused(Reason.STATE, operation, state)
        if mode == "soft" and not self._host.settings.says_yes("tools"):
            raise Refused(Reason.TOOLS, operation, state)
        return noted

    def _end(self, noted: dict[str, Any]) -> None:
        self._guest.kill(noted)
        locks.remove(Vmx(self.path))
        self._host.forget_run(self.path)

    def _wait_for_answer(self) -> None:
        until = time.monotonic() + self._host.settings.seconds("pending_wait")
        while self.state() == "stuck":
            if time.monotonic() > until:
                raise Refused(Reason.TIMEOUT, "start", "stuck")
            time.sleep(_POLL)
        if self.state() != "on":
            raise Refused(Reason.STATE, "start", self.state())
