"""The packages: built of what is committed, installed on a node, used there, and removed without a trace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.driver import Cluster, finish
from vmstore.tools.agent import AGENT

TOPOLOGY = "default"
NODE = "n3"
RPM = "rpm --force-debian"
PLACES = (
    "/usr/bin/vmstore",
    "/usr/lib/ocf/resource.d/vmstore/vm",
    "/usr/lib/systemd/system/vmstore-report.timer",
    "/usr/lib/systemd/system/resource-agents-deps.target.d/vmstore.conf",
    "/usr/share/bash-completion/completions/vmstore",
    "/usr/share/zsh/vendor-completions/_vmstore",
    "/usr/share/fish/vendor_completions.d/vmstore.fish",
    "/usr/share/man/man8/vmstore.8.gz",
    "/usr/share/man/man5/vmstore.toml.5.gz",
    "/usr/share/doc/vmstore/evacuation.md",
    "/usr/share/doc/vmstore/examples/vmstore.toml",
    "/etc/cron.d/vmstore",
    "/etc/logrotate.d/vmstore",
)


def test_lintian_finds_nothing(deb: Path) -> None:
    # Root may run it in a container that has nobody else.
    assert finish(["lintian", "--allow-root", "--fail-on", "error,warning", str(deb)]).out == ""


@pytest.fixture
def without_agent(cluster: Cluster) -> Iterator[Cluster]:
    """Take away the agent that the lab has put there by hand, and bring it back whatever comes."""
    cluster.sh(NODE, f"mv {AGENT} /var/tmp/agent")
    yield cluster
    cluster.sh(NODE, f"dpkg --purge vmstore; {RPM} -e vmstore", check=False)
    cluster.sh(NODE, f"mkdir -p {Path(AGENT).parent}; mv /var/tmp/agent {AGENT}")


def _used(cluster: Cluster, version: str) -> None:
    assert cluster.sh(NODE, "/usr/bin/vmstore --version").out == f"vmstore {version}\n"
    assert len(cluster.sh(NODE, "/usr/bin/vmstore pv list -o plain").out.splitlines()) == 4
    assert "<resource-agent" in cluster.sh(NODE, f"{AGENT} meta-data").out
    # A package is on every node, and reports belong on one: cron has nothing to do until the admin says so.
    assert cluster.sh(NODE, "grep -hv '^#' /etc/cron.d/vmstore* | grep vmstore || true").out == ""


def _nothing_left(cluster: Cluster) -> None:
    left = cluster.sh(NODE, 'while read -r place; do [ ! -f "$place" ] || echo "$place"; done </var/tmp/owned').out
    assert left == ""
    assert cluster.sh(NODE, "ls -d /usr/lib/vmstore", check=False).rc != 0


def test_it_is_installed_used_and_removed(without_agent: Cluster, deb: Path) -> None:
    cluster = without_agent
    cluster.copy(deb, NODE, "/var/tmp/vmstore.deb")
    installed = cluster.sh(NODE, "DEBIAN_FRONTEND=noninteractive dpkg -i /var/tmp/vmstore.deb 2>&1")
    assert "Setting up vmstore" in installed.out
    owned = cluster.sh(NODE, "dpkg -L vmstore").out.splitlines()
    assert set(PLACES) <= set(owned)
    # The lab's image leaves manuals out; all else has to be there.
    cluster.sh(NODE, "dpkg -L vmstore | grep -v -e /usr/share/man -e /usr/share/doc >/var/tmp/owned")
    missing = cluster.sh(NODE, 'while read -r place; do [ -e "$place" ] || echo "$place"; done </var/tmp/owned').out
    assert missing == ""
    _used(cluster, deb.name.split("_")[1].replace("~", "."))
    cluster.sh(NODE, "DEBIAN_FRONTEND=noninteractive dpkg --purge vmstore")
    _nothing_left(cluster)


@pytest.mark.long
def test_the_rpm_is_installed_used_and_removed_as_well(without_agent: Cluster, tmp_path: Path) -> None:
    cluster = without_agent
    rpm = Path(finish(["./script/build-rpm", str(tmp_path)]).out.split()[-1])
    assert "/usr/bin/python3.11" in finish(["rpm", "-qRp", str(rpm)]).out.split()
    cluster.copy(rpm, NODE, "/var/tmp/vmstore.rpm")
    # The node has what it needs, but from packages of Debian, whose python3.11 is the same.
    cluster.sh(NODE, f"{RPM} -i --nodeps /var/tmp/vmstore.rpm && {RPM} -ql vmstore >/var/tmp/owned")
    owned = cluster.sh(NODE, "cat /var/tmp/owned").out.splitlines()
    assert {place.replace("vendor-completions", "site-functions") for place in PLACES} <= set(owned)
    assert cluster.sh(NODE, f"{RPM} -V --nodeps vmstore").out == ""
    _used(cluster, rpm.name.split("-")[1].replace("~", "."))
    cluster.sh(NODE, f"{RPM} -e vmstore")
    _nothing_left(cluster)
