"""vmstore explain: each code an alert may have."""

import pytest

from tests.support.bench import Bench
from vmstore.errors import ExitCode
from vmstore.policies import checkup_codes
from vmstore.policies.codes import CODES


def test_without_a_code_all_are_listed(bench: Bench) -> None:
    lines = bench.vmstore("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == ["CODE", *CODES, *checkup_codes.CODES]
    assert bench.runner.asked == []


@pytest.mark.parametrize("word", ["VMS-V01", "vms-v01", "V01", "v01"])
def test_a_code_is_explained_with_the_commands_that_help(bench: Bench, word: str) -> None:
    told = bench.vmstore("explain", word).out
    assert told.startswith("VMS-V01: VM file system nearly full\n")
    assert "    vmstore grow VM +SIZE\n" in told
    assert max(map(len, told.splitlines())) <= 80


def test_programs_get_all_of_it(bench: Bench) -> None:
    told = bench.vmstore("explain", "-o", "json", "C01", "P01").json
    assert (told["schema"], told["kind"]) == (1, "codes")
    assert [item["code"] for item in told["items"]] == ["VMS-C01", "VMS-P01"]
    assert told["items"][1]["help"] == list(CODES["VMS-P01"].help)
    assert bench.vmstore("explain", "-o", "plain", "C01").out.startswith("VMS-C01\tclass nearly full\tSo much")


def test_what_doctor_finds_is_explained_and_has_no_number(bench: Bench) -> None:
    told = bench.vmstore("explain", "d12").out
    assert told.startswith("VMS-D12: lvmpolld off\nIn a shared VG LVM moves nothing without it,")
    assert "    systemctl start lvm2-lvmpolld.socket\n" in told
    units = [item["unit"] for item in bench.vmstore("explain", "-o", "json", "C01", "D12").json["items"]]
    assert units == ["bytes", None]


def test_what_is_no_code_is_not_found(bench: Bench) -> None:
    outcome = bench.vmstore("explain", "VMS-X99")
    assert (outcome.code, outcome.out) == (ExitCode.NOT_FOUND, "")
    assert "there is no code VMS-X99" in outcome.err
