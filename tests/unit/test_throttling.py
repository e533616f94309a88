"""The shell that keeps a node's share, run for real on a file in place of the kernel's knob."""

import signal
import time
from pathlib import Path

import pytest

from vmstore.jobs import throttle
from vmstore.policies.load import Look, Served
from vmstore.run import HeldProcess, LocalRunner

pytestmark = pytest.mark.spawns("bash")


@pytest.fixture
def knob(tmp_path: Path) -> Path:
    """Make a knob at the kernel's default."""
    file = tmp_path / "knob"
    file.write_text("100\n")
    return file


def keep(knob: Path, *devices: str) -> tuple[HeldProcess, str]:
    """Start the shell; give it and its first line."""
    was = str(knob.parent / "run" / "throttle")
    held = LocalRunner().hold(["bash", "-c", throttle._KEEP, "throttle", was, str(knob), "30", *devices])
    return held, held.first_line()


def test_it_sets_the_share_and_puts_back_what_was_there(knob: Path) -> None:
    knob.write_text("80\n")
    held, said = keep(knob)
    assert said == "ready"
    look = throttle.parse(held.exchange("7"))
    assert look.served == {}
    assert knob.read_text() == "7\n"
    held.release()
    assert knob.read_text() == "80\n"
    assert sorted(path.name for path in (knob.parent / "run").iterdir()) == ["throttle.lock"]


def test_there_is_one_on_a_node(knob: Path) -> None:
    held, _ = keep(knob)
    held.exchange("7")
    second, said = keep(knob)
    assert said == "taken"
    second.release()
    assert knob.read_text() == "7\n"
    held.release()
    assert knob.read_text() == "100\n"


def test_the_next_one_puts_back_what_a_killed_one_could_not(knob: Path) -> None:
    held, _ = keep(knob)
    held.exchange("7")
    held._process.send_signal(signal.SIGKILL)
    held._process.wait()
    assert knob.read_text() == "7\n"
    held.release()
    held, said = keep(knob)
    assert said == "ready"
    held.exchange("3")
    held.release()
    assert knob.read_text() == "100\n"


def test_it_ends_in_good_order_when_it_is_told_to(knob: Path) -> None:
    held, _ = keep(knob)
    held.exchange("7")
    held._process.terminate()
    deadline = time.monotonic() + 5
    while knob.read_text() != "100\n" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert knob.read_text() == "100\n"
    held.release()


def test_a_kernel_without_the_knob_is_said(tmp_path: Path) -> None:
    held, said = keep(tmp_path / "none" / "knob")
    assert said == "none"
    held.release()


def test_it_tells_of_pressure_and_of_devices(knob: Path) -> None:
    block = next(path.name for path in Path("/sys/class/block").iterdir() if (path / "stat").exists())
    held, _ = keep(knob, f"/dev/{block}", "/dev/no-such-device")
    look = throttle.parse(held.exchange("100"))
    held.release()
    fields = [int(word) for word in (Path("/sys/class/block") / block / "stat").read_text().split()]
    ((device, (reads, writes, spent)),) = look.served.items()
    assert device == f"/dev/{block}"
    assert 0 <= reads <= fields[0]
    assert 0 <= writes <= fields[4]
    assert 0 <= spent <= fields[3] + fields[7]
    assert (look.pressure is not None) == Path("/proc/pressure/io").exists()


@pytest.mark.parametrize(
    ("said", "look"),
    [
        ("12.50 /dev/a 3 1 40 /dev/b 1 0 2", Look(12.5, {"/dev/a": Served(3, 1, 40), "/dev/b": Served(1, 0, 2)})),
        ("-", Look(None, {})),
        ("x /dev/a 1 2", Look(None, {})),
        ("0.00 /dev/a ? 2 3", Look(0.0, {})),
    ],
)
def test_answers_are_read(said: str, look: Look) -> None:
    assert throttle.parse(said) == look
