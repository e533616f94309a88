"""Build the image of the machines once per recipe and keep it in the cache."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import process, recipe, wheels
from lab.errors import LabError
from lab.places import cache_folder

KEPT = 2
# Nobody reads documentation in the machines.
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


def ensure(say: Callable[[str], None]) -> Path:
    """Return the folder of the image for this checkout, built if needed: kernel, initrd, root.img and the keys."""
    cache = cache_folder()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = cache / recipe.key()
    with _locked(cache):
        if not folder.is_dir():
            say("no image for this recipe yet: building it, about two minutes")
            _build(folder, say)
            if recipe.key() != folder.name:
                shutil.rmtree(folder)
                raise LabError(
                    "the image was built from a mixture",
                    why="lab/image/ or pyproject.toml changed while it was being built",
                    hint="run the command again",
                )
        os.utime(folder)
        _remove_old(cache)
    return folder


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path, say: Callable[[str], None]) -> None:
    work = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    out = work / "out"
    out.mkdir()
    try:
        for name in ("id_ed25519", "host_ed25519"):
            process.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"vmstore-lab {name}", "-f", str(out / name)],
                what="no ssh key could be made", hint="see that openssh-client is installed",
            )  # fmt: skip
        wheels.fetch(recipe.dependencies(), work / "deps")
        say("Python packages fetched")
        _bootstrap(work / "root.tar")
        say("Debian packages unpacked")
        _assemble(work / "root.tar", work / "deps", out)
        process.run(
            [sys.executable, str(recipe.RECIPE / "unpack_kernel.py"), str(out / "vmlinuz"), str(out / "kernel")],
            what="the kernel could not be unpacked",
            hint="run lab/image/unpack_kernel.py by hand",
        )
        say("root disk and kernel in place")
        out.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bootstrap(tar: Path) -> None:
    packages = ",".join(recipe.words(recipe.RECIPE / "packages"))
    mode = "root" if os.geteuid() == 0 else "unshare"
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    # mmdebstrap gives the hook to a shell with the path of the tree as $1.
    hook = f"sh '{recipe.RECIPE / 'customize'}' \"$1\""
    process.run(
        ["mmdebstrap", "--quiet", f"--mode={mode}", "--variant=minbase", "--format=tar", f"--include={packages}",
         *options, f"--customize-hook={hook}", recipe.SUITE, str(tar)],
        what="the Debian packages of the image could not be installed",
        hint="see that the Debian mirror answers, that a user has a range in /etc/subuid, and that the checkout is "
        "readable by others",
    )  # fmt: skip


def _assemble(tar: Path, deps: Path, out: Path) -> None:
    # As a user, the owners of the files exist only inside a user namespace with the user's range of ids.
    wrap = [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--map-auto", "--"]
    process.run(
        [*wrap, "sh", str(recipe.RECIPE / "assemble"), str(tar), str(deps), str(out)],
        what="the root disk could not be made",
        hint=f"see that 5 GiB are free in {out.parent}",
    )
    if missing := [name for name in ("vmlinuz", "initrd", "root.img") if not (out / name).is_file()]:
        raise LabError(
            "the root disk could not be made",
            why=f"{', '.join(missing)} was not written",
            hint=f"run {recipe.RECIPE / 'assemble'} by hand",
        )


def _remove_old(cache: Path) -> None:
    images = [path for path in cache.iterdir() if (path / "root.img").is_file()]
    images.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in images[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
