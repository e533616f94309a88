"""Hold every wording and numbering of the questions the product asks, since public sources contradict each other.

The order of the choices on VMware Server 1 is not confirmed by any transcript. Sources, by name below:
 server1-gsx        HoneyClient's VM.pm: "Choice 1: Create a new identifier"; text and labels: kb.vmware.com 1541 and
                    the GSX Server 3 Administration Guide p. 76; the rest of the order is deduced
 esx3               HoneyClient's ESX.pm answers 3 for "Always create"; short labels, order deduced
 esx3-from-zero     another tool answers 2 for "Always create": the same labels without Cancel; deduced
 server2-altered    heartbeat/vmware answers 2 and finds the VM "copied"; CloudStack answers 1 for "moved"; VMware's
                    knowledge base shows this list
 moved-4choices     one sample of ESXi has 4 for moved and 2 for copied, as the default; other lines are not known
 keep-first         no source: an order that punishes whoever answers by number
always-first       no source: an order that punishes whoever takes the first label that speaks of keeping
"""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """Say what a choice does."""

    CANCEL = "cancel"
    CREATE = "create"
    KEEP = "keep"
    ALWAYS_CREATE = "always create"
    ALWAYS_KEEP = "always keep"
    DISCARD = "discard"
    PRESERVE = "preserve"


@dataclass(frozen=True)
class Choice:
    """Hold one answer: the number to give, its label, what it does."""

    number: int
    label: str
    effect: Effect


@dataclass(frozen=True)
class Question:
    """Hold one question; ``default`` is the number taken for an empty answer and by msg.autoAnswer."""

    message: str
    text: str
    choices: tuple[Choice, ...]
    default: int

    def choice(self, number: int) -> Choice | None:
        """Return the choice with this number, or None."""
        return next((choice for choice in self.choices if choice.number == number), None)


_MOVED = (
    "The location of this virtual machine's configuration file has changed since it was last powered on.\n\n"
    "If the virtual machine has been copied, you should create a new unique identifier (UUID).  "
    "If it has been moved, you should keep its old identifier.\n\n"
    "If you are not sure, create a new identifier.\n\nWhat do you want to do?"
)
_ALTERED = (
    "This virtual machine may have been moved or copied.\n\n"
    "In order to configure certain management and networking features VMware needs to know which.\n\n"
    'Did you move this virtual machine, or did you copy it?\nIf you don\'t know, answer "I copied it".'
)
_E = Effect
_LONG = {
    _E.CANCEL: "Cancel",
    _E.CREATE: "Create a new identifier",
    _E.KEEP: "Keep the old identifier",
    _E.ALWAYS_CREATE: "Always create a new identifier",
    _E.ALWAYS_KEEP: "Always keep the old identifier",
}
_SHORT = {
    _E.CANCEL: "Cancel",
    _E.CREATE: "Create",
    _E.KEEP: "Keep",
    _E.ALWAYS_CREATE: "Always Create",
    _E.ALWAYS_KEEP: "Always Keep",
}
_COPIED = {_E.CANCEL: "Cancel", _E.KEEP: "I _moved it", _E.CREATE: "I _copied it"}


def _question(message: str, text: str, labels: dict[Effect, str], order: dict[int, Effect], default: int) -> Question:
    choices = tuple(Choice(number, labels[effect], effect) for number, effect in order.items())
    return Question(message, text, choices, default)


UUID_QUESTIONS = {
    "server1-gsx": _question("msg.uuid.moved", _MOVED, _LONG, dict(enumerate(_LONG)), 1),
    "esx3": _question("msg.uuid.moved", _MOVED, _SHORT, dict(enumerate(_SHORT)), 1),
    "esx3-from-zero": _question("msg.uuid.moved", _MOVED, _SHORT, dict(enumerate(list(_SHORT)[1:])), 0),
    "server2-altered": _question("msg.uuid.altered", _ALTERED, _COPIED, dict(enumerate(_COPIED)), 2),
    "moved-4choices": _question("msg.uuid.altered", _ALTERED, _COPIED, {0: _E.CANCEL, 2: _E.CREATE, 4: _E.KEEP}, 2),
    "keep-first": _question(
        "msg.uuid.moved", _MOVED, _LONG, {0: _E.KEEP, 1: _E.ALWAYS_CREATE, 2: _E.ALWAYS_KEEP, 3: _E.CREATE}, 3
    ),
    "always-first": _question(
        "msg.uuid.moved", _MOVED, _LONG, {0: _E.ALWAYS_KEEP, 1: _E.ALWAYS_CREATE, 2: _E.KEEP, 3: _E.CREATE}, 3
    ),
}

# HoneyClient's VM.pm knows the first sentence and 0 = Discard; the name, the second label and the default do not come
# from any source.
STATE_FILE_QUESTION = Question(
    "msg.checkpoint.discovered",
    "A file encapsulating the state of a virtual machine was discovered.\n\nDiscard it or preserve it?",
    (Choice(0, "Discard", Effect.DISCARD), Choice(1, "Preserve", Effect.PRESERVE)),
    0,
)
QUESTIONS = {**UUID_QUESTIONS, "state-file": STATE_FILE_QUESTION}
