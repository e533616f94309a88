"""The names that every inventory leaves for completion."""

import errno
import io
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.support.worlds import G, World, disk
from vmstore import known_names
from vmstore.config import Config, Placement

SMALL = World().pv("sda", cls="fc").pv("sdb", cls="", transport="iscsi").lv("web01", G, "sda").inventory()
TEXT = """\
vg vmstore
class fc
class iscsi
pv wwid-sda /dev/sda fc
pv /dev/sda wwid-sda fc
pv wwid-sdb /dev/sdb iscsi
pv /dev/sdb wwid-sdb iscsi
vm web01
node n1
node n2
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give where names are left."""
    return tmp_path / "cache" / "names" / "x"


def test_each_kind_of_name_has_its_lines() -> None:
    assert known_names.text(SMALL, Config()) == TEXT


def test_nodes_and_classes_of_the_configuration_are_known_before_they_are_met() -> None:
    text = known_names.text(SMALL, Config(nodes=("n1", "n9"), placement=Placement(classes=("nvme",))))
    assert "node n9\n" in text
    assert "class nvme\n" in text


def test_a_silent_node_is_one_too() -> None:
    assert "node n3\n" in known_names.text(World(silent={"n3": "dead"}).inventory(), Config())


def test_a_pv_is_known_by_its_device_where_it_has_no_wwid_and_by_its_uuid_where_it_is_missing() -> None:
    first, second = SMALL.pvs
    pvs = (replace(first, device=disk("/dev/sda", wwid="")), replace(second, missing=True))
    text = known_names.text(replace(SMALL, pvs=pvs), Config())
    assert [line for line in text.splitlines() if line.startswith("pv ")] == ["pv /dev/sda fc", "pv sdb missing"]


def test_only_volumes_that_are_a_vms_are_named() -> None:
    world = World().pv("sda")
    for name in ("web01", "web02+new", "web03+gone", "web04+to", "web05+from", "web06_rimage_1"):
        world.lv(name, G, "sda")
    world.lv("pvmove0", G, "sda", role="private")
    assert [line for line in known_names.text(world.inventory(), Config()).splitlines() if line.startswith("vm ")] == [
        "vm web01"
    ]


def test_a_job_is_named_as_in_the_list_of_jobs_with_its_pv() -> None:
    world = World().pv("sda", lease="n1:20260102T120000Z-abc").inventory()
    assert "job n1-20260102T120000Z-abc /dev/sda\n" in known_names.text(world, Config())


def test_where_no_disks_were_read_pvs_and_classes_stay_as_they_were() -> None:
    blind = replace(SMALL, pvs=tuple(replace(pv, device=None) for pv in SMALL.pvs), lvs=())
    assert known_names.text(blind, Config(), TEXT) == TEXT.replace("vm web01\n", "")
    assert "pv " not in known_names.text(blind, Config())


@pytest.mark.parametrize("wwid", ["a;b", "$(x)", "a\nvm evil", "-rf", "\x1b[2J", "ä", "'"])
def test_a_name_that_a_shell_could_take_for_more_is_left_out(wwid: str) -> None:
    first, second = SMALL.pvs
    odd = replace(SMALL, pvs=(first, replace(second, name=wwid, device=disk(wwid, transport="iscsi", wwid=wwid))))
    assert known_names.text(odd, Config()) == "".join(
        line for line in TEXT.splitlines(keepends=True) if "sdb" not in line
    )


def test_they_are_left_for_all_to_read_and_none_to_write(place: Path) -> None:
    before = os.umask(0o022)
    try:
        known_names.keep(place, SMALL, Config())
    finally:
        os.umask(before)
    assert place.read_text(encoding="ascii") == TEXT
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o644, 0o755)


@pytest.mark.parametrize(("shared", "modes"), [("cache", [0o755, 0o755, 0o644]), ("other", [0o700, 0o700, 0o600])])
def test_what_root_leaves_is_for_all_to_read_whatever_the_umask_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str, modes: list[int]
) -> None:
    monkeypatch.setattr(known_names, "SHARED", tmp_path / shared)
    before = os.umask(0o077)
    try:
        known_names.keep(tmp_path / "cache" / "names" / "x", SMALL, Config())
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    assert [(tmp_path / each).stat().st_mode & 0o777 for each in ("cache", "cache/names", "cache/names/x")] == modes


def test_what_is_there_is_replaced_at_once_and_only_where_it_differs(place: Path) -> None:
    known_names.keep(place, SMALL, Config())
    first = place.stat()
    known_names.keep(place, SMALL, Config())
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    with place.open(encoding="ascii") as reader:
        known_names.keep(place, SMALL, Config(nodes=("n9",)))
        assert reader.read() == TEXT
    assert "node n9\n" in place.read_text(encoding="ascii")
    assert list(place.parent.iterdir()) == [place]


def test_a_folder_that_others_can_write_to_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.parent.mkdir(parents=True)
    place.parent.chmod(0o777)
    known_names.keep(place, SMALL, Config())
    assert not place.exists()
    place.parent.chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    known_names.keep(place, SMALL, Config())
    assert not place.exists()


def test_a_folder_that_is_a_link_is_not_used(place: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    place.parent.parent.mkdir()
    place.parent.symlink_to(tmp_path / "other")
    known_names.keep(place, SMALL, Config())
    assert list((tmp_path / "other").iterdir()) == []


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        """Fail as the kernel does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_the_names_stay_as_they_were(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known_names.keep(place, SMALL, Config())

    def full(number: int, mode: str) -> Full:
        os.close(number)
        return Full()

    monkeypatch.setattr("os.fdopen", full)
    known_names.keep(place, SMALL, Config(nodes=("n9",)))
    assert place.read_text(encoding="ascii") == TEXT
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("there", [b"vm \xff\xfe\n", b"", b"\x00"])
def test_what_was_damaged_is_replaced(place: Path, there: bytes) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(there)
    known_names.keep(place, SMALL, Config())
    assert place.read_text(encoding="ascii") == TEXT


def test_where_nothing_can_be_written_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known_names.keep(tmp_path / "file" / "names" / "x", SMALL, Config())
    known_names.keep(Path("/proc/names/x"), SMALL, Config())
    known_names.keep(tmp_path / "names" / ("x" * 300), SMALL, Config())


def test_each_configuration_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VMSTORE_CACHE", "/cache")
    monkeypatch.chdir(tmp_path)
    assert known_names.file(Path("/etc/vmstore/vmstore.toml")) == Path("/cache/names/%etc%vmstore%vmstore.toml")
    assert known_names.file(Path("a.toml")) == Path("/cache/names", f"{tmp_path}/a.toml".replace("/", "%"))


def test_root_leaves_them_where_no_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMSTORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/eve/.cache")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert known_names.file(Path("/x")) == Path("/var/cache/vmstore/names/%x")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert known_names.file(Path("/x")) == Path("/home/eve/.cache/vmstore/names/%x")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/adam")
    assert known_names.file(Path("/x")) == Path("/home/adam/.cache/vmstore/names/%x")
