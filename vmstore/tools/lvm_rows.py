"""The rows in which LVM answers, whichever way it writes them: each value is a string, "" for none."""

import msgspec


class Vg(msgspec.Struct):
    """The VG itself."""

    vg_name: str
    vg_uuid: str
    vg_seqno: str
    vg_extent_size: str
    vg_size: str
    vg_free: str
    vg_lock_type: str
    vg_mda_free: str
    vg_mda_size: str = ""
    vg_attr: str = ""


class Pv(msgspec.Struct):
    """A PV."""

    pv_name: str
    pv_uuid: str
    pv_size: str
    pv_free: str
    pv_allocatable: str
    pv_missing: str
    pv_tags: str
    pe_start: str = ""


class Lv(msgspec.Struct):
    """An LV, those that LVM hides in brackets."""

    lv_name: str
    lv_uuid: str
    lv_size: str
    lv_layout: str
    lv_role: str
    move_pv: str
    lv_tags: str = ""
    lv_lockargs: str = ""


class PvSeg(msgspec.Struct):
    """Extents of a PV beside each other, and the LV that has them, "" for none."""

    pv_uuid: str
    pvseg_start: str
    pvseg_size: str
    lv_name: str


class Seg(msgspec.Struct):
    """A part of an LV, and the extents on which it begins."""

    lv_name: str
    devices: str
    stripe_size: str = ""


class Rows(msgspec.Struct):
    """All rows of one VG."""

    vg: list[Vg] = []
    pv: list[Pv] = []
    lv: list[Lv] = []
    pvseg: list[PvSeg] = []
    seg: list[Seg] = []
