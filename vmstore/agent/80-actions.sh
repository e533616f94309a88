# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # variables shared between the parts
# The actions, the same for every manager; what differs is the exit code of "not running".

how=''

# Both stamps lie on the volume, so that whoever has it mounted can tell how long the VM was away.
# stamp_away SINCE: note when the guest stood still, once it is suspended.
stamp_away() { echo "$1 $(uname -n)" >"$directory/.vmstore-away" 2>/dev/null; }

stamp_back() {
    now
    away=''
    if [ "$how" = resumed ] && [ -r "$directory/.vmstore-away" ] && read -r left _ <"$directory/.vmstore-away"; then
        seconds_between "$left" "$clock"
        away=$between
    fi
    echo "$clock $(uname -n) $how${away:+ $away}" >"$directory/.vmstore-back" 2>/dev/null
    rm -f "$directory/.vmstore-away"
}

action_start() {
    check_settings || return
    check_programs || return
    if [ "$storage" = yes ]; then
        take_storage || return
    else
        mounted || because "$directory is not mounted here" || return
    fi
    "${hypervisor}_start" || return
    [ -z "$how" ] || stamp_back
}

# rgmanager stops every service on every node when it starts, so where there is nothing this must be quick and right.
action_stop() {
    check_settings || return
    if mounted; then
        [ "$storage" = no ] || mounted_right || because "$directory is mounted from $source, not from $device" || return
        "${hypervisor}_stop" || return
    elif [ "$hypervisor" = libvirt ] && libvirt_process; then
        because "process $pid runs the VM, but $directory is not mounted"
        return
    fi
    [ "$storage" = no ] || let_go_of_storage
}

action_monitor() {
    check_settings || return
    if ! mounted; then
        [ "$hypervisor" != libvirt ] || ! libvirt_process || because "process $pid runs, but $directory is not mounted" || return
        return "$OCF_NOT_RUNNING"
    fi
    case $hypervisor in
    libvirt) libvirt_state ;;
    *) if vmx_path; then "${hypervisor}_state"; else state=unknown; fi ;;
    esac
    case $state in
    running) return 0 ;;
    paused | stuck | hung)
        because "${reason:-it is $state}"
        return
        ;;
    esac
    # Without the volume nothing is left of the service here; with it, the manager must stop before it starts elsewhere.
    [ "$storage" = no ] && return "$OCF_NOT_RUNNING"
    because "the volume is mounted but the VM is $state"
}

# Prepare this node to take the VM; changes nothing.
action_warm() {
    check_settings || return
    within 60 lvs --readonly --noheadings -o lv_name "$vg/$vm" || because "LVM does not see $vg/$vm: $(last)" || return
    "${hypervisor}_warm"
}

action_validate() {
    check_settings || return
    check_programs
}
