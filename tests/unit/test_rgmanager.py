"""clustat's answers, as a real run of rgmanager 3.1.8 gave them, read for what they mean."""

import pytest

from vmstore.errors import ClusterUnusable, Locked, NotFound, Refused, ToolFailed
from vmstore.run import Result
from vmstore.services import Cluster, State
from vmstore.tools.rgmanager import Rgmanager
from vmstore.tools.sections import Section

CLUSTAT = """<?xml version="1.0"?>
<clustat version="4.1.1">
  <cluster name="vmclu" id="3489" generation="8"/>
  <quorum quorate="1" groupmember="1"/>
  <nodes>
    <node name="n1" state="1" local="1" estranged="0" rgmanager="1" rgmanager_master="0" qdisk="0" nodeid="0x00000001"/>
    <node name="n2" state="0" local="0" estranged="0" rgmanager="0" rgmanager_master="0" qdisk="0" nodeid="0x00000002"/>
  </nodes>
  <groups>
    <group name="service:web01" state="112" state_str="started" flags="0" flags_str="" owner="n1" last_owner="n2" \
restarts="0" last_transition="1795468668" last_transition_str="Mon Nov 23 21:17:48 2026"/>
    <group name="service:web02" state="112" state_str="started" flags="1" flags_str="frozen" owner="n1" \
last_owner="n1" restarts="0" last_transition="1795468675" last_transition_str="Mon Nov 23 21:17:55 2026"/>
  </groups>
</clustat>
"""
UNLOCKED = Section(0, "Resource groups unlocked\n")


def parse(text: str, rc: int = 0, lock: Section = UNLOCKED) -> Cluster:
    return Rgmanager().parse("n1", {"clustat": Section(rc, text), "lock": lock})


def test_members_and_services() -> None:
    told = parse(CLUSTAT)
    assert told.quorate
    assert not told.locked
    assert [(m.name, m.online, m.manages) for m in told.members] == [("n1", True, True), ("n2", False, False)]
    web01, web02 = told.services["web01"], told.services["web02"]
    assert (web01.state, web01.owner, web01.last_owner, web01.frozen) == (State.STARTED, "n1", "n2", False)
    assert web02.frozen


@pytest.mark.parametrize(
    ("number", "word", "owner", "state"),
    [
        (110, "stopped", "none", State.STOPPED),
        (111, "starting", "n2", State.STARTING),
        (113, "stopping", "n1", State.STOPPING),
        (114, "failed", "none", State.FAILED),
        (117, "recoverable", "n1", State.RECOVERING),
        (118, "recovering", "n1", State.RECOVERING),
        (119, "disabled", "none", State.DISABLED),
    ],
)
def test_states(number: int, word: str, owner: str, state: State) -> None:
    line = f'state="{number}" state_str="{word}" flags="0" flags_str="" owner="{owner}"'
    text = CLUSTAT.replace('state="112" state_str="started" flags="0" flags_str="" owner="n1"', line)
    service = parse(text).services["web01"]
    assert (service.state, service.owner) == (state, "" if owner == "none" else owner)


def test_a_frozen_service_whose_manager_went_away_keeps_its_last_owner() -> None:
    text = CLUSTAT.replace(
        'state="112" state_str="started" flags="1" flags_str="frozen" owner="n1"',
        'state="110" state_str="stopped" flags="1" flags_str="frozen" owner="none"',
    )
    service = parse(text).services["web02"]
    assert (service.state, service.owner, service.last_owner, service.frozen) == (State.STOPPED, "", "n1", True)


def test_the_first_generation_has_neither_flags_nor_prefix() -> None:
    text = CLUSTAT.replace("service:web01", "web01").replace('flags="0" flags_str="" ', "")
    assert parse(text).services["web01"].state is State.STARTED


def test_virtual_machines_of_rgmanager_itself_are_not_ours() -> None:
    assert "web01" not in parse(CLUSTAT.replace("service:web01", "vm:web01")).services


def test_no_list_of_services_is_not_an_empty_list() -> None:
    groups = CLUSTAT[CLUSTAT.index("  <groups>") : CLUSTAT.index("</clustat>")]
    assert parse(CLUSTAT.replace(groups, "")).trouble
    assert not parse(CLUSTAT.replace(groups, "  <groups>\n  </groups>\n")).trouble


@pytest.mark.parametrize(
    ("text", "rc", "word"),
    [
        ("Service states unavailable: Temporary failure; try again\n" + CLUSTAT, 255, "Temporary failure"),
        ("Timed out waiting for a response from Resource Group Manager\n" + CLUSTAT, 0, "Timed out"),
        (CLUSTAT.replace('local="1" estranged="0" rgmanager="1"', 'local="1" estranged="0" rgmanager="0"'), 0, "run"),
        ("", 124, "in time"),
        ("Could not connect to CMAN: Connection refused\n", 1, "Could not connect to CMAN"),
    ],
)
def test_what_hides_the_services_is_told(text: str, rc: int, word: str) -> None:
    told = parse(text, rc)
    assert word in told.trouble
    assert not told.services


def test_locked() -> None:
    assert parse(CLUSTAT, lock=Section(0, "Resource groups locked\n")).locked


@pytest.mark.parametrize(
    ("rc", "kind", "word"),
    [
        (252, NotFound, "no such service"),
        (247, ClusterUnusable, "quorum"),
        (243, ClusterUnusable, "fencing"),
        (250, Locked, "busy"),
        (245, Refused, "vmstore thaw web01"),
        (254, Refused, "vmstore stop web01"),
        (237, Refused, "still be in use"),
        (239, ToolFailed, "it runs where it ran"),
        (1, ToolFailed, "Could not connect"),
    ],
)
def test_exit_codes_decide(rc: int, kind: type[Exception], word: str) -> None:
    out = "Local machine freezing service:web01...Could not connect to resource group manager\n"
    error = Rgmanager().failure("freeze web01: failed", "n1", Result(("clusvcadm", "-Z", "web01"), rc, out, "", 0.3))
    assert type(error) is kind
    assert word in f"{error.why} {error.hint}"
