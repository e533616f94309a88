# shellcheck shell=bash
# Red Hat Cluster Suite: the stand-ins for rgmanager's commands and daemon (lab/standins/rgmanager), on real corosync, dlm,
# fencing, LVM and file systems. The one state of all services is kept by a process of the array, which never crashes.
standins=/opt/vmstore-src/lab/standins
state_port=7790

start_rgmanager_state() {
    echo "{\"state\": \"0.0.0.0:$state_port\"}" >/etc/rgmanager-standin.json
    $standins/rgmanager/rgmanager-state run >/var/log/rgmanager-state.out 2>&1 </dev/null &
}

configure_rgmanager() {
    local name number=0 conf=/etc/cluster/cluster.conf
    for name in clustat clusvcadm cman_tool ccs_tool ccs_config_validate; do
        ln -sf $standins/quick /usr/sbin/$name
    done
    ln -sf $standins/rgmanager/rgmanager /usr/sbin/rgmanager
    for name in vmware-cmd vmware-vim-cmd; do
        ln -sf $standins/vmware/$name /opt/$name
    done
    echo "{\"node\": \"$LAB_NAME\", \"state\": \"10.9.0.100:$state_port\", \"loading\": 5}" >/etc/rgmanager-standin.json
    mkdir -p /etc/cluster /var/log/cluster /run/rgmanager
    [ ! -e $conf ] || return 0
    {
        printf '<?xml version="1.0"?>\n<cluster name="lab" config_version="1">\n  <cman two_node="1" expected_votes="1"/>\n  <clusternodes>\n'
        for name in $LAB_NODES; do
            number=$((number + 1))
            printf '    <clusternode name="%s" nodeid="%s"><fence><method name="1"><device name="sbd" port="%s"/></method></fence></clusternode>\n' \
                "$name" $number "$name"
        done
        printf '  </clusternodes>\n  <fencedevices><fencedevice name="sbd" agent="fence_sbd"/></fencedevices>\n'
        printf '  <rm>\n    <failoverdomains/>\n    <resources/>\n  </rm>\n</cluster>\n'
    } >$conf
}

all_manage() {
    local told name
    told=$(clustat -x 2>/dev/null) || return 1
    for name in $LAB_NODES; do
        [[ $told =~ node\ name=\"$name\"\ state=\"1\"[^/]*\ rgmanager=\"1\" ]] || return 1
    done
}

start_rgmanager() {
    configure_rgmanager
    PYTHONPATH=/opt/vmstore-src PYTHONPYCACHEPREFIX=/run/rgmanager-pycache \
        python3 -m lab.standins.forkserver >/var/log/forkserver.out 2>&1 </dev/null &
    rgmanager start || return 1
    until_seldom 180 all_manage
}
