"""Hold the completions for bash, zsh and fish, and what makes them from the table of commands."""

FILES = {"bash": "vmstore.bash", "zsh": "_vmstore", "fish": "vmstore.fish"}
