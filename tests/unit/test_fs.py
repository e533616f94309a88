"""File systems: exact command lines, and what dumpe2fs and wipefs tell."""

import pytest

from vmstore.errors import Refused, ToolFailed
from vmstore.run import Result
from vmstore.tools import fs

DUMP = """\
Filesystem volume name:   web01
Last mounted on:          /vm/a: b
Filesystem features:      has_journal ext_attr
Filesystem state:         clean
Block count:              2097152
Reserved block count:     0
Free blocks:              2018437
Block size:               4096
Blocks per group:         32768
"""


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (fs.make("ext4", "/dev/vg/a", "web01", 0), "mkfs.ext4 -q -m 0 -L web01 /dev/vg/a"),
        (fs.make("ext3", "/dev/vg/a", "w" * 16, 5), f"mkfs.ext3 -q -m 5 -L {'w' * 16} /dev/vg/a"),
        (fs.make("ext4", "/dev/vg/a", "w" * 17, 0), "mkfs.ext4 -q -m 0 /dev/vg/a"),
        (fs.check("/dev/vg/a"), "e2fsck -f -p /dev/vg/a"),
        (fs.resize("/dev/vg/a"), "resize2fs /dev/vg/a"),
        (fs.read("/dev/vg/a"), "dumpe2fs -h /dev/vg/a"),
        (fs.device_size("/dev/vg/a"), "blockdev --getsize64 /dev/vg/a"),
        (fs.zero("/dev/vg/a"), "blkdiscard --zeroout /dev/vg/a"),
        (fs.signatures("/dev/x"), "wipefs --no-act --noheadings --output TYPE /dev/x"),
    ],
)
def test_each_command_line_is_exact(argv: list[str], line: str) -> None:
    assert argv == line.split(" ")


def told(rc: int = 0, out: str = "", err: str = "") -> Result:
    """Make what a tool left."""
    return Result(("tool",), rc, out, err, 0.1)


def test_the_superblock_is_read_in_bytes() -> None:
    assert fs.superblock("web01", told(out=DUMP)) == fs.Superblock(8 * 2**30, 4096, 128 * 2**20, True)


@pytest.mark.parametrize("state", ["not clean", "clean with errors"])
def test_a_file_system_in_another_state_is_not_clean(state: str) -> None:
    text = DUMP.replace(":         clean", f":         {state}")
    assert fs.superblock("web01", told(out=text)).clean is False


def test_no_file_system_of_ours_is_refused() -> None:
    with pytest.raises(Refused, match="web01 holds no ext3 or ext4"):
        fs.superblock("web01", told(1, err="dumpe2fs: Bad magic number in super-block while trying to open /dev/x\n"))


@pytest.mark.parametrize("out", ["", DUMP[: DUMP.index("Block size")], DUMP.replace("4096", "")])
def test_a_part_of_an_answer_is_a_failed_tool(out: str) -> None:
    with pytest.raises(ToolFailed, match="the file system of web01 cannot be read"):
        fs.superblock("web01", told(out=out))


def test_a_device_that_cannot_be_read_is_a_failed_tool() -> None:
    with pytest.raises(ToolFailed, match="cannot be read") as caught:
        fs.superblock("web01", told(1, err="dumpe2fs: Input/output error while trying to open /dev/x\n"))
    assert "Input/output error" in caught.value.why


@pytest.mark.parametrize(
    ("out", "found"), [("", []), ("LVM2_member\n", ["LVM2_member"]), ("gpt\nPMBR\ngpt\n\n", ["PMBR", "gpt"])]
)
def test_signatures_are_listed_once_each(out: str, found: list[str]) -> None:
    assert fs.listed("/dev/x", told(out=out)) == found


def test_a_device_that_wipefs_cannot_open_is_a_failed_tool() -> None:
    with pytest.raises(ToolFailed, match="/dev/x cannot be read"):
        fs.listed("/dev/x", told(1, err="wipefs: error: /dev/x: Input/output error\n"))
