"""Storage that fills up: cron grows a volume before it is full, and the report that cron wrote tells of it."""

import re
import shlex
import time
from collections.abc import Iterator

import pytest

from lab.driver import ROOT, Cluster

TOPOLOGY = "default"
MIB = 2**20
NODE = "n1"
PAGE, FILE = "/var/lib/vmstore/report.html", "/var/lib/vmstore/report.prom"
CONFIG = "/etc/vmstore/vmstore.toml"
GROWTH = '\n[growth.vms.fills01]\ngrow = true\nover = "60%"\nstep = "32M"\ndaily = "64M"\nmost = "160M"\n'
# What stands for a mail server: it keeps each mail as it is handed over.
SENDMAIL = "#!/bin/sh\ncat >>/var/tmp/mail\n"


@pytest.fixture
def mailed(cluster: Cluster) -> Iterator[Cluster]:
    """Have cron run there, with the shipped files but every minute, and its mail kept; leave nothing of it."""
    tables = {
        name: (ROOT / "contrib/cron" / name).read_text(encoding="utf-8") for name in ("vmstore", "vmstore-growth")
    }
    tables["vmstore"] = tables["vmstore"].replace("17 * * * * root vmstore report --cron\n", "", 1)
    tables["vmstore"] += f"* * * * * root vmstore report --cron --to {FILE} --to {PAGE}\n"
    tables["vmstore-growth"] = tables["vmstore-growth"].replace("*/5 * * * *", "* * * * *")
    cluster.sh(NODE, f"cp {CONFIG} {CONFIG}.before; printf %s {shlex.quote(GROWTH)} >>{CONFIG}")
    cluster.sh(NODE, f"printf %s {shlex.quote(SENDMAIL)} >/usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail")
    for name, text in tables.items():
        cluster.sh(NODE, f"printf %s {shlex.quote(text)} >/etc/cron.d/{name}")
    yield cluster
    cluster.sh(NODE, "pkill -x cron || true; rm -f /etc/cron.d/vmstore* /usr/sbin/sendmail /var/tmp/mail")
    cluster.sh(NODE, f"mv {CONFIG}.before {CONFIG}; rm -rf /var/lib/vmstore/history.db* {PAGE} {FILE}")


@pytest.mark.long
def test_a_volume_that_fills_up_is_grown_by_cron_and_the_report_tells_of_it(mailed: Cluster) -> None:
    cluster = mailed
    cluster.create("fills01", "64M", "--class", "iscsi")
    cluster.mount("n2", "fills01")
    checked = cluster.vmstore(NODE, "policy", "check", "-o", "json").json
    assert [row["state"] for row in checked["items"] if row["vm"] == "fills01"] == ["fine"], checked
    cluster.vmstore(NODE, "policy", "apply", "--begin")
    cluster.fill("n2", "fills01", 40)
    before = cluster.volume("fills01")
    assert before["used_percent"] > 60
    cluster.sh(NODE, "cron")
    cluster.wait(lambda: cluster.volume("fills01")["size"] > 64 * MIB, 240, "the volume to be grown")
    # The file system follows the volume a moment later.
    cluster.wait(
        lambda: cluster.volume("fills01")["used_percent"] < before["used_percent"], 60, "its file system to be"
    )
    assert cluster.volume("fills01")["size"] == 96 * MIB
    told = f"grep -q 'fills01.*96 MiB' {PAGE}"
    cluster.wait(lambda: cluster.sh(NODE, told, check=False).rc == 0, 240, "the page to tell of it")
    metrics = cluster.sh(NODE, f"cat {FILE}").out
    size = re.search(r'^vmstore_vm_size_bytes\{[^}]*vm="fills01"[^}]*\} (\S+)$', metrics, re.MULTILINE)
    assert size, metrics
    assert float(size[1]) == 96 * MIB
    mail = cluster.sh(NODE, "cat /var/tmp/mail").out
    assert "fills01" in mail
    assert "96 MiB" in mail
    # Nothing more is done while it is below its limit, and cron has nothing to say then.
    time.sleep(70)
    assert cluster.sh(NODE, "cat /var/tmp/mail").out == mail
    assert cluster.volume("fills01")["size"] == 96 * MIB
    cluster.unmount("n2", "fills01")
    cluster.fsck("n3", "fills01")
