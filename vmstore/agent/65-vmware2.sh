# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# VMware Server 2.x: vmware-vim-cmd, which names VMs by a number that each host gives out.

# vmware2_id: the VM's number on this host in $id; 1 where it is not listed, which no failure to list may look like.
vmware2_id() {
    id=''
    within "$limit" vmware-vim-cmd vmsvc/getallvms
    code=$?
    case $code in
    0)
        # A listing that was cut off must not look like one without the VM.
        case $told in *Vmid*) ;; *) told="getallvms printed no list" && return 2 ;; esac
        ;;
    1) return 2 ;;
    *) return "$code" ;;
    esac
    rest=$told
    while [ -n "$rest" ]; do
        next_line
        case $line in
        # A clone's .vmx may have the name of another's; its folder has not.
        [0-9]*[\ /]"${directory##*/}/${vmx##*/} "* | [0-9]*"] ${vmx##*/} "* | [0-9]*[\ /]"${directory##*/}/${vmx##*/}")
            id=${line%%[!0-9]*}
            ;;
        esac
    done
    [ -n "$id" ]
}

vmware2_state() {
    state=hung
    vmware2_id
    code=$?
    case $code in
    0) ;;
    124) reason="vmware-vim-cmd gave no answer within $limit s" && return ;;
    1 | 127) state=unknown && return ;;
    *) reason="vmware-vim-cmd: $(last)" && return ;;
    esac
    within "$limit" vmware-vim-cmd vmsvc/message "$id"
    case $? in
    124) reason="vmware-vim-cmd gave no answer within $limit s" && return ;;
    esac
    case $told in *'machine message '[0-9]*) state=stuck && return ;; esac
    within "$limit" vmware-vim-cmd vmsvc/power.getstate "$id"
    code=$?
    case $code,$told in
    0,*'Powered on'*) state=running ;;
    0,*'Powered off'*) state=off ;;
    0,*'Suspended'*) state=suspended ;;
    124,*) reason="vmware-vim-cmd gave no answer within $limit s" ;;
    *) reason="vmware-vim-cmd: $(last)" ;;
    esac
}

vmware2_register() {
    chmod 0755 "$vmx"
    retried vmware-vim-cmd solo/registervm "$vmx" || because "it cannot be registered: $(last)" || return
    vmware2_id || because "it was registered but is not listed"
}

vmware2_unregister() {
    tries=$retries
    while :; do
        vmware2_id
        case $? in
        0) ;;
        1) return 0 ;;
        *) because "whether it is unregistered is not known: $(last)" || return ;;
        esac
        [ "$tries" -gt 0 ] || because "it cannot be unregistered: $(last)" || return
        act "$limit" vmware-vim-cmd vmsvc/unregister "$id"
        tries=$((tries - 1))
    done
}

vmware2_power_on() { act 120 vmware-vim-cmd vmsvc/power.on "$id" || because "it does not start: $(last)"; }

vmware2_suspend() { act 300 vmware-vim-cmd vmsvc/power.suspend "$id"; }

vmware2_shutdown() { act 170 vmware-vim-cmd vmsvc/power.shutdown "$id" || because "it does not shut down: $(last)"; }

vmware2_answer() {
    within "$limit" vmware-vim-cmd vmsvc/message "$id"
    question=${told#*machine message }
    question=${question%%[!0-9]*}
    choose_keep || return
    act "$limit" vmware-vim-cmd vmsvc/message "$id" "$question" "$choice" \
        || because "its question was not answered: $(last)"
}

vmware2_start() { vmware_start; }
vmware2_stop() {
    command -v vmware-vim-cmd >/dev/null 2>&1 || return 0
    vmware_stop
}
vmware2_warm() { within "$limit" vmware-vim-cmd vmsvc/getallvms || because "vmware-vim-cmd does not answer: $(last)"; }
