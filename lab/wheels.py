"""Fetch the Python packages of vmstore for the machines' Python, with whichever pip is at hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lab import process
from lab.errors import LabError
from lab.places import REPOSITORY
from lab.recipe import PYTHON_VERSION

# What the C library of the image (glibc 2.36) runs.
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64")


def fetch(dependencies: list[str], target: Path) -> None:
    """Install the dependencies into a folder as wheels; the user's pip configuration decides from where."""
    platforms = [f"--platform={platform}" for platform in _PLATFORMS]
    process.run(
        [_python_with_pip(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
         "--root-user-action=ignore", f"--target={target}", f"--python-version={PYTHON_VERSION}",
         "--implementation=cp", "--only-binary=:all:", *platforms, *dependencies],
        what="the Python packages of vmstore could not be fetched",
        hint="see that the package index answers: pip config list",
    )  # fmt: skip


def _candidates() -> Iterator[Path]:
    if environment := os.environ.get("VIRTUAL_ENV"):
        yield Path(environment) / "bin" / "python"
    yield Path(sys.executable)
    yield REPOSITORY / ".venv" / "bin" / "python"


def _python_with_pip() -> str:
    tried = []
    for python in _candidates():
        if not python.exists():
            continue
        tried.append(str(python))
        asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return str(python)
    raise LabError(
        "no pip to fetch the Python packages of vmstore with",
        why=f"none of {', '.join(tried)} has it",
        hint="apt-get install python3-pip, or make a virtual environment in .venv",
    )
