# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# libvirt: stop, with the state saved to the volume.

libvirt_stop() {
    if ! command -v virsh >/dev/null 2>&1; then
        return 0
    fi
    libvirt_settled || return
    case $state in
    unknown)
        libvirt_take_late
        return 0
        ;;
    off)
        libvirt_take_late
        libvirt_forget
        return
        ;;
    stuck) because "$reason" || return ;;
    esac
    # What was restored for this very run is older than what is saved now, or than the disks after a shutdown.
    libvirt_set_aside || return
    if [ "$stop_mode" = shutdown ]; then
        libvirt_shutdown
        return
    fi
    rm -f "$directory/$vm.state.part"
    now
    left=$clock
    virsh_act "$long" save "$vm" "$directory/$vm.state.part" || libvirt_not_saved $? || return
    # A state under its own name is whole; the rename is on disk when the volume is unmounted.
    mv "$directory/$vm.state.part" "$directory/$vm.state" || because "the saved state cannot be renamed" || return
    rm -f "$directory/$vm.state.used"
    stamp_away "$left"
    libvirt_transient || libvirt_forget
}

# libvirt_not_saved CODE: after a save that failed, have the guest run on; what may be the only copy of its memory stays.
libvirt_not_saved() {
    if [ "$1" -eq 124 ]; then
        because "libvirt has not saved it within $long s; if it does yet, the next stop or start takes it from $vm.state.part"
        return
    fi
    why="it was not suspended: $(last)"
    libvirt_settled || return
    case $state in
    running) rm -f "$directory/$vm.state.part" ;;
    paused) ! virsh_act "$long" resume "$vm" || rm -f "$directory/$vm.state.part" ;;
    unknown | off)
        # Only the answer was lost.
        ! libvirt_whole "$directory/$vm.state.part" || return 0
        why="$why; and it is gone"
        ;;
    esac
    reason=$why
    return "$OCF_ERR_GENERIC"
}

# A domain that was made by create or restore is gone once it is saved: nothing to undefine, one virsh less.
libvirt_transient() { [ ! -e "/etc/libvirt/qemu/$vm.xml" ] && [ "$uri" = qemu:///system ]; }

libvirt_shutdown() {
    virsh_act 60 shutdown "$vm" || because "it does not shut down: $(last)" || return
    patience=170
    while [ "$patience" -gt 0 ]; do
        libvirt_state
        case $state in off | unknown) libvirt_forget && return ;; esac
        sleep "$pause"
        patience=$((patience - 1))
    done
    because "the guest did not shut down; it runs on"
}

libvirt_warm() {
    virsh_act 60 version || because "libvirt does not answer: $(last)"
}
