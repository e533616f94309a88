"""Build the manual pages in docs/man from their Markdown, the command table and the settings."""
