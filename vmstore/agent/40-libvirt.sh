# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# libvirt. The domain's definition is VM.xml and its saved state VM.state, both on the VM's volume: what libvirt itself
# would save lies on the node (/var/lib/libvirt/qemu/save) and would be lost on a failover.

virsh_within() {
    seconds_allowed=$1
    shift
    within "$seconds_allowed" virsh -q -c "$uri" "$@"
}

virsh_act() {
    seconds_allowed=$1
    shift
    act "$seconds_allowed" virsh -q -c "$uri" "$@"
}

# The process of a domain, which libvirt's QEMU driver notes; asking it costs no process of ours.
libvirt_process() {
    pid=''
    [ -r "/run/libvirt/qemu/$vm.pid" ] && read -r pid <"/run/libvirt/qemu/$vm.pid"
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# libvirt_state: running, paused, off, unknown (no such domain) or stuck, in $state.
libvirt_state() {
    state=stuck
    if virsh_within "$limit" domstate "$vm"; then
        case $told in
        running* | idle* | blocked* | 'in shutdown'*) state=running ;;
        paused* | pmsuspended*) state=paused ;;
        'shut off'* | crashed*) state=off ;;
        *) state=stuck reason="libvirt calls it '$(last)'" ;;
        esac
        return
    elif [ $? -eq 124 ]; then
        reason="libvirt gave no answer within $limit s"
        return
    fi
    case $told in
    *'failed to get domain'* | *'Domain not found'*) state=unknown ;;
    *'failed to connect'* | *'Failed to connect'* | *'not found'* | *'No such file'*)
        state=unknown
        ! libvirt_process || { state=stuck && reason="its process $pid runs, but libvirt does not answer: $(last)"; }
        ;;
    *) reason=$(last) ;;
    esac
}

# A domain of that name that is off, left by an earlier run on this node, would be in the way of the saved one.
libvirt_forget() {
    for keep in --keep-nvram ''; do
        # shellcheck disable=SC2086  # an option or none
        virsh_act 60 undefine $keep "$vm" && return
        case $told in *'failed to get domain'* | *'Domain not found'*) return 0 ;; esac
    done
    because "the old definition cannot be removed: $(last)"
}

libvirt_start() {
    libvirt_state
    case $state in
    running) return 0 ;;
    paused)
        virsh_act 60 resume "$vm" || because "it is paused and does not resume: $(last)"
        return
        ;;
    stuck) because "$reason" || return ;;
    off) libvirt_forget || return ;;
    esac
    rm -f "$directory/$vm.state.part"
    if [ -s "$directory/$vm.state" ]; then
        how=resumed
        virsh_act 300 restore "$directory/$vm.state" \
            || because "the saved state was not restored and is kept: $(last)" || return
        libvirt_state
        [ "$state" = running ] || because "it was restored but is $state; the saved state is kept" || return
        # Used twice, it would destroy the file systems of the guest.
        rm -f "$directory/$vm.state" || because "the used state $directory/$vm.state cannot be removed"
        return
    fi
    how=booted
    [ -e "$directory/$vm.xml" ] || because "there is no $directory/$vm.xml to start it from" || return
    virsh_act 120 create "$directory/$vm.xml" || because "it does not start: $(last)"
}

libvirt_stop() {
    if ! command -v virsh >/dev/null 2>&1; then
        return 0
    fi
    libvirt_state
    case $state in
    unknown) return 0 ;;
    off)
        libvirt_forget
        return
        ;;
    stuck) because "$reason" || return ;;
    esac
    if [ "$stop_mode" = shutdown ]; then
        libvirt_shutdown
        return
    fi
    rm -f "$directory/$vm.state.part"
    if ! virsh_act 300 save "$vm" "$directory/$vm.state.part"; then
        reason="it was not suspended: $(last)"
        # A save that ran out of room leaves the guest paused or running; it goes on as if nothing had been asked.
        rm -f "$directory/$vm.state.part"
        libvirt_state
        [ "$state" != paused ] || virsh_act 60 resume "$vm"
        return "$OCF_ERR_GENERIC"
    fi
    # A state under its own name is whole; the rename is on disk when the volume is unmounted.
    mv "$directory/$vm.state.part" "$directory/$vm.state" || because "the saved state cannot be renamed" || return
    libvirt_transient || libvirt_forget
}

# A domain that was made by create or restore is gone once it is saved: nothing to undefine, one virsh less.
libvirt_transient() { [ ! -e "/etc/libvirt/qemu/$vm.xml" ] && [ "$uri" = qemu:///system ]; }

libvirt_shutdown() {
    virsh_act 60 shutdown "$vm" || because "it does not shut down: $(last)" || return
    patience=170
    while [ $patience -gt 0 ]; do
        libvirt_state
        case $state in off | unknown) libvirt_forget && return ;; esac
        sleep 1
        patience=$((patience - 1))
    done
    because "the guest did not shut down; it runs on"
}

libvirt_warm() {
    virsh_act 60 version || because "libvirt does not answer: $(last)"
}
