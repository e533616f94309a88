# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# libvirt: start, from the saved state where there is one.

# A saved state serves once: with the disks changed since, restoring it would destroy the guest's file systems. So it is
# set aside, on disk, before the guest runs on, and removed when it does; a crash in between costs a boot, never a disk.
libvirt_set_aside() {
    [ -e "$directory/$vm.state" ] || return 0
    mv "$directory/$vm.state" "$directory/$vm.state.used" || because "$directory/$vm.state cannot be renamed" || return
    # sync -f came with coreutils 8.24; without it all of the node is synced.
    act 120 sync -f "$directory" || act 120 sync || because "the file system cannot be synced: $(last)"
}

libvirt_put_back() {
    [ ! -e "$directory/$vm.state.used" ] || mv "$directory/$vm.state.used" "$directory/$vm.state"
}

# libvirt_resume: let a paused guest run on, whose saved state is spent from then on.
libvirt_resume() {
    libvirt_set_aside || return
    if ! virsh_act "$long" resume "$vm"; then
        reason="it is paused and does not resume: $(last)"
        # Where it ran after all or nobody knows, the state is not offered again.
        why=$reason
        libvirt_state
        [ "$state" != paused ] || libvirt_put_back
        reason=$why
        return "$OCF_ERR_GENERIC"
    fi
    rm -f "$directory/$vm.state.used"
}

libvirt_start() {
    libvirt_settled || return
    case $state in
    running)
        # A start that was cut off after the guest ran may have left what it had restored.
        rm -f "$directory/$vm.state" "$directory/$vm.state.used" "$directory/$vm.state.part"
        return
        ;;
    paused)
        libvirt_resume
        return
        ;;
    stuck) because "$reason" || return ;;
    off) libvirt_forget || return ;;
    esac
    libvirt_take_late || rm -f "$directory/$vm.state.part"
    rm -f "$directory/$vm.state.used"
    if [ -s "$directory/$vm.state" ]; then
        how=resumed
        libvirt_restore || because "the saved state was not restored and is kept: $(last)" || return
        libvirt_state
        case $state in
        paused) libvirt_resume ;;
        running) libvirt_set_aside && rm -f "$directory/$vm.state.used" ;;
        *) because "it was restored but is $state; the saved state is kept" ;;
        esac
        return
    fi
    how=booted
    [ -e "$directory/$vm.xml" ] || because "there is no $directory/$vm.xml to start it from" || return
    virsh_act 120 create "$directory/$vm.xml" || because "it does not start: $(last)"
}

# Paused, so that the state can be set aside before the guest writes; libvirt before 0.9.5 has no such option.
libvirt_restore() {
    virsh_act "$long" restore --paused "$directory/$vm.state" && return
    case $told in *"support option"*) virsh_act "$long" restore "$directory/$vm.state" ;; *) return 1 ;; esac
}
