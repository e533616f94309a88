"""The packages: built of what is committed, installed on a node, used there, and removed without a trace."""

import subprocess
from pathlib import Path

import pytest

from lab.driver import ROOT, Cluster

TOPOLOGY = "default"
NODE = "n3"
PLACES = (
    "/usr/bin/vmstore",
    "/usr/lib/ocf/resource.d/vmstore/vm",
    "/usr/lib/systemd/system/vmstore-report.timer",
    "/usr/share/bash-completion/completions/vmstore",
    "/usr/share/zsh/vendor-completions/_vmstore",
    "/usr/share/fish/vendor_completions.d/vmstore.fish",
    "/usr/share/man/man8/vmstore.8.gz",
    "/usr/share/man/man5/vmstore.toml.5.gz",
    "/usr/share/doc/vmstore/examples/vmstore.toml",
    "/etc/cron.d/vmstore",
    "/etc/logrotate.d/vmstore",
)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Debian package."""
    return Path(_run("./script/build-deb", str(tmp_path_factory.mktemp("deb"))).split()[-1])


def test_lintian_finds_nothing(deb: Path) -> None:
    # Root may run it in a container that has nobody else.
    assert _run("lintian", "--allow-root", "--fail-on", "error,warning", str(deb)) == ""


def test_it_is_installed_used_and_removed(cluster: Cluster, deb: Path) -> None:
    here = f"/var/tmp/{deb.name}"
    _run("scp", "-q", "-F", str(cluster.config.parent / "ssh_config"), str(deb), f"{NODE}:{here}")
    # The lab has put the agent there by hand.
    agent = "/usr/lib/ocf/resource.d/vmstore/vm"
    cluster.sh(NODE, f"mv {agent} /var/tmp/agent")
    before = cluster.sh(NODE, "find /etc /usr -name '*vmstore*' | sort; ls -A /etc/cron.d").out
    installed = cluster.sh(NODE, f"DEBIAN_FRONTEND=noninteractive dpkg -i {here} 2>&1")
    assert "Setting up vmstore" in installed.out
    owned = cluster.sh(NODE, "dpkg -L vmstore").out.splitlines()
    assert set(PLACES) <= set(owned)
    # The lab's image leaves manuals out; all else has to be there.
    wanted = [place for place in owned if not place.startswith(("/usr/share/man", "/usr/share/doc"))]
    there = cluster.sh(NODE, f"for place in {' '.join(wanted)}; do [ -e $place ] && echo $place; done")
    assert there.out.splitlines() == wanted
    version = deb.name.split("_")[1].replace("~", ".")
    assert cluster.sh(NODE, "/usr/bin/vmstore --version").out == f"vmstore {version}\n"
    listed = cluster.sh(NODE, "/usr/bin/vmstore pv list -o plain").out
    assert len(listed.splitlines()) == 4
    assert "<resource-agent" in cluster.sh(NODE, f"{agent} meta-data").out
    # A package is on every node, and reports belong on one: cron has nothing to do until the admin says so.
    active = cluster.sh(NODE, "grep -hv '^#' /etc/cron.d/vmstore* | grep vmstore || true").out
    assert active == ""
    cluster.sh(NODE, f"DEBIAN_FRONTEND=noninteractive dpkg --purge vmstore; rm {here}")
    after = cluster.sh(NODE, "find /etc /usr -name '*vmstore*' | sort; ls -A /etc/cron.d").out
    assert after == before
    cluster.sh(NODE, f"mkdir -p {Path(agent).parent}; mv /var/tmp/agent {agent}")


@pytest.mark.long
def test_the_rpm_holds_the_same_files(tmp_path: Path) -> None:
    rpm = _run("./script/build-rpm", str(tmp_path)).split()[-1]
    told = _run("rpm", "-qlp", rpm).splitlines()
    assert {place.removesuffix(".gz") for place in PLACES if "zsh" not in place} <= set(told)
    assert "/usr/bin/python3.11" in _run("rpm", "-qRp", rpm).split()
