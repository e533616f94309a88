"""Pacemaker's answers, as version 2.1.5 gave them on the lab, read for what they mean."""

from dataclasses import replace

import pytest

from vmstore.errors import ClusterUnusable, NotFound, Refused, ToolFailed
from vmstore.run import Result
from vmstore.services import Service, State
from vmstore.tools import pacemaker_config
from vmstore.tools.managers import ServiceSpec
from vmstore.tools.pacemaker import Pacemaker
from vmstore.tools.sections import Section

HEAD = """<pacemaker-result api-version="2.25" request="crm_mon -1 --inactive --output-as=xml">
  <summary>
    <current_dc present="true" version="2.1.5-a3f44794f94" name="n1" id="1" with_quorum="{quorum}"/>
    <cluster_options stonith-enabled="true" no-quorum-policy="stop" maintenance-mode="{maintenance}"/>
  </summary>
  <nodes>
    <node name="n1" id="1" online="true" standby="false" standby_onfail="false" maintenance="false" pending="false" \
unclean="false" shutdown="false" is_dc="true" resources_running="1" type="member"/>
    <node name="n2" id="2" online="false" standby="false" standby_onfail="false" maintenance="false" pending="false" \
unclean="true" shutdown="false" is_dc="false" resources_running="0" type="member"/>
    <node name="n3" id="3" online="true" standby="true" standby_onfail="false" maintenance="false" pending="false" \
unclean="false" shutdown="false" is_dc="false" resources_running="0" type="member"/>
  </nodes>
  <resources>
    <resource id="fence" resource_agent="stonith:fence_sbd" role="Started" blocked="false" failed="false"/>
"""
TAIL = """  </resources>
  {failures}
  <status code="0" message="OK"/>
</pacemaker-result>
"""
FAILURES = """<failures>
    <failure op_key="web01_start_0" node="n1" exitstatus="error" exitreason="" exitcode="1" call="12"/>
  </failures>"""


def resource(name: str, role: str, node: str = "", agent: str = "ocf:vmstore:vm", **more: str) -> str:
    told = {"orphaned": "false", "blocked": "false", "managed": "true", "failed": "false", **more}
    attributes = " ".join(f'{key}="{value}"' for key, value in told.items())
    inner = f'<node name="{node}" id="1" cached="true"/>' if node else ""
    return f'<resource id="{name}" resource_agent="{agent}" role="{role}" {attributes}>{inner}</resource>'


def parse(
    resources: str, cib: str = "", *, quorum: str = "true", maintenance: str = "false", failures: str = ""
) -> dict[str, Service]:
    text = HEAD.format(quorum=quorum, maintenance=maintenance) + resources + TAIL.format(failures=failures)
    answer = Pacemaker().parse("n1", {"crm_mon": Section(0, text), "cib": Section(0, f"<resources>{cib}</resources>")})
    assert not answer.trouble
    return dict(answer.services)


def meta(vm: str, tag: str = "primitive", **pairs: str) -> str:
    inner = "".join(f'<nvpair id="x-{k}" name="{k.replace("_", "-")}" value="{v}"/>' for k, v in pairs.items())
    return f'<{tag} id="{vm}"><meta_attributes id="m">{inner}</meta_attributes></{tag}>'


def test_members_are_online_idle_or_lost() -> None:
    text = HEAD.format(quorum="false", maintenance="false") + TAIL.format(failures="")
    answer = Pacemaker().parse("n1", {"crm_mon": Section(0, text), "cib": Section(0, "<resources/>")})
    assert not answer.quorate
    assert [(m.name, m.online, m.manages, m.unclean) for m in answer.members] == [
        ("n1", True, True, False), ("n2", False, False, True), ("n3", True, False, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "state", "owner"),
    [
        (resource("web01", "Started", "n1"), State.STARTED, "n1"),
        (resource("web01", "Stopped"), State.STOPPED, ""),
        (resource("web01", "Stopped", pending="Starting"), State.STARTING, ""),
        (resource("web01", "Starting", "n1"), State.STARTING, "n1"),
        (resource("web01", "Started", "n1", pending="Monitoring"), State.STARTED, "n1"),
        (resource("web01", "Started", "n1", failed="true"), State.RECOVERING, "n1"),
        (resource("web01", "Started", "n1", failed="true", blocked="true"), State.FAILED, "n1"),
    ],
)
def test_states(told: str, state: State, owner: str) -> None:
    service = parse(told)["web01"]
    assert (service.state, service.owner) == (state, owner)


