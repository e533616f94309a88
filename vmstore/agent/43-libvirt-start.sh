# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# libvirt: start, from the saved state where there is one.

# A saved state serves once: with the disks changed since, restoring it would destroy the guest's file systems. So it is
# set aside, on disk, before the guest runs on, and removed when it does; a crash in between costs a boot, never a disk.
libvirt_set_aside() {
    aside=''
    if [ -e "$directory/$vm.state" ]; then
        mv "$directory/$vm.state" "$directory/$vm.state.used" || because "$directory/$vm.state cannot be renamed" || return
        aside=yes
    elif [ ! -e "$directory/$vm.state.used" ]; then
        return 0
    fi
    # sync -f came with coreutils 8.24; without it all of the node is synced.
    act 120 sync -f "$directory" || act 120 sync || because "the file system cannot be synced: $(last)"
}

# Only what this very action set aside: a state that was left aside earlier is spent.
libvirt_put_back() { [ -z "$aside" ] || mv "$directory/$vm.state.used" "$directory/$vm.state"; }

# libvirt_resume: let a paused guest run on, whose saved state is spent from then on.
libvirt_resume() {
    libvirt_set_aside || return
    resumed=0
    virsh_act "$long" resume "$vm" || resumed=$?
    # No answer, or a lost one, says nothing of the guest: it may run yet.
    case $told in *isconnected* | *'nd of file'* | *'reset by peer'*) [ "$resumed" -eq 0 ] || resumed=124 ;; esac
    if [ "$resumed" -ne 0 ]; then
        why="it is paused and does not resume: $(last)"
        # Where it ran after all or nobody knows, the state is not offered again.
        libvirt_state
        [ "$resumed" -eq 124 ] || [ "$state" != paused ] || libvirt_put_back
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
    late=0
    libvirt_take_late || late=$?
    case $late in
    0) ;;
    1) rm -f "$directory/$vm.state.part" ;;
    *) because "whether $vm.state.part is whole cannot be told: $(last)" || return ;;
    esac
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
    # Under another name nobody would find it again.
    within 10 grep -qF "<name>$vm</name>" "$directory/$vm.xml" \
        || because "$directory/$vm.xml does not define a domain of the name $vm" || return
    virsh_act 120 create "$directory/$vm.xml" || because "it does not start: $(last)"
}

# Paused, so that the state can be set aside before the guest writes. Libvirt before 0.9.5 has no such option: there the
# guest runs at once, so what it runs from is set aside first.
libvirt_restore() {
    virsh_act "$long" restore --paused "$directory/$vm.state" && return
    case $told in *"support option"*) ;; *) return 1 ;; esac
    libvirt_set_aside || return
    restored=0
    virsh_act "$long" restore "$directory/$vm.state.used" || restored=$?
    [ "$restored" -ne 0 ] || return 0
    why=$told
    if [ "$restored" -ne 124 ]; then
        libvirt_state
        case $state in unknown | off) libvirt_put_back ;; esac
    fi
    told=$why
    return 1
}
