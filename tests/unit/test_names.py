"""Names that an admin may type: what passes reaches LVM and a remote shell unharmed."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore import names
from vmstore.errors import UsageError

RESERVED = (
    "snapshot", "snapshot0", "pvmove", "pvmove0", "lvmlock", "vm_cdata", "vm_cmeta", "vm_corig", "vm_cvol", "vm_iorig",
    "vm_mimage_0", "vm_mlog", "lvol0_pmspare", "vm_rimage_1", "vm_rmeta_1", "vm_tdata", "vm_tmeta", "vm_vdata",
    "vm_vorigin", "vm_wcorig",
)  # fmt: skip


@pytest.mark.parametrize("name", ["web01", "db-01.prod", "_x", "9", "A_b.c-d", "snap", "mysnapshot", "mirror_log"])
def test_ordinary_names_pass(name: str) -> None:
    assert names.vm(name, "vmstore") == name


@pytest.mark.parametrize("name", RESERVED)
def test_lvms_own_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.vm(name, "vmstore")
    assert "LVM reserves" in caught.value.why


@pytest.mark.parametrize(
    "name", ["", "-x", ".", "..", ".x", "a b", "a/b", "a+new", "a\n", "ä", "a;b", "a'b", "$x", "a@b", "٣"]
)
def test_what_lvm_or_a_shell_reads_otherwise_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.vm(name, "vmstore")
    assert caught.value.why


@given(st.text(max_size=40))
def test_what_passes_needs_no_quoting_and_no_option_guard(name: str) -> None:
    try:
        passed = names.vm(name, "vmstore")
    except UsageError:
        return
    assert shlex.quote(passed) == passed
    assert not passed.startswith("-")


@pytest.mark.parametrize(
    ("vg", "lv", "dm"),
    [
        ("vmstore", "web01", "vmstore-web01"),
        ("vmstore", "db-01.prod", "vmstore-db--01.prod"),
        ("vm-store", "a--b", "vm--store-a----b"),
    ],
)
def test_hyphens_are_doubled_for_device_mapper(vg: str, lv: str, dm: str) -> None:
    assert names.dm_name(vg, lv) == dm


@given(st.text("ab-", min_size=1, max_size=10), st.text("ab-", min_size=1, max_size=10))
def test_two_volumes_never_share_a_dm_name(vg: str, lv: str) -> None:
    # dmsetup splitname: the first single hyphen ends the VG's name.
    dm = names.dm_name(vg, lv)
    halves = dm.replace("--", "\0").split("-")
    if not vg.endswith("-") and not lv.startswith("-"):
        assert [half.replace("\0", "-") for half in halves] == [vg, lv]


def test_a_name_may_be_as_long_as_device_mapper_allows_with_the_suffix_it_gets_while_it_goes() -> None:
    room = names.DM_NAME_MAX - len("vmstore-") - len(names.GOING)
    assert names.vm("w" * room, "vmstore")
    with pytest.raises(UsageError, match="cannot name a VM") as caught:
        names.vm("w" * (room + 1), "vmstore")
    assert "1 characters too long" in caught.value.why
    with pytest.raises(UsageError) as caught:
        names.vm("w-" * (room // 2), "vmstore")
    assert "too long" in caught.value.why


def test_the_suffixes_of_unfinished_volumes_cannot_be_typed() -> None:
    for suffix in (names.MAKING, names.GOING):
        with pytest.raises(UsageError):
            names.vm(f"web01{suffix}", "vmstore")


@pytest.mark.parametrize("name", ["fc", "iscsi", "nvme-tcp", "gold_1", "x" * 32])
def test_classes_are_small_words(name: str) -> None:
    assert names.storage_class(name) == name


@pytest.mark.parametrize("name", ["", "FC", "-fc", "_fc", "fc+iscsi", "a b", "x" * 33, "fc\n", "é"])
def test_other_classes_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        names.storage_class(name)


@pytest.mark.parametrize("name", ["n1", "node1.example.org", "10.0.0.1", "a" * 253])
def test_host_names_pass(name: str) -> None:
    assert names.node(name) == name


@pytest.mark.parametrize(
    "name", ["", "-oProxyCommand=x", "a b", "a..b", "n1.", "root@n1", "n1;x", "a" * 254, "n_1", "n1\n"]
)
def test_what_ssh_reads_otherwise_is_no_node(name: str) -> None:
    with pytest.raises(UsageError):
        names.node(name)


@pytest.mark.parametrize(
    "name",
    [
        "/dev/sda",
        "/dev/mapper/mpatha",
        "/dev/disk/by-path/ip-10.9.1.100:3260-iscsi-iqn.2026-01.lab.vmstore.san:iscsi1-lun-0",
        "36001405b8b68b45f64a85dab4b7ede15",
        "MYhV6L-QJwU-jddG-QrCl-RAdl-2jx1-g4rhA6",
        "1LIO-ORG_fc1:b8b68b45",
    ],
)
def test_devices_wwids_and_uuids_pass(name: str) -> None:
    assert names.pv(name) == name


@pytest.mark.parametrize(
    "name", ["", "-x", "/dev/../etc/passwd", "..", "a b", "a;b", "$(x)", "a" * 256, "/dev/sda\n", "`x`"]
)
def test_what_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        names.pv(name)


@pytest.mark.parametrize("name", ["web01+new", "web01+gone", "web01+to", "web01+from", "web01+void", "web01_rimage_0"])
def test_what_is_made_moved_or_removed_is_no_volume_of_a_vm(name: str) -> None:
    assert not names.of_vm(name)
    assert names.of_vm("web01")
    # Of somebody else, who may name it so.
    assert names.of_vm("a+b")
