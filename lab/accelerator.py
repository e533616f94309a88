"""Decide between KVM and emulation by booting a guest: a /dev/kvm that opens may still hang every guest."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from lab.places import cache_folder
from lab.process import boot_id

PROBE_SECONDS = 10
EMULATOR = "qemu-system-x86_64"
# Not "max": told that "rep movsb" is fast (ERMS), Linux copies and clears memory with it, which is emulated byte by
# byte, and glibc takes AVX2, emulated in helpers. Clearing 200 MiB takes 1.4 s so, with "max" 5.3 s. RDRAND spares the
# wait for entropy.
EMULATED_CPU = "Westmere,+rdrand,+rdseed"


def arguments(accelerator: str) -> list[str]:
    """Write the emulator's options for an accelerator."""
    if accelerator == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", EMULATED_CPU]


def choose(image: Path, say: Callable[[str], None]) -> str:
    """Return "kvm" when a guest really boots under it, else "tcg"; ask once per boot of the host and emulator."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    version = subprocess.run([EMULATOR, "--version"], capture_output=True, text=True, check=False).stdout.partition(
        "\n"
    )[0]
    answer = {"boot": boot_id(), "emulator": version}
    cache = cache_folder() / "accelerator.json"
    try:
        known = json.loads(cache.read_text())
        if {name: known[name] for name in answer} == answer:
            return "kvm" if known["accelerator"] == "kvm" else "tcg"
    except (OSError, ValueError, KeyError, TypeError):
        pass
    say(f"/dev/kvm is there: seeing whether a guest boots under it, at most {PROBE_SECONDS} s")
    accelerator = "kvm" if _guest_boots(image) else "tcg"
    cache.write_text(json.dumps({**answer, "accelerator": accelerator}))
    return accelerator


def _guest_boots(image: Path) -> bool:
    argv = [
        EMULATOR, *arguments("kvm"), "-m", "256", "-nodefaults", "-no-reboot", "-nographic",
        "-kernel", str(image / "kernel"), "-initrd", str(image / "initrd"),
        "-append", "console=ttyS0 panic=-1 lab.probe", "-serial", "stdio",
    ]  # fmt: skip
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"lab-probe: booted" in done.stdout
