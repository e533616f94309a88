"""Stand for ccs_config_validate of cluster 3; on generation 2 there is no such program."""

import getopt
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.standins.rgmanager import settings, texts
from lab.standins.rgmanager.validation import BAD_XML, NOT_NEWER, check

_USAGE_EXIT = 255
_NO_PROGRAM = 127


def main(arguments: Sequence[str]) -> int:
    """Run one command line."""
    try:
        own = settings.read()
        given, rest = getopt.getopt(list(arguments), "hVvqnorR:f:l:C:t:")
    except getopt.GetoptError:
        return _USAGE_EXIT
    except (OSError, ValueError) as error:
        print(f"ccs_config_validate (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    if own.generation < 3:
        print("ccs_config_validate: command not found", file=sys.stderr)
        return _NO_PROGRAM
    options = dict(given)
    if rest or "-h" in options:
        print("usage: ccs_config_validate [-h] [-V] [-v|-q] [-R version] [-f file | -l file]")
        return 0 if "-h" in options else _USAGE_EXIT
    named = options.get("-f") or options.get("-l")
    path = Path(named) if named else own.conf
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"cp: cannot stat '{path}': {error.strerror}", file=sys.stderr)
        text = ""
    newer_than = int(options["-R"]) if options.get("-R", "").isdecimal() else None
    verdict = check(text, dumped=named is None, newer_than=newer_than)
    if verdict.code == BAD_XML and named is None:
        print()
        print(verdict.text.format(file=path) + "Unable to get the configuration", file=sys.stderr)
        return BAD_XML
    if verdict.code == NOT_NEWER:
        print("Error: Configuration version is older than running config!", file=sys.stderr)
    sys.stdout.write(verdict.text.format(file="tempfile"))
    return verdict.code
