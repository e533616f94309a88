"""Say what went wrong in three lines: what, why, and what to try."""


class LabError(Exception):
    """End the command with a message of three lines and an exit code."""

    def __init__(self, what: str, *, why: str, hint: str, exit_code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.exit_code = exit_code

    def render(self) -> str:
        """Lay the message out for stderr; continued lines are indented below their label."""
        why = self.why.replace("\n", "\n       ")
        return f"lab: {self.what}\n  why: {why}\n  try: {self.hint}"


class UsageError(LabError):
    """Refuse what was typed, or what a topology file says."""

    def __init__(self, what: str, *, why: str, hint: str) -> None:
        super().__init__(what, why=why, hint=hint, exit_code=2)
