"""Tell which image a checkout needs: the key is a hash of everything that goes into it."""

import hashlib
import tomllib
from pathlib import Path

from lab.errors import LabError
from lab.places import LAB, REPOSITORY

SUITE = "bookworm"
# The Python of that suite, for which the dependencies are fetched whatever the host runs.
PYTHON_VERSION = "3.11"
RECIPE = LAB / "image"


def words(path: Path) -> list[str]:
    """Read a list file of one word per line."""
    return path.read_text().split()


def dependencies() -> list[str]:
    """Read what vmstore needs at run time from pyproject.toml."""
    path = REPOSITORY / "pyproject.toml"
    try:
        found = tomllib.loads(path.read_text())["project"]["dependencies"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise LabError(
            "the dependencies of vmstore are not known",
            why=f"{path}: {error!r}",
            hint="run the lab from a whole checkout",
        ) from error
    return [str(item) for item in found]


def key() -> str:
    """Hash the recipe: the files of lab/image/ with their names, the dependencies, the suite."""
    digest = hashlib.sha256()
    for part in (SUITE, PYTHON_VERSION, *dependencies()):
        digest.update(part.encode() + b"\0")
    for path in sorted(RECIPE.iterdir()):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
