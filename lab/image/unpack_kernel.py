"""Unpack a Linux bzImage: usage unpack_kernel.py BZIMAGE OUT.

An emulated machine takes 5 s to unpack its kernel by itself; QEMU loads the unpacked one as it is (PVH boot protocol).
The fields are those of Documentation/arch/x86/boot.rst of the kernel. A kernel not packed by xz is copied as it is,
which boots as well.
"""

import lzma
import struct
import sys
from pathlib import Path


def unpack(image: bytes) -> bytes:
    """Return the ELF kernel inside a bzImage, or the image itself when it is not packed by xz."""
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    begin = (setup_sectors + 1) * 512 + offset
    payload = image[begin : begin + length]
    if not payload.startswith(b"\xfd7zXZ\0"):
        return image
    # After the xz stream follows its size, in four bytes that the one-shot function would refuse.
    return lzma.LZMADecompressor().decompress(payload)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(unpack(Path(sys.argv[1]).read_bytes()))
