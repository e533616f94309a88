# shellcheck shell=bash
# LVM, the volume group and vmstore on a node.

configure_lvm() {
    local locks=0
    [ "$LAB_LOCKS" = none ] || locks=1
    sed -i \
        -e "s/^[# \t]*use_lvmlockd *=.*/\tuse_lvmlockd = $locks/" \
        -e 's/^[# \t]*use_lvmpolld *=.*/\tuse_lvmpolld = 1/' \
        /etc/lvm/lvm.conf
    lvmpolld -t 0
}

install_vmstore() {
    printf '%s\n' "$LAB_VMSTORE_TOML" >/etc/vmstore/vmstore.toml
    ln -sf /opt/vmstore-src/lab/guest/vmstore /usr/local/bin/vmstore
}

# Loaded last: raid456 measures for a second which of its ways to compute is the fastest.
load_volume_modules() { modprobe -a dm-mirror dm-raid raid1 dm-snapshot dm-thin-pool dm-round-robin ext4 loop; }

volume_group_exists() { vgs --nolocking --noheadings -o name "$LAB_VG"; }

physical_volumes=()
add_physical_volume() { # NAME TRANSPORT PATHS SERIAL WWID IN_VG
    [ "$6" = yes ] || return 0
    local device
    lun_device "$@"
    physical_volumes+=("$(readlink -f "$device")")
}

# The first extent lies where the host expects it, whatever the array says of its optimal I/O size.
create_volume_group() {
    local options=(--metadatasize "$LAB_METADATA" --physicalextentsize "$LAB_EXTENT" --dataalignment 1m)
    each_lun add_physical_volume
    [ "$LAB_LOCKS" != dlm ] || options+=(--shared --locktype dlm)
    vgcreate -q -y "${options[@]}" "$LAB_VG" "${physical_volumes[@]}"
}

lock_space_started() { lvmlockctl -i | grep -q "^VG $LAB_VG "; }

# The first node makes it, once; any other node, and the first after a crash, finds it.
open_volume_group() {
    if [ "$LAB_NUMBER" = 1 ]; then
        volume_group_exists >/dev/null 2>&1 || create_volume_group || return 1
    else
        until_true 120 volume_group_exists || return 1
    fi
    if [ "$LAB_LOCKS" = dlm ]; then
        vgchange -q --lockstart "$LAB_VG" || return 1
        until_true 60 lock_space_started || return 1
    else
        # What the boot of a plain server does; there is no systemd here to do it from a udev event.
        vgchange -q -aay "$LAB_VG" || return 1
    fi
}
