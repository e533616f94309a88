# shellcheck shell=bash
# The LUNs of a node: udev, iSCSI sessions, the FC port, multipath.
array_ip=10.9.0.100
array_san=10.9.1.100

# Each time that somebody who could write closes a disk, udev would look anew at what is on it: half a second of a node's
# processor for each disk, after each LVM command. Nothing here needs it: dm tells udev by itself, and disks do not change.
watch_no_disks() { echo 'SUBSYSTEM=="block", OPTIONS+="nowatch"' >/etc/udev/rules.d/99-lab-nowatch.rules; }

start_udev() {
    watch_no_disks
    /usr/lib/systemd/systemd-udevd --daemon
    udevadm trigger --type=devices --subsystem-match=block --action=add
}

portal_open() { timeout 4 bash -c ": </dev/tcp/$1/3260"; }

# As the array knows this node.
name_initiator() { echo "InitiatorName=iqn.2026-01.lab.vmstore:$LAB_NAME" >/etc/iscsi/initiatorname.iscsi; }

# A ping every 2 s, lost after 4 s without an answer: the session notices a pulled link within 6 s. What it then does is up to
# the LUN: with one path its I/O waits 120 s for the link; with two, multipathd sets fast_io_fail and takes the other.
configure_iscsi() {
    name_initiator
    printf '%s\n' 'node.startup = automatic' 'node.session.timeo.replacement_timeout = 120' \
        'node.conn[0].timeo.noop_out_interval = 2' 'node.conn[0].timeo.noop_out_timeout = 4' >/etc/iscsi/iscsid.conf
}

multipath_wanted=
want_multipath() { # NAME TRANSPORT PATHS SERIAL WWID IN_VG
    [ "$3" -gt 1 ] || return 0
    multipath_wanted="$multipath_wanted $5"
}

# Only the LUNs with several paths are multipath devices, named mpatha, mpathb … in the order of the topology, so that
# the names are the same on every node and after every boot.
configure_multipath() {
    local wwid letters=abcdefghijklmnopqrstuvwxyz index=0
    multipath_wanted=
    each_lun want_multipath
    {
        printf '%s\n' 'defaults {' '    user_friendly_names yes' '    find_multipaths no' '    no_path_retry queue' \
            '    polling_interval 2' '    max_polling_interval 4' '    fast_io_fail_tmo 1' '    dev_loss_tmo 600' '}' \
            'blacklist {' '    wwid ".*"' '}' 'blacklist_exceptions {'
        for wwid in $multipath_wanted; do
            echo "    wwid \"$wwid\""
        done
        echo '}'
    } >/etc/multipath.conf
    for wwid in $multipath_wanted; do
        echo "mpath${letters:index:1} $wwid"
        index=$((index + 1))
    done >/etc/multipath/bindings
}

# A pulled FC link blocks the remote port and its I/O waits; after dev_loss_tmo the disk is removed. 120 s as for iSCSI.
configure_fc() {
    echo 'ACTION=="add|change", SUBSYSTEM=="fc_remote_ports", ATTR{dev_loss_tmo}="120"' >/etc/udev/rules.d/60-lab-fc.rules
    modprobe scsi_transport_fc dev_loss_tmo=120
}

# The node of the device that a user of this LUN opens.
lun_device() { # NAME TRANSPORT PATHS SERIAL WWID IN_VG
    if [ "$3" -gt 1 ]; then
        device=/dev/disk/by-id/dm-uuid-mpath-$5
    else
        device=/dev/disk/by-id/wwn-0x${5#3}
    fi
}

# A multipath device appears with its first path; it is there when all of them are.
lun_present() { # NAME TRANSPORT PATHS SERIAL WWID IN_VG
    local device paths
    lun_device "$@"
    [ -e "$device" ] || return 1
    [ "$3" -gt 1 ] || return 0
    paths=("/sys/block/$(basename "$(readlink -f "$device")")/slaves/"*)
    [ "${#paths[@]}" -ge "$3" ]
}

iscsi_wanted=0
want_iscsi() { # NAME TRANSPORT ...
    [ "$2" != iscsi ] || iscsi_wanted=$((iscsi_wanted + 1))
}

# The array opens its portal with its first target; one that asks then does not see the others.
all_discovered() {
    local told
    told=$(iscsiadm -m discovery -t sendtargets -p "$array_san" | grep -c "^$array_san:")
    [ "$told" -ge "$iscsi_wanted" ]
}

log_in() {
    iscsid
    iscsi_wanted=0
    each_lun want_iscsi
    until_true 30 all_discovered
    timeout 160 iscsiadm -m node --loginall=all
}

attach_disks() {
    modprobe -a sd_mod iscsi_tcp fcoe libfcoe libfc dm-mod dm-multipath dm-service-time scsi_dh_alua
    configure_iscsi
    configure_multipath
    multipathd
    until_true 90 portal_open "$array_san" || return 1
    create_fc_port fc0
    until_true 30 portal_open "$array_ip" || return 1
    log_in
    until_true 60 each_lun lun_present || return 1
    udevadm settle --timeout=30
}
