# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317  # called by name, and variables shared between the parts
# VMware Server: what 1.x and 2.x have in common. The VM's files, its suspended state (.vmss) among them, lie in its
# directory on its own volume.

# vmx_path: the VM's configuration in $vmx; none is no error.
vmx_path() {
    vmx=''
    for file in "$directory/$vm.vmx" "$directory"/*.vmx; do
        [ -e "$file" ] || continue
        vmx=$file
        return 0
    done
    return 1
}

# vmx_value KEY: the value of a key of the .vmx in $value, both in small letters: keys are matched in any case, and blanks
# and quotes are optional (VMware's own files have "key = "value"").
vmx_value() {
    value=''
    lowered=$(tr 'A-Z\t' 'a-z ' <"$vmx")
    while IFS='=' read -r key rest; do
        key=${key%"${key##*[! ]}"}
        [ "${key#"${key%%[! ]*}"}" = "$1" ] || continue
        rest=${rest#"${rest%%[! \"]*}"}
        value=${rest%"${rest##*[! \"]}"}
    done <<X
$lowered
X
}

# The suspended state is whole or absent; a .vmx must not be changed while there is one (GSX and ESX guides).
suspended_on_disk() {
    vmx_value checkpoint.vmstate
    [ -n "$value" ]
}

# The path is the same on every node, but the host is not, so without this each cold start asks whether the VM was moved
# or copied, and "copied" would change its UUID and MAC address.
prevent_question() {
    ! suspended_on_disk || return 0
    vmx_value uuid.action
    [ "$value" != keep ] || return 0
    if ! {
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
            *[Uu][Uu][Ii][Dd].[Aa][Cc][Tt][Ii][Oo][Nn]*=*) ;;
            *) printf '%s\n' "$line" ;;
            esac
        done <"$vmx"
        echo 'uuid.action = "keep"'
    } >"$vmx.vmstore" || ! chmod 0755 "$vmx.vmstore" || ! mv "$vmx.vmstore" "$vmx"; then
        because "cannot write $vmx"
    fi
}

# next_line: take the first line off $rest into $line.
next_line() {
    line=${rest%%
*}
    case $rest in
    *"
"*) rest=${rest#*
} ;;
    *) rest='' ;;
    esac
}

# choose_keep: from the lines of a question in $told, put the number of the answer "keep" into $choice. The order differs
# between products, so the label decides; "always" would change how other VMs are treated; 1 for any other question.
choose_keep() {
    choice=''
    text=$told
    case $text in
    *'encapsulating the state'* | *iscard*)
        because "it asks what would throw away its suspended state; answer it by hand: $(last)"
        return
        ;;
    *uuid* | *UUID* | *identifier* | *'moved or copied'* | *'moved it'*) ;;
    *)
        because "it asks something that is not known here: $text"
        return
        ;;
    esac
    rest=$text
    while [ -n "$rest" ]; do
        next_line
        # An answer begins with its number; the text of the question speaks of keeping, too.
        answer=${line#"${line%%[!	 ]*}"}
        number=${answer%%[!0-9]*}
        case ${answer#"$number"} in [.\):]*) ;; *) number='' ;; esac
        [ -n "$number" ] || continue
        case $answer in
        *[Aa]lways*) ;;
        *[Kk]eep* | *'moved it'*) choice=$number && return 0 ;;
        esac
    done
    because "its question about the UUID has no answer that keeps it: $text"
}

# retried PROGRAM...: VMware fails to unregister at random (resource-agents, heartbeat/vmware).
retried() {
    tries=$retries
    until act "$limit" "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep "$pause"
    done
}

# vmware_poll STATE SECONDS: wait until the VM is in a state.
vmware_poll() {
    patience=$2
    while [ "$patience" -gt 0 ]; do
        "${hypervisor}_state"
        [ "$state" != "$1" ] || return 0
        [ "$state" != hung ] || because "$reason" || return
        [ "$state" != stuck ] || "${hypervisor}_answer" || return
        sleep "$pause"
        patience=$((patience - 1))
    done
    because "it is still $state after $2 s"
}

vmware_start() {
    vmx_path || because "there is no .vmx in $directory" || return
    "${hypervisor}_state"
    case $state in
    running) return 0 ;;
    hung) because "$reason" || return ;;
    stuck)
        # It is powered on and asks something: its files are in use.
        vmware_poll running 170
        return
        ;;
    esac
    drop_stale_locks
    # A .vmx that belongs to a suspended state must stay as it is.
    [ "$state" = suspended ] || prevent_question || return
    how=booted
    ! suspended_on_disk || how=resumed
    [ "$state" != unknown ] || "${hypervisor}_register" || return
    "${hypervisor}_power_on" || return
    vmware_poll running 170
}

vmware_stop() {
    vmx_path || return 0
    "${hypervisor}_state"
    case $state in
    unknown) return 0 ;;
    hung) because "$reason" || return ;;
    stuck) vmware_poll running 170 || return ;;
    esac
    case $state in
    off | suspended) ;;
    *)
        if [ "$stop_mode" = shutdown ]; then
            "${hypervisor}_shutdown" || return
            vmware_poll off 170 || return
        else
            now
            left=$clock
            "${hypervisor}_suspend" || because "it was not suspended: $(last)" || return
            vmware_poll suspended 170 || return
            stamp_away "$left"
        fi
        ;;
    esac
    "${hypervisor}_unregister"
}
