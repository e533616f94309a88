"""Edit cluster.conf so that one service comes or goes and every other byte stays as it was. Pure.

The file is the admin's: comments and formatting are kept by cutting at the places that an XML parser names, instead of
writing the whole document anew.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from vmstore.errors import Refused
from vmstore.tools.managers import ServiceSpec

CONF = "/etc/cluster/cluster.conf"


@dataclass(slots=True)
class _Seen:
    """Byte offsets of what is edited: the value of config_version, the end of <rm>, each service."""

    root: int = -1
    rm_start: int = -1
    rm_end: int = -1
    rm_empty: bool = False
    services: dict[str, tuple[int, int]] = field(default_factory=dict)


def version(text: str) -> int:
    """Read config_version. Raises Refused for what is no cluster.conf."""
    _look(text)
    return int(_version(text)[1])


def services(text: str) -> frozenset[str]:
    """Name the services. Raises Refused."""
    return frozenset(_look(text).services)


def add_service(text: str, spec: ServiceSpec, domain: str = "") -> str:
    """Add the service of a VM, one version higher; the text as it is where the same service is there already.

    LV, file system and script are nested, so that they start in this order and stop in the other. Raises Refused
    where the text cannot be edited safely or another service bears the name.
    """
    seen = _look(text)
    block = _service(spec, domain)
    raw = text.encode()
    if spec.vm in seen.services:
        start, end = seen.services[spec.vm]
        there = raw[start:end].decode()
        # Starting it has changed this attribute since.
        if _canonical(_autostarting(there)) == _canonical(_autostarting(block)):
            return text
        raise Refused(
            f"cluster.conf has another service {spec.vm}",
            why="a service of that name is there, made of other resources",
            hint=f"take it out, or make the volume alone: vmstore create {spec.vm} SIZE --no-service",
        )
    indent = _indent(raw, seen.rm_start)
    lines = "".join(f"{indent}  {line}\n" for line in block.splitlines())
    if seen.rm_empty:
        whole = raw[seen.rm_start : seen.rm_end].decode()
        opened = whole.rstrip("/> \t\n") + ">\n"
        raw = raw[: seen.rm_start] + f"{opened}{lines}{indent}</rm>".encode() + raw[seen.rm_end :]
    else:
        # Before the indentation of </rm>.
        at = raw.rfind(b"\n", 0, seen.rm_end) + 1
        if raw[at : seen.rm_end].strip():
            at, lines = seen.rm_end, f"\n{lines}{indent}"
        raw = raw[:at] + lines.encode() + raw[at:]
    return _raised(raw.decode())


def remove_service(text: str, vm: str) -> str:
    """Take a service out, one version higher; the text as it is where there is none. Raises Refused."""
    seen = _look(text)
    if vm not in seen.services:
        return text
    start, end = seen.services[vm]
    raw = text.encode()
    line = raw.rfind(b"\n", 0, start) + 1
    if not raw[line:start].strip() and raw[end : end + 1] == b"\n":
        start, end = line, end + 1
    return _raised((raw[:start] + raw[end:]).decode())


def autostart(text: str, vm: str) -> bool | None:
    """Tell whether rgmanager starts a service together with the cluster; None where there is none. Raises Refused."""
    seen = _look(text)
    if vm not in seen.services:
        return None
    start, end = seen.services[vm]
    value = _attribute(text.encode()[start:end].decode(), "autostart")
    return value is None or value[1].strip("\"'").lower() not in ("0", "no")


def set_autostart(text: str, vm: str) -> str:
    """Have a service started together with the cluster, one version higher; the text as it is where it is already.

    Raises Refused.
    """
    if autostart(text, vm) is not False:
        return text
    start, end = _look(text).services[vm]
    raw = text.encode()
    return _raised((raw[:start] + _autostarting(raw[start:end].decode()).encode() + raw[end:]).decode())


def same(one: str, other: str) -> bool:
    """Tell whether two texts are the same document; ccsd writes anew what it is given."""
    try:
        return one == other or _whole(one) == _whole(other)
    except ElementTree.ParseError:
        return False


def changed_services(old: str, new: str) -> frozenset[str]:
    """Name the services whose resources differ between two texts, shared ones that they refer to included."""
    before, after = _trees(old), _trees(new)
    return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _service(spec: ServiceSpec, domain: str) -> str:
    name = quoteattr(spec.vm)
    where = f" domain={quoteattr(domain)}" if domain else ""
    device = quoteattr(f"/dev/{spec.vg}/{spec.vm}")
    return f"""<service name={name} autostart="{int(spec.autostart)}" recovery="restart"{where}>
  <lvm name={quoteattr(spec.vm + "-lv")} vg_name={quoteattr(spec.vg)} lv_name={name}>
    <fs name={quoteattr(spec.vm + "-fs")} device={device} mountpoint={quoteattr(spec.directory)} \
