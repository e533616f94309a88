# shellcheck shell=bash
# Fencing by sbd over a shared LUN: a node that does not read its slot there is dead, since its watchdog has reset it by then.
watchdog=15
# Seconds for which sbd waits until a message has been read or the watchdog has bitten.
msgwait=$((2 * watchdog))
# fence_sbd gives up after 30 s by itself, just when sbd is done, and every fencing fails (its own warning says so).
fence_patience=$((2 * msgwait))
sbd_device() { echo "/dev/disk/by-id/wwn-0x${LAB_SBD#3}"; }

sbd_there() { sbd -d "$(sbd_device)" dump; }

start_sbd() {
    local device with_pacemaker=no
    device=$(sbd_device)
    [ "$LAB_MANAGER" != pacemaker ] || with_pacemaker=yes
    until_true 30 test -e "$device" || return 1
    until_true 10 test -e /dev/watchdog || return 1
    if [ "$LAB_NUMBER" = 1 ] && ! sbd_there >/dev/null 2>&1; then
        sbd -d "$device" -1 $watchdog -4 $msgwait create >/dev/null || return 1
    fi
    until_true 60 sbd_there || return 1
    # Pacemaker reads these, too, to know that sbd is there.
    set -a
    # shellcheck disable=SC2034  # exported
    SBD_DEVICE=$device SBD_PACEMAKER=$with_pacemaker SBD_STARTMODE=always SBD_DELAY_START=no SBD_WATCHDOG_DEV=/dev/watchdog
    # shellcheck disable=SC2034  # exported
    SBD_WATCHDOG_TIMEOUT=$watchdog SBD_TIMEOUT_ACTION=flush,reboot SBD_SYNC_RESOURCE_STARTUP=$with_pacemaker
    set +a
    mkdir -p /etc/sysconfig
    set | grep '^SBD_' >/etc/default/sbd
    sbd -p /run/sbd.pid watch || return 1
    milestone sbd
}

# Without Pacemaker dlm_controld runs the fence agent itself (dlm.conf(5)), as fenced did for cman.
configure_dlm_fencing() {
    local name number=0
    mkdir -p /etc/dlm
    echo "device sbd /usr/sbin/fence_sbd devices=$(sbd_device) power_timeout=$fence_patience" >/etc/dlm/dlm.conf
    for name in $LAB_NODES; do
        number=$((number + 1))
        echo "connect sbd node=$number plug=$name"
    done >>/etc/dlm/dlm.conf
}
