"""Of the names that root and the user left, the newer ones are offered: either may run vmstore on a host."""

import os
import subprocess
from pathlib import Path

import pytest

from vmstore.completions import FILES

ROOT = Path(__file__).parent.parent.parent
SHARED = "/var/cache/vmstore/names"
ASK = {
    "bash": "source $1; current='' before='' config='' COMPREPLY=(); _vmstore_names vm; echo \"${COMPREPLY[@]}\"",
    "zsh": "compdef() { :; }; source $1; words=(vmstore show) CURRENT=3; _vmstore_read; echo ${lines#vm }",
    "fish": "source $argv[1]; __vmstore_names '' vm ''",
}


@pytest.mark.spawns("bash", "zsh", "fish")
@pytest.mark.parametrize("shell", ASK)
def test_the_newer_of_both_is_offered(tmp_path: Path, shell: str) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own/vmstore/names"
    script = tmp_path / "script"
    text = (ROOT / "completions" / FILES[shell]).read_text(encoding="utf-8")
    assert SHARED in text
    script.write_text(text.replace(SHARED, str(shared)), encoding="utf-8")

    def leave(folder: Path, name: str, when: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "%c.toml").write_text(f"vm {name}\n", encoding="utf-8")
        os.utime(folder / "%c.toml", (when, when))

    def offered() -> str:
        begin = {"bash": ["bash", "-c", ASK[shell], ""], "zsh": ["zsh", "-fc", ASK[shell], ""]}
        command = [*begin.get(shell, ["fish", "-Nc", ASK[shell]]), str(script)]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "own")}
        environment["VMSTORE_CONFIG"] = "/c.toml"
        done = subprocess.run(command, check=False, env=environment, text=True, capture_output=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.strip()

    assert offered() == ""
    leave(shared, "roots", 1000)
    assert offered() == "roots"
    leave(own, "older", 900)
    assert offered() == "roots"
    leave(own, "newer", 1100)
    assert offered() == "newer"
    (shared / "%c.toml").unlink()
    assert offered() == "newer"
