"""cluster.conf is edited so that one service comes or goes and nothing else changes."""

import difflib
import subprocess
from pathlib import Path

import pytest

from vmstore.errors import Refused
from vmstore.run import Result
from vmstore.tools import cluster_conf, cluster_push
from vmstore.tools.cluster_push import Way
from vmstore.tools.managers import ServiceSpec

CONF = """<?xml version="1.0"?>
<!-- kept by hand: ask before changing -->
<cluster name="vmclu" config_version="7">
  <clusternodes>
    <clusternode name="n1" nodeid="1"/>   <clusternode name='n2' nodeid="2"/>
  </clusternodes>
  <rm>
    <resources>
      <ip address="10.0.0.5" name="shared"/>
    </resources>
    <service name="mail" autostart="1"><ip ref="shared"/></service>
    <!-- the ümlaut of the boss -->
    <service name="web02" recovery="relocate">
      <script name="sc02" file="/opt/svc/s02"/>
    </service>
  </rm>
</cluster>
"""


def spec(vm: str = "web01") -> ServiceSpec:
    return ServiceSpec(vm, "vmstore", "ext4", f"/vm/{vm}", f"/etc/vmstore/vm.d/{vm}", "auto", autostart=False)


def test_added_and_removed_again_only_the_version_differs() -> None:
    added = cluster_conf.add_service(CONF, spec())
    assert cluster_conf.version(added) == 8
    assert cluster_conf.services(added) == {"mail", "web02", "web01"}
    gone = [line for line in difflib.ndiff(CONF.splitlines(), added.splitlines()) if line.startswith("- ")]
    assert gone == ['- <cluster name="vmclu" config_version="7">']
    removed = cluster_conf.remove_service(added, "web01")
    assert removed == CONF.replace('config_version="7"', 'config_version="9"')


def test_the_service_is_nested_so_that_it_starts_in_order() -> None:
    added = cluster_conf.add_service(CONF, spec(), domain="fd1")
    block = added[added.index('<service name="web01"') :]
    places = [block.index(word) for word in ("<lvm ", "<fs ", "<script ", "</fs>", "</lvm>", "</service>")]
    assert places == sorted(places)
    assert 'autostart="0"' in block
    assert 'domain="fd1"' in block
    assert 'device="/dev/vmstore/web01" mountpoint="/vm/web01"' in block


def test_again_changes_nothing_and_another_of_the_name_is_refused() -> None:
    added = cluster_conf.add_service(CONF, spec())
    assert cluster_conf.add_service(added, spec()) == added
    with pytest.raises(Refused, match="another service web02"):
        cluster_conf.add_service(CONF, spec("web02"))
    assert cluster_conf.remove_service(CONF, "web01") == CONF


@pytest.mark.parametrize("rm", ["<rm/>", "<rm></rm>", '<rm log_level="7"/>', "<rm>\n  </rm>"])
def test_an_empty_section(rm: str) -> None:
    text = f'<cluster name="c" config_version="1">\n  {rm}\n</cluster>\n'
    added = cluster_conf.add_service(text, spec())
    assert cluster_conf.services(added) == {"web01"}
    assert cluster_conf.version(added) == 2


def test_only_the_one_service_is_changed() -> None:
    added = cluster_conf.add_service(CONF, spec())
    assert cluster_conf.changed_services(CONF, added) == {"web01"}
    assert cluster_conf.changed_services(CONF, CONF.replace("10.0.0.5", "10.0.0.6")) == {"mail"}
    assert cluster_conf.changed_services(CONF, CONF.replace("/opt/svc/s02", "/x")) == {"web02"}


