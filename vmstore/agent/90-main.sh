# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # variables shared between the parts
meta_data() {
    cat <<X
<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="vm" version="$agent_version">
<version>1.0</version>
<longdesc lang="en">Runs a VM whose files all lie on an LV of its own. Activates and mounts the LV, and resumes or boots the VM;
stopping suspends it to that file system. For libvirt, VMware Server 1.x and VMware Server 2.x.</longdesc>
<shortdesc lang="en">A VM on its own volume, suspended on stop</shortdesc>
<parameters>
<parameter name="vm" unique="1" required="1"><longdesc lang="en">The VM, which is also the name of its LV.</longdesc>
<shortdesc lang="en">VM</shortdesc><content type="string"/></parameter>
<parameter name="vg"><longdesc lang="en">The VG of the LV.</longdesc>
<shortdesc lang="en">VG</shortdesc><content type="string" default="vmstore"/></parameter>
<parameter name="directory" unique="1"><longdesc lang="en">Where the volume is mounted; /vm/VM if not given.</longdesc>
<shortdesc lang="en">mount point</shortdesc><content type="string"/></parameter>
<parameter name="fstype"><longdesc lang="en">File system of the volume: ext3, ext4 or xfs.</longdesc>
<shortdesc lang="en">file system</shortdesc><content type="string" default="ext4"/></parameter>
<parameter name="hypervisor"><longdesc lang="en">libvirt, vmware1, vmware2, or auto.</longdesc>
<shortdesc lang="en">hypervisor</shortdesc><content type="string" default="auto"/></parameter>
<parameter name="uri"><longdesc lang="en">libvirt's connection URI.</longdesc>
<shortdesc lang="en">libvirt URI</shortdesc><content type="string" default="qemu:///system"/></parameter>
<parameter name="storage"><longdesc lang="en">Whether this resource also activates and mounts the volume: yes or no.</longdesc>
<shortdesc lang="en">own the storage</shortdesc><content type="string" default="yes"/></parameter>
<parameter name="stop_mode"><longdesc lang="en">What stop does: suspend the VM, or shut the guest down.</longdesc>
<shortdesc lang="en">suspend or shutdown</shortdesc><content type="string" default="suspend"/></parameter>
</parameters>
<actions>
<action name="start" timeout="300s"/>
<action name="stop" timeout="300s"/>
<action name="monitor" timeout="60s" interval="30s" depth="0"/>
<action name="status" timeout="60s"/>
<action name="validate-all" timeout="10s"/>
<action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>
X
}

usage() {
    echo "usage: $0 {start|stop|status|monitor|warm|validate-all|meta-data|--version}" >&2
}

# lsb CODE: what an init script answers (LSB 3.1, 20.2): status 3 is "not running"; a failed action is 1.
lsb() {
    case $1,$2 in
    status,0 | monitor,0) return 0 ;;
    status,7 | monitor,7) return 3 ;;
    status,* | monitor,*) return 1 ;;
    *) return "$2" ;;
    esac
}

main() {
    case ${1:-} in
    --version) echo "vmstore-vm $agent_version" && return "$OCF_SUCCESS" ;;
    meta-data) meta_data && return "$OCF_SUCCESS" ;;
    start | stop | status | monitor | warm | validate-all) ;;
    *) usage && return "$OCF_ERR_UNIMPLEMENTED" ;;
    esac
    settle_settings
    now
    began=$clock
    result=0
    case $1 in
    start) action_start ;;
    stop) action_stop ;;
    status | monitor) action_monitor ;;
    warm) action_warm ;;
    validate-all) action_validate ;;
    esac || result=$?
    report "$1" $result
    [ "$standard" = ocf ] || lsb "$1" $result || result=$?
    return $result
}

main "$@"
exit $?
