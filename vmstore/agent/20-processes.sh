# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # variables shared between the parts
# Run programs within a time limit, and note what was done.

ran=''
told=''

# within SECONDS PROGRAM...: put its output into $told and give its exit code; 124 where it did not end in time. A stuck
# product must not hang the manager, and timeout(1) is not on every host that this serves.
within() {
    seconds=$1
    shift
    if command -v timeout >/dev/null 2>&1; then
        # Killed outright: what does not answer may not heed anything else, and -k is not in every timeout(1).
        ended=0
        told=$(timeout -s KILL "$seconds" "$@" 2>&1 </dev/null) || ended=$?
        [ $ended -ne 137 ] || ended=124
        return $ended
    fi
    scratch=${TMPDIR:-/tmp}/vmstore-vm.$$
    rm -f "$scratch"
    (umask 077 && set -C && : >"$scratch") || return 1
    "$@" >"$scratch" 2>&1 </dev/null &
    child=$!
    (
        sleep "$seconds" &
        trap 'kill $!; exit' TERM
        wait $!
        kill -9 $child
    ) >/dev/null 2>&1 &
    watch=$!
    ended=0
    wait $child 2>/dev/null || ended=$?
    kill $watch 2>/dev/null
    told=$(cat "$scratch")
    rm -f "$scratch"
    [ $ended -ne 137 ] || ended=124
    return $ended
}

# act SECONDS PROGRAM...: as within, for what changes something, which the log names.
act() {
    shift_seconds=$1
    shift
    ran="$ran${ran:+; }$*"
    within "$shift_seconds" "$@"
}

# last: the last line of $told, for a reason.
last() {
    line=${told##*
}
    printf '%s' "${line:-no message}"
}

now() {
    clock=$(date +%s.%N)
    case $clock in
    *N) clock=${clock%%.*}.0 ;;
    esac
}

# seconds_between EARLIER LATER: with a tenth, in $between; without bc or awk.
seconds_between() {
    whole=$((${2%%.*} - ${1%%.*}))
    early=${1#*.}0 late=${2#*.}0
    early=${early%"${early#?}"} late=${late%"${late#?}"}
    tenths=$((whole * 10 + late - early))
    [ $tenths -ge 0 ] || tenths=0
    between=$((tenths / 10)).$((tenths % 10))
}

# One line for the system log, and the reason of a failure for whoever called.
report() {
    [ "$2" -eq 0 ] || [ -z "$reason" ] || echo "vmstore-vm: $1 $vm: $reason" >&2
    case $1,$2 in
    start,* | stop,* | warm,[!0]* | monitor,1 | status,1 | *,124) ;;
    *) return 0 ;;
    esac
    now
    seconds_between "$began" "$clock"
    outcome="done"
    [ "$2" -eq 0 ] || outcome="failed ($2): $reason"
    within 5 logger -t vmstore-vm -- "$vm $1 $outcome in $between s${ran:+: $ran}"
    return 0
}
