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
    for noted in "/run/libvirt/qemu/$vm.pid" "/var/run/libvirt/qemu/$vm.pid"; do
        [ -r "$noted" ] && read -r pid <"$noted"
    done
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
    # "failed to get domain" is said of every look-up that failed, also of one whose connection was lost.
    *'failed to get domain'* | *'Domain not found'* | *'failed to connect'* | *'Failed to connect'* | *'not found'* \
        | *'No such file'*)
        state=unknown
        ! libvirt_process || { state=stuck && reason="its process $pid runs, but libvirt says: $(last)"; }
        ;;
    *) reason=$(last) ;;
    esac
}

# libvirt_settled: the state once libvirt is no longer at work on the domain, as with a save or a restore whose action was
# cut off: it is called paused meanwhile.
libvirt_settled() {
    libvirt_state
    [ "$state" = paused ] || return 0
    patience=$long
    while :; do
        code=0
        virsh_within "$limit" domjobinfo "$vm" || code=$?
        case $code,$told in
        0,*None*) break ;;
        0,*) ;;
        124,*) because "libvirt gave no answer within $limit s" || return ;;
        # Gone meanwhile, or a libvirt before 0.7.7, which cannot be asked; anything else is no "it rests".
        *'failed to get domain'* | *'Domain not found'* | *nknown\ command* | *'not supported'* | *'not running'*) break ;;
        esac
        [ "$patience" -gt 0 ] || because "libvirt is still at work on it after $long s" || return
        sleep "$pause"
        patience=$((patience - 1))
    done
    libvirt_state
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

# libvirt_whole FILE: tell whether libvirt finished a saved state; 2 where that cannot be told. While it writes, the file begins with LibvirtQemudPart
# (libvirt, src/qemu/qemu_saveimage.h).
libvirt_whole() {
    [ -s "$1" ] || return 1
    within 20 dd "if=$1" bs=16 count=1 || return 2
    case $told in LibvirtQemudSave*) ;; *) return 1 ;; esac
}

# A save that outlived the stop that asked for it leaves a whole state under the name of an unfinished one.
libvirt_take_late() {
    libvirt_whole "$directory/$vm.state.part" || return
    ran="$ran${ran:+; }took $vm.state.part, which was saved late"
    mv "$directory/$vm.state.part" "$directory/$vm.state" || return 2
}
