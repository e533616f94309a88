"""The page about doctor says what the program says."""

import re
from pathlib import Path

from vmstore.errors import ExitCode
from vmstore.policies.checkup_codes import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_its_table_has_all_codes_as_vmstore_explain_has_them() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `VMS-")]
    assert rows == [f"| `{code.code}` | {code.title} | {code.meaning} |" for code in CODES.values()]


def test_its_exit_codes_are_the_programs_own() -> None:
    codes = [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)]
    assert codes == [ExitCode.DONE, ExitCode.THRESHOLD, ExitCode.CLUSTER]


def test_every_code_that_it_speaks_of_exists() -> None:
    spoken = {f"VMS-{code}" for code in re.findall(r"\bD\d\d\b", PAGE)}
    assert len(spoken) == len(CODES)
    assert spoken == set(CODES)


def test_the_number_of_checks_in_its_example_is_right() -> None:
    assert f": {len(CODES)} checks on 3 nodes, 1 not checked" in PAGE
