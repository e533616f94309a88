"""What `vmstore report` writes, given to those it is written for: promtool, a browser, the plugins' own library."""

import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.browser import Browser
from tests.support.reports import DAY, Reports
from tests.support.san import G
from vmstore.errors import ExitCode

M = 2**20


@pytest.fixture
def growing(reports: Reports) -> Reports:
    """Have a VM grow by 100 MiB a day, to nine tenths of its file system."""
    reports.past("vm", "db01", lambda ago: 7 * G + 200 * M - ago * 100 * M)
    reports.past("vg", "vmstore", lambda ago: 20 * G - ago * 100 * M)
    reports.vm("db01", 8 * G, 7 * G + 200 * M, on="fc1", node="n2")
    reports.san.label("fc2").allocatable = False
    return reports


@pytest.mark.spawns("promtool")
def test_promtool_takes_the_metrics(growing: Reports, tmp_path: Path) -> None:
    file = tmp_path / "vmstore.prom"
    outcome = growing.run("--to", str(file))
    assert (outcome.code, outcome.out) == (ExitCode.THRESHOLD, "")
    text = file.read_text(encoding="utf-8")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    told = {(sample.name, sample.labels.get("vm")): sample.value for sample in found}
    assert told["vmstore_vm_filesystem_used_bytes", "db01"] == 7 * G + 200 * M
    assert told["vmstore_vm_growth_bytes_per_second", "db01"] * DAY == pytest.approx(100 * M, rel=0.01)
    alerts = [sample.labels for sample in found if sample.name == "vmstore_alert_severity"]
    assert ("VMS-V01", "db01") in [(labels["code"], labels["subject"]) for labels in alerts]
    assert sum(sample.value for sample in found if sample.name == "vmstore_pv_cordoned") == 1


@pytest.mark.spawns("bash")
def test_a_browser_shows_the_alert_the_growth_and_where_the_volume_lies(growing: Reports, tmp_path: Path) -> None:
    file = tmp_path / "storage.html"
    assert growing.run("--to", str(file)).code == ExitCode.THRESHOLD
    with Browser(tmp_path / "profile") as chromium:
        chromium.show(file, 360)
        assert chromium.said == []
        assert {address for address in chromium.asked if not address.startswith("about:")} == {file.as_uri()}
        assert chromium.ask("document.documentElement.scrollWidth") <= 360
        captions = chromium.ask("[...document.querySelectorAll('figcaption')].map(e => e.textContent)")
        assert [caption.split(".")[0] for caption in captions] == ["VG vmstore", "VM db01"]
        text = chromium.ask("document.body.innerText")
        assert "VM db01: VM file system nearly full, 7.2 GiB used" in text
        assert "vmstore grow db01 +SIZE" in text
        assert "+100 MiB" in text
        # Beside what is drawn of a PV, hovering tells what it is.
        drawn = chromium.ask("[...document.querySelectorAll('svg rect title')].map(e => e.textContent)")
        assert sorted(drawn) == ["db01", "web01"]


@pytest.mark.spawns("perl")
def test_the_plugins_library_reads_the_perfdata(growing: Reports) -> None:
    outcome = growing.run("-o", "nagios", "--all")
    assert outcome.code == 1
    status, data = outcome.out.splitlines()[0].split(" | ")
    assert status.startswith("VMSTORE WARNING: ")
    program = (
        "use Monitoring::Plugin::Performance;"
        'print join(" ", $_->label, $_->value, $_->uom, $_->warning, $_->max), "\\n"'
        " for Monitoring::Plugin::Performance->parse_perfstring($ARGV[0]);"
    )
    done = subprocess.run(["perl", "-e", program, data], capture_output=True, text=True, check=True)
    assert f"vm db01 {7 * G + 200 * M} B {-(-8 * G * 85 // 100)} {8 * G}" in done.stdout.splitlines()
