# shellcheck shell=bash
# What each boot script needs: the machine's configuration and the words the host reads on the console.

# Handed over by the host as a firmware file; see lab/guestconfig.py for its variables.
modprobe qemu_fw_cfg
# Not sourced: bash trusts the size of a file it sources, and sysfs does not tell it.
eval "$(cat /sys/firmware/qemu_fw_cfg/by_name/opt/vmstore-lab/config/raw)"

# become_machine: bear the machine's name, and end as it would.
become_machine() {
    # An oops must look like a loss of power to the other nodes, not like a node that answers half of the time.
    echo 1 >/proc/sys/kernel/panic_on_oops
    hostname "$LAB_NAME"
    echo "$LAB_NAME" >/etc/hostname
}

# milestone NAME: tell the host how far this machine is.
milestone() {
    local uptime rest
    read -r uptime rest </proc/uptime
    echo "lab: $1 $uptime"
}

# fail WHY: tell the host that this boot cannot succeed, so that it need not wait for its time limit.
fail() {
    # shellcheck disable=SC2034  # read by the trap of the boot script
    finished=yes
    echo "lab: failed $1"
    exit 1
}

# create_fc_port INTERFACE: make a Fibre Channel port of a network interface (FCoE, VN2VN). The interface is still down:
# Linux 6.1 dereferences a null pointer (fcoe_ctlr_vn_recv) for a frame that arrives while the port is being made.
create_fc_port() {
    echo "$1" >/sys/module/libfcoe/parameters/create_vn2vn
    ip link set "$1" up
}

# The seconds that a caller names are for a machine that does nothing else; a busy one may take so many times as long.
slow=4

# until_true SECONDS COMMAND...: try a command again until it succeeds; 1 when it never did.
until_true() {
    local deadline=$((SECONDS + $1 * slow))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep "${every:-0.3}"
    done
}

# until_seldom SECONDS COMMAND...: the same for a question that costs a second itself, which all nodes ask while they have
# more than enough to do.
until_seldom() {
    local every=4
    until_true "$@"
}

# each_lun COMMAND...: call COMMAND NAME TRANSPORT PATHS SERIAL WWID IN_VG for each LUN, in the order of the topology.
each_lun() {
    local line words
    while read -r line; do
        [ -n "$line" ] || continue
        read -r -a words <<<"$line"
        "$@" "${words[@]}" || return 1
    done <<<"$LAB_LUNS"
}