def test_only_resources_of_the_agent_are_services_of_vms() -> None:
    assert set(
        parse(resource("web01", "Started", "n1") + resource("ip", "Started", "n1", "ocf:heartbeat:IPaddr2"))
    ) == {"web01"}


def test_a_group_is_started_when_all_of_it_is() -> None:
    def group(last: str) -> Service:
        parts = resource("db01-lv", "Started", "n1", "ocf:heartbeat:LVM-activate") + last
        return parse(f'<group id="db01" number_resources="2" managed="true">{parts}</group>')["db01"]

    assert group(resource("db01-vm", "Started", "n1")).state is State.STARTED
    assert group(resource("db01-vm", "Stopped")).state is State.STARTING
    assert group(resource("db01-vm", "Started", "n3")).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("cib", "maintenance", "frozen"),
    [
        ("", "false", False),
        ("", "true", True),
        (meta("web01", maintenance="true"), "false", True),
        (meta("web01", is_managed="false"), "false", True),
        (meta("web01", maintenance="false"), "false", False),
        (meta("other", maintenance="true"), "false", False),
    ],
)
def test_frozen(cib: str, maintenance: str, frozen: bool) -> None:
    assert parse(resource("web01", "Started", "n1"), cib, maintenance=maintenance)["web01"].frozen is frozen


def test_disabled_is_stopped_on_purpose() -> None:
    cib = meta("web01", target_role="Stopped")
    assert parse(resource("web01", "Stopped"), cib)["web01"].state is State.DISABLED
    assert parse(resource("web01", "Started", "n1"), cib)["web01"].state is State.STARTED


def test_the_last_failure_is_told() -> None:
    assert parse(resource("web01", "Stopped"), failures=FAILURES)["web01"].detail == "start failed on n1: error"


@pytest.mark.parametrize(
    ("crm_mon", "cib", "word"),
    [
        (Section(102, '<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>'),
         Section(102, ""), "Not connected"),
        (Section(124, ""), Section(0, "<resources/>"), "in time"),
        (Section(0, HEAD.format(quorum="true", maintenance="false") + TAIL.format(failures="")),
         Section(1, "Could not connect"), "Could not connect"),
    ],
)  # fmt: skip
def test_no_answer_is_trouble_and_not_an_empty_cluster(crm_mon: Section, cib: Section, word: str) -> None:
    answer = Pacemaker().parse("n1", {"crm_mon": crm_mon, "cib": cib})
    assert word in answer.trouble
    assert not answer.quorate


@pytest.mark.parametrize(
    ("rc", "kind"), [(105, NotFound), (102, ClusterUnusable), (106, ClusterUnusable), (1, ToolFailed)]
)
def test_exit_codes(rc: int, kind: type[Exception]) -> None:
    result = Result(("crm_resource", "--resource", "web01"), rc, "", "Error performing operation: it said so\n", 0.1)
    error = Pacemaker().failure("freeze web01: failed", "n1", result)
    assert type(error) is kind
    assert "it said so" in error.why


def test_of_the_constraints_only_the_one_that_a_relocation_made_is_taken_back() -> None:
    (move,) = Pacemaker().relocate("web01", "n1", "n2")
    assert move.argv[3:6] == ("--move", "--node", "n2")
    assert Pacemaker().settle("web01", "n2") == [["crm_resource", "--resource", "web01", "--clear", "--node", "n2"]]


SPEC = ServiceSpec("db-01.prod", "vmstore", "ext3", "/vm/db-01.prod", "/etc/vmstore/vm.d/db-01.prod", "libvirt")


def test_the_service_is_made_stopped() -> None:
    for stock in (False, True):
        text = pacemaker_config.resource(replace(SPEC, stock=stock))
        made = parse(resource("db-01.prod", "Stopped"), text)["db-01.prod"]
        assert made.state is State.DISABLED


def test_stock_agents_come_in_the_order_in_which_they_start() -> None:
    text = pacemaker_config.resource(replace(SPEC, stock=True))
    places = [text.index(word) for word in ("LVM-activate", "Filesystem", 'type="vm"')]
    assert places == sorted(places)
    assert 'name="storage" value="no"' in text


def test_a_name_that_xml_takes_for_no_id_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be a service"):
        pacemaker_config.resource(replace(SPEC, vm="01web"))
