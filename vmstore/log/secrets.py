"""Keep secrets out of the log.

What a command reads from its standard input never gets there, and no command of vmstore takes a password. This is for
what a tool says when it fails, such as the line of cluster.conf that it does not like, and for what is yet to come.
"""

import re

_NAME = r"[A-Za-z0-9_.-]*(?:passw|passphrase|secret|token|credential)[A-Za-z0-9_.-]*"
# --password VALUE, and password=VALUE in every form: options, attributes, OCF_RESKEY_password, CHAP's settings.
_SECRET = re.compile(
    rf"""(?P<name>--{_NAME}\s+|{_NAME}["']?\s*=\s*)(?P<value>"[^"]*"|'[^']*'|[^\s"'&|;]+)""", re.IGNORECASE
)


def blanked(text: str) -> str:
    """Put *** in place of what looks like a password."""
    return _SECRET.sub(r"\g<name>***", text)
