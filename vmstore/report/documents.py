"""List all that is written as JSON: a type for each kind of document. script/schemas makes docs/schemas of it. Pure."""

from collections.abc import Mapping
from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from vmstore.report import (
    agents,
    balance,
    doctor,
    explanations,
    inventory_document,
    jobs,
    json_document,
    log,
    plans,
    policy,
    pvs,
    results,
    rules,
    services,
    volumes,
)
from vmstore.report.json_types import SCHEMA

Item = TypeVar("Item")


class Items(TypedDict, Generic[Item]):
    """A list."""

    items: list[Item]


KINDS: Mapping[str, Any] = {
    "agent": agents.Agents,
    "agent-deploy": agents.Deployed,
    "codes": Items[explanations.CodeRow],
    "create": results.Created,
    "doctor": doctor.Checkup,
    "evacuate": results.Evacuated,
    "freeze": results.ServiceChanged,
    "grow": results.Grown,
    "inventory": inventory_document.Document,
    "job": jobs.JobFacts,
    "job-abort": results.JobAborted,
    "job-pause": results.JobChanged,
    "job-rate": results.JobRate,
    "job-resume": results.JobChanged,
    "jobs": Items[jobs.JobRow],
    "log": Items[log.LogRow],
    "plan": plans.Plan,
    "policy": Items[rules.Row],
    "policy-apply": policy.Applied,
    "policy-check": Items[policy.VerdictRow],
    "pv-add": results.PvChanged,
    "pv-cordon": results.PvChanged,
    "pv-remove": results.PvChanged,
    "pv-uncordon": results.PvChanged,
    "pvs": Items[pvs.PvRow],
    "rebalance": balance.Rebalance,
    "rebalance-plan": balance.RebalancePlan,
    "relocate": results.Relocated,
    "remove": results.Removed,
    "report": json_document.Document,
    "services": Items[services.ServiceRow],
    "start": results.ServiceChanged,
    "stop": results.ServiceChanged,
    "thaw": results.ServiceChanged,
    "volume": volumes.VolumeFacts,
    "volumes": Items[volumes.VolumeRow],
}


def schema(kind: str) -> dict[str, Any]:
    """Give the JSON schema of a kind of document."""
    found = msgspec.json.schema(KINDS[kind])
    top = found["$defs"].pop(found.pop("$ref").removeprefix("#/$defs/"))
    head = {"schema": {"const": SCHEMA}, "kind": {"const": kind}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **top,
        "title": f"vmstore {kind}",
        "properties": head | {name: of for name, of in top["properties"].items() if name not in head},
        "required": [*head, *(name for name in top["required"] if name not in head)],
        "$defs": found["$defs"],
    }
