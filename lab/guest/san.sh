# shellcheck shell=bash
# The array: each LUN is a virtio disk of this machine, exported by the kernel's LIO target, configured through configfs.
target=/sys/kernel/config/target

# The host names each virtio disk after its LUN.
disk_of() {
    local path
    for path in /sys/block/vd*; do
        if [ "$(<"$path/serial")" = "$1" ]; then
            disk=/dev/${path##*/}
            return
        fi
    done
    return 1
}

backstore() { # NAME TRANSPORT PATHS SERIAL WWID IN_VG
    local store=$target/core/iblock_0/$1 disk
    mkdir -p "$store"
    disk_of "$1" || return 1
    echo "udev_path=$disk" >"$store/control"
    echo "$4" >"$store/wwn/vpd_unit_serial"
    echo 1 >"$store/attrib/emulate_model_alias"
    echo 1 >"$store/enable"
    # Unmapped blocks of the sparse file behind the disk read as zeroes, which the initiators may rely on.
    echo 1 >"$store/attrib/emulate_tpu"
    echo 1 >"$store/attrib/emulate_tpws"
    echo 1 >"$store/attrib/unmap_zeroes_data"
}

export_fc_lun() { # NODE-NUMBER NAME TRANSPORT ...
    local number mac tpg
    [ "$3" = fc ] || return 0
    printf -v number '%02x' "$1"
    tpg=$target/fc/20:00:52:54:00:fc:01:$number/tpgt_1
    mac=20:00:52:54:00:fc:00:$number
    mkdir -p "$tpg/lun/lun_$next" "$tpg/acls/$mac/lun_$next"
    ln -s "$target/core/iblock_0/$2" "$tpg/lun/lun_$next/store"
    ln -s "$tpg/lun/lun_$next" "$tpg/acls/$mac/lun_$next/lun"
    next=$((next + 1))
}

export_iscsi_lun() { # NAME TRANSPORT PATHS ...
    local iqn=iqn.2026-01.lab.vmstore.san:$1 node tpg
    [ "$2" = iscsi ] || return 0
    tpg=$target/iscsi/$iqn/tpgt_1
    mkdir -p "$tpg/lun/lun_0"
    ln -s "$target/core/iblock_0/$1" "$tpg/lun/lun_0/store"
    echo 0 >"$tpg/attrib/authentication"
    for node in $LAB_NODES; do
        mkdir -p "$tpg/acls/iqn.2026-01.lab.vmstore:$node/lun_0"
        ln -s "$tpg/lun/lun_0" "$tpg/acls/iqn.2026-01.lab.vmstore:$node/lun_0/lun"
    done
    [ "$3" = 1 ] || mkdir "$tpg/np/10.9.0.$LAB_NUMBER:3260"
    mkdir "$tpg/np/10.9.1.$LAB_NUMBER:3260"
    echo 1 >"$tpg/enable"
}

# The portals open last: a node takes an open portal as the sign that its FC target is configured as well. (A node whose
# FC port appears before the target is configured never logs in.)
export_luns() {
    local port number next
    modprobe -a fcoe libfcoe libfc tcm_fc target_core_mod target_core_iblock iscsi_target_mod
    each_lun backstore
    python3 /opt/vmstore-src/lab/guest/fc-beacons >/dev/null 2>&1 &
    for port in /sys/class/net/fc*; do
        port=${port##*/}
        number=${port#fc}
        create_fc_port "$port"
        next=0
        each_lun export_fc_lun "$number"
    done
    each_lun export_iscsi_lun
}
