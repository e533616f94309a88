"""What `./lab/lab up` refuses before it starts anything."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.layouts import NOW
from tests.support.worlds import World
from vmstore.report import inventory_document

LAB = Path(__file__).parent.parent.parent / "lab" / "lab"


def large() -> str:
    """Write a layout of more PVs than the lab can carry."""
    world = World(nodes="n1")
    for number in range(23):
        world.pv(f"pv{number}")
    return inventory_document.form(world.inventory(), NOW)


@pytest.mark.spawns("lab")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shrink", "2"], "no --like"),
        (["default", "--like", "sound.json"], "both default and --like"),
        (["--like", "sound.json", "--shrink", "0"], "--shrink 0"),
        (["--like", "nowhere.json"], "No such file"),
        (["--like", "broken.json"], "vg: is missing"),
        (["--like", "large.json"], "pvs: there are 23"),
    ],
)
def test_a_twin_that_cannot_be_is_refused_in_three_lines(tmp_path: Path, words: list[str], said: str) -> None:
    sound = World().pv("a").inventory()
    text = inventory_document.form(sound, NOW)
    (tmp_path / "sound.json").write_text(text, encoding="utf-8")
    (tmp_path / "large.json").write_text(large(), encoding="utf-8")
    broken = json.loads(text)
    del broken["vg"]
    (tmp_path / "broken.json").write_text(json.dumps(broken), encoding="utf-8")
    state = tmp_path / "state"
    state.mkdir()
    # So that what is not refused, which would be a mistake here, starts nothing either.
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [LAB, "up", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
            env={**os.environ, "VMSTORE_LAB_STATE": str(state)},
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[0].strip() for line in done.stderr.splitlines()] == ["lab", "why", "try"]
    assert said in done.stderr
