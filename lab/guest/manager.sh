# shellcheck shell=bash
# The cluster manager of a node, and the hypervisor and the agent that its services need; without a manager, vmstore runs
# the agent itself, and the hypervisor waits for `libvirtd -d`.
agent=/usr/lib/ocf/resource.d/vmstore/vm

prepare_manager() {
    mkdir -p "${agent%/*}" /etc/vmstore/vm.d /vm
    cat /opt/vmstore-src/vmstore/agent/[0-9]*.sh >$agent
    chmod 0755 $agent
    printf '%s\n' "vg=$LAB_VG" 'root=/vm' 'hypervisor=libvirt' >/etc/vmstore/agent.conf
    # QEMU runs as root and writes its serial file itself; there are no cgroups and no namespaces to put it into.
    printf '%s\n' 'user = "root"' 'group = "root"' 'dynamic_ownership = 0' 'remember_owner = 0' 'security_driver = "none"' \
        'namespaces = []' 'cgroup_controllers = []' 'stdio_handler = "file"' >/etc/libvirt/qemu.conf
    modprobe -a i6300esb loop
}

# The first connection on a node has libvirt look at what QEMU can do, which takes 10 s; nobody waits for it here.
start_hypervisor() {
    libvirtd -d || return 1
    (until_true 60 virsh -q version) &
}

# shellcheck source=lab/guest/sbd.sh
. "$here/sbd.sh"
# shellcheck source=lab/guest/pacemaker.sh
. "$here/pacemaker.sh"
# shellcheck source=lab/guest/rgmanager.sh
. "$here/rgmanager.sh"

start_manager() {
    # There is no systemd and no journal: what logs to syslog is in this file.
    [ "$LAB_MANAGER" = none ] || busybox syslogd -O /var/log/syslog
    case $LAB_MANAGER in
    none) return 0 ;;
    pacemaker) start_hypervisor && start_pacemaker ;;
    rgmanager) start_hypervisor && start_rgmanager ;;
    esac
}
