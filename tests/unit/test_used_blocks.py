"""Which parts of a volume are copied, and what a superblock tells."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import san_copy
from tests.support.san_parts import FileSystem
from vmstore.errors import StoppedHalfway, ToolFailed
from vmstore.run import LocalRunner, Result
from vmstore.tools import used_blocks
from vmstore.tools.used_blocks import MIB, Span

LISTING = """Filesystem features:      has_journal extent 64bit
Filesystem state:         {state}
Block count:              {count}
Block size:               {size}


Group 0: (Blocks 0-8191)
  Free blocks: {free}
  Free inodes: 12-2048
"""


def _listing(free: str, *, state: str = "clean", count: int = 4096, size: int = 4096) -> Result:
    return Result(("dumpe2fs",), 0, LISTING.format(free=free, state=state, count=count, size=size), "", 0.1)


@pytest.mark.parametrize(
    ("free", "found"),
    [
        ("", [Span(0, 16)]),
        ("0-4095", []),
        ("256-511", [Span(0, 1), Span(2, 14)]),
        # A MiB with one block in use is copied whole.
        ("256-510", [Span(0, 16)]),
        ("257-1023, 1024-4095", [Span(0, 2)]),
        ("300, 302-4095", [Span(0, 2)]),
    ],
)
def test_each_mib_with_a_block_that_is_not_free_is_copied(free: str, found: list[Span]) -> None:
    assert used_blocks.spans("web01", _listing(free)) == found


def test_a_last_part_of_a_mib_counts_by_its_own_length() -> None:
    # 5,000 blocks of 1 KiB: the fifth MiB has 904 of them.
    assert used_blocks.spans("web01", _listing("1-4095", count=5000, size=1024)) == [Span(0, 1), Span(4, 1)]
    assert used_blocks.spans("web01", _listing("1-4095, 4096-4999", count=5000, size=1024)) == [Span(0, 1)]


@given(st.lists(st.booleans(), min_size=1, max_size=600), st.sampled_from((1024, 4096, 65536)))
def test_nothing_in_use_is_left_out_and_nothing_free_is_copied(free: list[bool], size: int) -> None:
    listed = ", ".join(str(number) for number, is_free in enumerate(free) if is_free)
    found = used_blocks.spans("web01", _listing(listed, count=len(free), size=size))
    copied = {mib for span in found for mib in range(span.start, span.start + span.count)}
    wanted = {
        mib
        for number, is_free in enumerate(free)
        if not is_free
        for mib in range(number * size // MIB, -(-(number + 1) * size // MIB))
    }
    assert copied == wanted


@pytest.mark.parametrize(("start", "count"), [(0, 1), (3, 64), (5, 200)])
def test_spans_are_cut_without_a_gap(start: int, count: int) -> None:
    cut = list(Span(start, count).cut(64))
    assert all(1 <= each.count <= 64 for each in cut)
    assert [mib for each in cut for mib in range(each.start, each.start + each.count)] == list(
        range(start, start + count)
    )


def test_what_has_to_be_recovered_or_is_counted_otherwise_is_not_copied() -> None:
    with pytest.raises(StoppedHalfway, match="cannot be copied") as refusal:
        used_blocks.spans("web01", _listing("1-4095", state="not clean"))
    assert refusal.value.why == "not clean"
    text = _listing("1-4095").out.replace("64bit", "64bit needs_recovery bigalloc")
    with pytest.raises(StoppedHalfway) as refusal:
        used_blocks.spans("web01", Result((), 0, text, "", 0.1))
    assert refusal.value.why == "needs_recovery, bigalloc"
    with pytest.raises(ToolFailed, match="cannot be read") as failure:
        used_blocks.spans("web01", Result((), 1, "", "dumpe2fs: Bad magic number\n", 0.1))
    assert "Bad magic" in failure.value.why


def test_a_part_of_a_listing_is_no_listing() -> None:
    with pytest.raises(ToolFailed, match="cannot be read"):
        used_blocks.spans("web01", Result((), 0, _listing("").out.partition("Block count")[0], "", 0.1))


def test_a_superblock_tells_what_is_used() -> None:
    # With more than 2**32 blocks the upper halves count.
    raw = bytearray(san_copy.superblock(FileSystem("ext4", 2**40, used=2**30)))
    assert used_blocks.used(raw.hex()) == 2**30
    raw[0x150] = 1
    assert used_blocks.used(raw.hex()) == 2**30 + 2**44
    raw[0x60] = 0
    assert used_blocks.used(raw.hex()) == 2**30


@pytest.mark.parametrize(
    "line",
    [
        "",
        "00" * 1024,
        "zz",
        "ab" * 10,
        san_copy.superblock(FileSystem("ext4", 2**30, used=2**20, clean=False)).hex(),
        san_copy.superblock(FileSystem("ext4", 2**30, used=2**20), incompatible=0x84).hex(),
        san_copy.superblock(FileSystem("ext4", 2**30, used=2**20), read_only=0x200).hex(),
        # More free than there is.
        san_copy.superblock(FileSystem("ext4", 2**30, used=2**20))
        .hex()
        .replace("0000040000000000", "0000000000000000"),
    ],
)
def test_other_superblocks_tell_nothing(line: str) -> None:
    assert used_blocks.used(line) is None


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a real file system with a file in it, and an empty image of the same size."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "data").write_bytes(bytes(range(256)) * 40_000)
    for name in ("old", "new"):
        with (folder / name).open("wb") as stream:
            stream.truncate(160 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", folder / "old"], check=True, capture_output=True)
    subprocess.run(
        ["debugfs", "-w", "-R", f"write {folder}/data data", folder / "old"], check=True, capture_output=True
    )
    return folder


@pytest.mark.spawns("bash", "dumpe2fs", "e2fsck")
def test_a_real_file_system_is_copied_by_the_real_tools(image: Path) -> None:
    old, new = str(image / "old"), str(image / "new")
    found = used_blocks.spans("old", LocalRunner().run(used_blocks.list_blocks(old)))
    assert 10 < sum(span.count for span in found) < 80
    held = LocalRunner().hold(["bash", "-c", used_blocks.COPY, "copy", old, new])
    assert held.first_line() == "ready"
    assert held.exchange("wait 0 0") == "ok"
    assert held.exchange("compare 0 1").startswith("failed: ")
    for what in ("copy", "compare"):
        for span in found:
            assert held.exchange(f"{what} {span.start} {span.count}") == "ok"
    assert held.exchange("flush 0 0") == "ok"
    held.release()
    done = subprocess.run(["e2fsck", "-fn", new], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("clean") + done.stdout.count("Pass 5")) == (0, 1), done.stdout
    # The backups of the superblock came along, of which e2image makes no copy.
    backup = re.search(r"Backup superblock at (\d+)", _dumped(old))
    assert backup
    assert (
        subprocess.run(
            ["dumpe2fs", "-h", "-o", f"superblock={backup[1]}", new], capture_output=True, check=False
        ).returncode
        == 0
    )
    with Path(new).open("r+b") as stream:
        stream.seek(found[-1].start * MIB)
        byte = stream.read(1)[0]
        stream.seek(found[-1].start * MIB)
        stream.write(bytes([byte ^ 1]))
    held = LocalRunner().hold(["bash", "-c", used_blocks.COPY, "copy", old, new])
    held.first_line()
    assert held.exchange(f"compare {found[-1].start} {found[-1].count}").startswith("failed: ")
    held.release()


@pytest.mark.spawns("bash")
def test_a_device_that_is_not_there_is_told_and_none_is_made(image: Path) -> None:
    held = LocalRunner().hold(["bash", "-c", used_blocks.COPY, "copy", str(image / "old"), str(image / "none")])
    assert held.first_line() == ""
    held.release()
    assert not (image / "none").exists()


@pytest.mark.spawns("sh", "dumpe2fs")
def test_the_superblock_of_a_real_file_system_is_read_from_where_it_lies(image: Path) -> None:
    answer = LocalRunner().run(used_blocks.peek([(str(image / "old"), 0), (str(image / "old"), 4 * MIB)]))
    first, second, *rest = answer.out.split("\n")
    assert rest == [""]
    block, count, free = (
        int(match[1])
        for match in (
            re.search(rf"^{name}: +(\d+)", _dumped(str(image / "old")), re.MULTILINE)
            for name in ("Block size", "Block count", "Free blocks")
        )
        if match
    )
    assert used_blocks.used(first) == (count - free) * block
    assert used_blocks.used(second) is None


def _dumped(device: str) -> str:
    return LocalRunner().run(used_blocks.list_blocks(device)).out
