# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# VMware Server 1.x: vmware-cmd. Its exit codes are the numbers of VMControl's errors (8: wrong state, 11: no such VM, 14:
# no answer of vmware-authd, 20: registered already); its answers are "op(args) = value".

vmware1_state() {
    state=hung
    within "$limit" vmware-cmd "$vmx" getstate
    code=$?
    case $code,$told in
    0,*'= on'*) state=running ;;
    0,*'= off'*) state=off ;;
    0,*'= suspended'*) state=suspended ;;
    0,*'= stuck'*) state=stuck ;;
    11,* | 127,*) state=unknown ;;
    124,*) reason="vmware-cmd gave no answer within $limit s" ;;
    *) reason="vmware-cmd: $(last)" ;;
    esac
}

vmware1_register() {
    # It takes only what is readable and executable for its owner.
    chmod 0755 "$vmx"
    retried vmware-cmd -s register "$vmx" && return
    case $told in *'already exists'* | *'error -999'*) return 0 ;; esac
    because "it cannot be registered: $(last)"
}

vmware1_unregister() {
    retried vmware-cmd -s unregister "$vmx" && return
    case $told in *'error -11:'*) return 0 ;; esac
    because "it cannot be unregistered: $(last)"
}

# start waits for the answer to a question and so does not come back: it is let go on while the state is looked at.
vmware1_power_on() {
    ran="$ran${ran:+; }vmware-cmd $vmx start"
    vmware-cmd "$vmx" start >/dev/null 2>&1 </dev/null &
    starter=$!
    sleep "$pause"
    vmware1_state
    [ "$state" != off ] && [ "$state" != suspended ] && return 0
    kill -0 "$starter" 2>/dev/null && return 0
    wait "$starter" && return 0
    within "$limit" vmware-cmd "$vmx" start
    because "it does not start: $(last)"
}

vmware1_suspend() { act 300 vmware-cmd "$vmx" suspend; }

vmware1_shutdown() { act 170 vmware-cmd "$vmx" stop soft || because "it does not shut down: $(last)"; }

# The question is shown and the answer is read by one process, which takes the end of its input for the default answer:
# "create", a new identity for the VM. So its input stays open until the answer is known, and is never closed before.
vmware1_answer() {
    scratch=${TMPDIR:-/tmp}/vmstore-vm.$$
    rm -rf "$scratch"
    mkdir -m 0700 "$scratch" && mkfifo "$scratch/in" || because "cannot work in $scratch" || return
    vmware-cmd "$vmx" answer <"$scratch/in" >"$scratch/out" 2>&1 &
    asked=$!
    exec 3>"$scratch/in"
    waits=$limit
    told=''
    while [ "$waits" -gt 0 ]; do
        told=$(cat "$scratch/out")
        case $told in *'Select choice'*) break ;; esac
        kill -0 "$asked" 2>/dev/null || break
        sleep "$pause"
        waits=$((waits - 1))
    done
    code=0
    case $told in
    *'No questions pending'*) ;;
    *) choose_keep || code=$? ;;
    esac
    if [ "$code" -eq 0 ] && [ -n "${choice:-}" ]; then
        ran="$ran${ran:+; }vmware-cmd $vmx answer ($choice)"
        echo "$choice" >&3
        waits=$limit
        while [ "$waits" -gt 0 ] && kill -0 "$asked" 2>/dev/null; do
            sleep "$pause"
            waits=$((waits - 1))
        done
        [ "$waits" -gt 0 ] || kill -9 "$asked" 2>/dev/null
        wait "$asked" 2>/dev/null || because "its question was not answered" || code=$?
    else
        kill -9 "$asked" 2>/dev/null
        wait "$asked" 2>/dev/null
    fi
    exec 3>&-
    rm -rf "$scratch"
    choice=''
    return "$code"
}

vmware1_start() { vmware_start; }
vmware1_stop() {
    command -v vmware-cmd >/dev/null 2>&1 || return 0
    vmware_stop
}
vmware1_warm() { within "$limit" vmware-cmd -l || because "vmware-cmd does not answer: $(last)"; }
