"""vmstore completion: print the script that has a shell complete vmstore's command line."""

from enum import StrEnum
from typing import Annotated

import typer


class Shell(StrEnum):
    """The shells there is a script for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)],
) -> None:
    """Print the completion for a shell.

    Write it where the shell looks for it; a new shell has it then.

    \b
    bash   vmstore completion bash >/etc/bash_completion.d/vmstore
           for yourself, or without the package bash-completion: write
           it to any file, and name that in ~/.bashrc: . FILE
    zsh    vmstore completion zsh >/usr/local/share/zsh/site-functions/_vmstore
           for yourself: a folder that is in fpath before compinit runs
    fish   vmstore completion fish >/etc/fish/completions/vmstore.fish
           for yourself: ~/.config/fish/completions/vmstore.fish
    """
    from importlib.resources import files

    from vmstore import ui
    from vmstore.completions import FILES

    ui.write((files("vmstore.completions") / FILES[shell]).read_text(encoding="utf-8"))