@pytest.mark.parametrize(
    ("attribute", "starts"),
    [
        ('autostart="0"', False),
        ("autostart='0'", False),
        ('autostart = "no"', False),
        ('autostart="1"', True),
        ("", True),
        ('comment=\'x autostart="0" >\' autostart="0"', False),
        ("comment='x autostart=\"0\" >'", True),
    ],
)
def test_autostart_is_changed_in_its_own_place_only(attribute: str, starts: bool) -> None:
    text = CONF.replace('name="web02"', f'{attribute} name="web02"').replace("<script", '<script autostart="0"')
    assert cluster_conf.autostart(text, "web02") is starts
    changed = cluster_conf.set_autostart(text, "web02")
    if starts:
        assert changed == text
        return
    assert cluster_conf.autostart(changed, "web02") is True
    assert cluster_conf.version(changed) == 8
    assert cluster_conf.changed_services(text, changed) == {"web02"}
    gone = [line for line in difflib.ndiff(text.splitlines(), changed.splitlines()) if line.startswith("- ")]
    assert [line.split()[1] for line in gone] == ["<cluster", "<service"]
    assert '<script autostart="0"' in changed


def test_autostart_of_no_service() -> None:
    assert cluster_conf.autostart(CONF, "web01") is None
    assert cluster_conf.set_autostart(CONF, "web01") == CONF


def test_a_service_that_was_started_since_it_was_made_is_the_same_service() -> None:
    started = cluster_conf.set_autostart(cluster_conf.add_service(CONF, spec()), "web01")
    assert 'autostart="1"' in started
    assert cluster_conf.add_service(started, spec()) == started


def test_the_same_document_written_anew() -> None:
    assert cluster_conf.same(CONF, CONF.replace("name='n2'", 'name="n2"').replace('"/>', '" />'))
    assert not cluster_conf.same(CONF, CONF.replace("ümlaut", "umlaut"))
    assert not cluster_conf.same(CONF, "<cluster")


RHEL5, RHEL6 = frozenset({"ccs_tool", "xmllint"}), frozenset({"ccs_tool", "ccs_config_validate"})


@pytest.mark.parametrize(
    ("wanted", "programs", "way"),
    [
        ("auto", RHEL6, Way.COPY),
        ("copy", RHEL6, Way.COPY),
        ("auto", RHEL6 | {"ccs_sync"}, Way.COPY),
        ("ricci", RHEL6 | {"ccs_sync"}, Way.RICCI),
        ("auto", RHEL5, Way.CCS_TOOL),
        ("ccs_tool", RHEL5, Way.CCS_TOOL),
    ],
)
def test_the_generation_tells_how_a_file_is_distributed(wanted: str, programs: frozenset[str], way: Way) -> None:
    assert cluster_push.choose(wanted, "n1", programs) is way


@pytest.mark.parametrize(
    ("wanted", "programs", "word"),
    [
        ("ricci", RHEL6, "no ccs_sync"),
        ("ccs_tool", RHEL6, "does not update"),
        ("copy", RHEL5, "cluster 1 or 2"),
        ("ricci", RHEL5 | {"ccs_sync"}, "cluster 1 or 2"),
        ("auto", frozenset(), "neither"),
    ],
)
def test_a_way_that_the_generation_lacks_is_refused(wanted: str, programs: frozenset[str], word: str) -> None:
    with pytest.raises(Refused) as refusal:
        cluster_push.choose(wanted, "n1", programs)
    assert word in refusal.value.why


@pytest.mark.spawns("sh")
def test_the_programs_of_a_node_as_a_shell_tells_them(tmp_path: Path) -> None:
    for name in ("ccs_tool", "xmllint"):
        (tmp_path / name).symlink_to("/bin/true")
    shell = cluster_push.ask_programs()
    done = subprocess.run(
        shell, capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)}, executable="/bin/sh"
    )
    assert done.returncode == 0
    assert cluster_push.programs(Result(tuple(shell), 0, done.stdout, "", 0.1)) == {"ccs_tool", "xmllint"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<cluster", "no XML"),
        ('<cluster name="c" config_version="1"/>', "no section <rm>"),
        ('<cluster name="c"><rm/></cluster>', "no config_version"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><cluster config_version="1"><rm/></cluster>', "document type"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, word: str) -> None:
    with pytest.raises(Refused) as refusal:
        cluster_conf.add_service(text, spec())
    assert word in refusal.value.why


def test_versions_that_nodes_run() -> None:
    assert cluster_push.version(Result(("cman_tool",), 0, "6.2.0 config 14\n", "", 0.1)) == 14
    assert cluster_push.version(Result(("cman_tool",), 1, "", "cman_tool: Cannot open connection\n", 0.1)) == 0
