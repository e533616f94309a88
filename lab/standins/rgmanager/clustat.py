"""Stand for clustat; rgmanager/src/utils/clustat.c, and the recorded run for what goes where."""

import getopt
import sys
import time
from collections.abc import Sequence
from typing import Any

from lab.standins.rgmanager import settings, texts
from lab.standins.rgmanager.clustat_text import long_text, member_table, service_table
from lab.standins.rgmanager.clustat_xml import document, services_document
from lab.standins.rgmanager.settings import Settings
from lab.standins.rgmanager.tree import BadXml
from lab.standins.rgmanager.view import PATIENCE, View

_USAGE = """usage: clustat <options>
    -i <interval>      Refresh every <interval> seconds.  May not be used
                       with -x.
    -I                 Display local node ID and exit
    -m <member>        Display status of <member> and exit
    -s <service>       Display status of <service> and exit
    -v                 Display version and cluster service status and exit
    -x                 Dump information as XML
    -Q                 Return 0 if quorate, 1 if not (no output)
    -f                 Enable fast clustat reports
    -l                 Use long format for services
"""
_UNKNOWN = 255


def _find(records: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    full = name if ":" in name else f"service:{name}"
    return next((record for record in records if record["name"] == full), None)


def _service(view: View, name: str, xml: bool, long: bool) -> int:
    """Show one service; its state is the exit code where it does not run."""
    if view.pending:
        # Comes before the prolog, so that no parser takes it.
        print(texts.UNAVAILABLE)
    if view.records is None:
        if xml:
            print(services_document(None))
            return _UNKNOWN
        return 0
    record = _find(view.records, name)
    shown = [record] if record else []
    if xml:
        print(services_document(shown))
        # For an unknown one, too, it is 0 here.
        return 0 if not record or record["state"] in texts.GOOD else int(record["state"])
    if not record:
        return _UNKNOWN
    if long:
        print("Service Information\n------- -----------\n")
    print(service_table(shown, rows=not long))
    if long:
        print(long_text(record))
    return 0 if record["state"] in texts.GOOD else int(record["state"])


def _everything(view: View, own: Settings, xml: bool, long: bool) -> int:
    if view.pending:
        own.pause(PATIENCE)
    if xml:
        print(document(view))
    else:
        print(f"Cluster Status for {view.conf.name} @ {time.ctime()}")
        print(f"Member Status: {'Quorate' if view.quorate else 'Inquorate'}\n")
        print(member_table(view, view.conf.nodes))
        print()
        if view.records and long:
            print("Service Information\n------- -----------\n")
            print("\n".join(map(long_text, view.records)))
        elif view.records:
            print(service_table(view.records))
    if view.pending:
        print(texts.TIMED_OUT, file=sys.stderr)
    return 0


def _member(view: View, name: str, xml: bool) -> int:
    if name not in view.conf.nodes:
        return _UNKNOWN
    if xml:
        print(document(view, only=name))
    else:
        print(member_table(view, [name], flags=False))
    return 0 if name in view.members else 1


def _show(own: Settings, options: dict[str, str]) -> int:
    view = View(own)
    xml, long = "-x" in options, "-l" in options
    if "-Q" in options:
        return 0 if view.ask(services=False).quorate else 1
    if "-I" in options:
        print(f"0x{view.conf.nodes.get(own.node, 0):08x}")
        return 0
    if "-m" in options:
        return _member(view.ask(services=False), options["-m"], xml)
    if "-s" in options:
        return _service(view.ask(), options["-s"], xml, long)
    return _everything(view.ask(), own, xml, long)


def main(arguments: Sequence[str]) -> int:
    """Run one command line."""
    try:
        given, rest = getopt.getopt(list(arguments), "fIls:m:i:xvQh?")
    except getopt.GetoptError:
        given, rest = [("-h", "")], []
    options = dict(given)
    if "-h" in options or "-?" in options or rest or ("-i" in options and "-x" in options):
        sys.stdout.write(_USAGE)
        return 1
    if "-v" in options:
        print(f"clustat version {texts.VERSION}")
        return 0
    try:
        own = settings.read()
        code = _show(own, options)
        while "-i" in options:
            sys.stdout.flush()
            own.pause(float(options["-i"]))
            code = _show(own, options)
    except (OSError, ValueError, BadXml) as error:
        print(f"clustat (stand-in): {error}", file=sys.stderr)
        return texts.BROKEN
    return code