fstype={quoteattr(spec.fstype)} force_fsck="1" force_unmount="0">
      <script name={quoteattr(spec.vm + "-vm")} file={quoteattr(spec.script)}/>
    </fs>
  </lvm>
</service>"""


def _look(text: str) -> _Seen:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _not_editable("it has a document type, which may change what its text means")
    seen = _Seen()
    path: list[str] = []
    open_at: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def begin(tag: str, attributes: dict[str, Any]) -> None:
        at = parser.CurrentByteIndex
        path.append(tag)
        open_at.append(at)
        if path == ["cluster", "rm"]:
            seen.rm_start = at
        if path == ["cluster", "rm", "service"]:
            seen.services[str(attributes.get("name", ""))] = (at, at)
            names.append(str(attributes.get("name", "")))

    def end(tag: str) -> None:
        at = parser.CurrentByteIndex
        # For <x/> expat names the place behind it, for </x> its beginning; no attribute can hold a "<".
        closes = raw.rfind(b"<", 0, at) != open_at[-1] or raw[at - 2 : at] != b"/>"
        after = raw.index(b">", at) + 1 if closes else at
        if path == ["cluster", "rm"]:
            seen.rm_empty = not closes
            seen.rm_end = at if closes else after
        if path == ["cluster", "rm", "service"]:
            seen.services[names[-1]] = (open_at[-1], after)
        path.pop()
        open_at.pop()
        del tag

    names: list[str] = []
    raw = text.encode()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise _not_editable(f"it is no XML: {error}") from None
    if seen.rm_start < 0:
        raise _not_editable("it has no section <rm>")
    return seen


def _version(text: str) -> re.Match[str]:
    match = re.search(r"<cluster\b[^>]*?\bconfig_version\s*=\s*[\"'](\d+)[\"']", text)
    if not match:
        raise _not_editable("<cluster> has no config_version")
    return match


def _raised(text: str) -> str:
    match = _version(text)
    return f"{text[: match.start(1)]}{int(match[1]) + 1}{text[match.end(1) :]}"


def _indent(raw: bytes, at: int) -> str:
    line = raw.rfind(b"\n", 0, at) + 1
    before = raw[line:at].decode()
    return before if not before.strip() else ""


def _attribute(element: str, name: str) -> re.Match[str] | None:
    """Find an attribute of the element that a text begins with; the first group is its value in quotes."""
    tag = re.match(r"""<[^\s>/]+(?:[^>"']|"[^"]*"|'[^']*')*>""", element)
    found = re.finditer(r"""([^\s=<>"']+)\s*=\s*("[^"]*"|'[^']*')""", tag[0] if tag else "")
    begin = next((match for match in found if match[1] == name), None)
    return re.compile(r"""("[^"]*"|'[^']*')""").match(element, begin.start(2)) if begin else None


def _autostarting(service: str) -> str:
    value = _attribute(service, "autostart")
    return f'{service[: value.start(1)]}"1"{service[value.end(1) :]}' if value else service


def _whole(text: str) -> str:
    return ElementTree.canonicalize(text, with_comments=True)


def _canonical(text: str) -> str:
    return ElementTree.canonicalize(text, strip_text=True)


def _trees(text: str) -> dict[str, str]:
    _look(text)
    root = ElementTree.fromstring(text)  # noqa: S314  # entities were refused
    shared = {
        (each.tag, each.get("name", "")): ElementTree.tostring(each, "unicode").strip()
        for each in root.iterfind("rm/resources/*")
    }
    found = {}
    for service in root.iterfind("rm/service"):
        refs = [shared.get((each.tag, each.get("ref", "")), "") for each in service.iter() if each.get("ref")]
        own = ElementTree.tostring(service, "unicode").strip()
        found[service.get("name", "")] = "\n".join([_canonical(own), *refs])
    return found


def _not_editable(why: str) -> Refused:
    return Refused("cluster.conf cannot be edited", why=why, hint="mend it by hand; ccs_config_validate checks it")
