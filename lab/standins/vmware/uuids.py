"""Make the identifiers VMware keeps in a .vmx: uuid.bios, uuid.location and generated MAC addresses.

Source: GSX Server 3 Administration Guide p. 76 (when an identifier is made and when it is compared). The real hash of
host and path is not public; this one has its form, ``56 4d xx xx xx xx xx xx-xx xx xx xx xx xx xx xx``.
"""

import hashlib
import re

from lab.standins.vmware.vmx import Vmx

_GENERATED_MAC = re.compile(r"^ethernet\d+\.generatedAddress$", re.IGNORECASE)


def location(host: str, path: str) -> str:
    """Return the value of uuid.location for a VM at ``path`` on the host with the id ``host``."""
    digest = hashlib.sha256(f"{host}\0{path}".encode()).hexdigest()[:28]
    octets = ["56", "4d", *(digest[at : at + 2] for at in range(0, 28, 2))]
    return " ".join(octets[:8]) + "-" + " ".join(octets[8:])


def moved(vmx: Vmx, host: str) -> bool:
    """Return whether the VM was powered on before, and on another host or at another path."""
    known = vmx.get("uuid.location")
    return bool(known) and known != location(host, str(vmx.path))


def keep(vmx: Vmx, host: str) -> None:
    """Note the new place and keep the identity."""
    vmx.set("uuid.location", location(host, str(vmx.path)))
    if not vmx.get("uuid.bios"):
        create(vmx, host)


def create(vmx: Vmx, host: str) -> None:
    """Give the VM a new identity: uuid.bios, and every generated MAC address with it; set addresses stay."""
    new = location(host, str(vmx.path))
    vmx.set("uuid.location", new)
    vmx.set("uuid.bios", new)
    tail = new.replace("-", " ").split()[-3:]
    for number, key in enumerate(name for name in vmx.names() if _GENERATED_MAC.match(name)):
        last = (int(tail[2], 16) + 10 * number) % 256
        vmx.set(key, f"00:0c:29:{tail[0]}:{tail[1]}:{last:02x}")
