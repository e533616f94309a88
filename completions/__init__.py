"""Hold the completions for bash, zsh and fish."""
