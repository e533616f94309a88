# shellcheck shell=bash
# Membership (corosync) and locks (dlm, lvmlockd) of a node.

corosync_nodes() {
    local name number=0
    for name in $LAB_NODES; do
        number=$((number + 1))
        printf '    node {\n        ring0_addr: 10.9.0.%s\n        name: %s\n        nodeid: %s\n    }\n' $number "$name" $number
    done
}

# Of two nodes one alone goes on, once both have been there: the one that fences first.
two_nodes() {
    local names
    read -r -a names <<<"$LAB_NODES"
    [ ${#names[@]} -ne 2 ] || echo '    two_node: 1'
}

# token 10 s: an emulated node may not be scheduled for seconds, and must not be declared dead for it.
configure_corosync() {
    cat >/etc/corosync/corosync.conf <<C
totem {
    version: 2
    cluster_name: lab
    transport: udpu
    token: 10000
    crypto_cipher: none
    crypto_hash: none
}
nodelist {
$(corosync_nodes)
}
quorum {
    provider: corosync_votequorum
$(two_nodes)
}
logging {
    to_stderr: no
    to_syslog: no
    to_logfile: yes
    timestamp: hires
    logfile: /var/log/corosync.log
}
C
}

quorate() { corosync-quorumtool -s 2>/dev/null | grep -q '^Quorate: *Yes'; }

join_cluster() {
    modprobe dlm
    configure_corosync
    corosync || return 1
    until_true 90 quorate || return 1
    milestone quorate
}

# dlm fences only where somebody can switch a node off on behalf of another: with sbd, under a manager. Elsewhere it would
# stop all locks after a crash and wait for a fence agent for ever. The price: after a crash the locks of a node are given
# away without proof that it is dead, which is safe here because "crash" kills the emulator.
start_locks() {
    local fencing=0
    [ "$LAB_MANAGER" = none ] || fencing=1
    [ "$LAB_MANAGER" != rgmanager ] || configure_dlm_fencing
    # Made by a udev rule; without it dlm_controld runs on and serves nobody.
    until_true 30 test -e /dev/misc/dlm-control || return 1
    dlm_controld --enable_fencing $fencing --log_debug >/var/log/dlm_controld.out 2>&1 || return 1
    until_true 30 dlm_tool status || return 1
    lvmlockd -g dlm || return 1
    until_true 30 lvmlockctl -i || return 1
    milestone locks
}

start_cluster() {
    join_cluster && start_locks
}
