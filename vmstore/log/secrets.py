"""Keep secrets out of the log.

What a command reads from its standard input never gets there, and no command of vmstore takes a password. This is for
what a tool says when it fails, such as the line of cluster.conf that it does not like, and for what is yet to come.
"""

import re

_NAME = r"[A-Za-z0-9_.-]*(?:passw|passphrase|secret|token|credential)[A-Za-z0-9_.-]*+"
# Also as a shell, JSON or XML writes it within a text of its own.
_QUOTE = r"""(?:\\?["']|&quot;|&apos;)"""
# --password VALUE; password=VALUE and password: VALUE in every form: options, attributes, OCF_RESKEY_password, CHAP's
# settings; and the name and value that Pacemaker keeps apart. Each word is tried once, or a long one takes for ever.
_SECRET = re.compile(
    rf"""(?<![A-Za-z0-9_.-])(?P<name>--{_NAME}\s+|{_NAME}{_QUOTE}?\s*[=:]\s*|name={_QUOTE}{_NAME}{_QUOTE}\s+value=)"""
    rf"""(?P<value>(?P<quote>{_QUOTE}).*?(?:(?P=quote)|\Z)|[^\s"'&|;]+)""",
    re.IGNORECASE | re.DOTALL,
)


def blanked(text: str) -> str:
    """Put *** in place of what looks like a password."""
    return _SECRET.sub(r"\g<name>***", text)
