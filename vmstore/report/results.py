"""What is true after a change, as programs are told; ``changed`` is false where it was so before."""

from typing import TypedDict

from vmstore.report.json_types import Count, Seconds, Size
from vmstore.services import State


class Created(TypedDict):
    """A VM's volume, and whether the VM has a service."""

    vm: str
    size: Size
    service: bool
    changed: bool


class Grown(TypedDict):
    """A VM's volume, which was ``before`` bytes large."""

    vm: str
    size: Size
    before: Size
    changed: bool


class Removed(TypedDict):
    """A VM whose volume is gone."""

    vm: str
    changed: bool


class Evacuated(TypedDict):
    """A PV that is empty; ``pv`` is its UUID, null where its LUN bears no label any more."""

    pv: str | None
    device: str
    moved_bytes: Size
    moved_volumes: Count
    changed: bool


class PvChanged(TypedDict):
    """A PV; ``pv`` is its UUID, null where it is none any more, ``device`` its name as it was typed."""

    pv: str | None
    device: str
    changed: bool


class JobChanged(TypedDict):
    """A job that rests, or goes on."""

    job: str
    changed: bool


class JobRate(JobChanged):
    """A job that has another rate; 0 for no limit."""

    rate_limit: Size


class JobAborted(JobChanged):
    """A job that was given up, and the volumes that are still on its PV."""

    left: list[str]


class ServiceChanged(TypedDict):
    """The service of a VM as it is now."""

    vm: str
    state: State
    node: str | None
    frozen: bool
    changed: bool


class Relocated(ServiceChanged):
    """A VM that runs elsewhere now, and how long it was away; null where that is not known or it did not move."""

    away_seconds: Seconds | None
