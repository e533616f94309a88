#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317  # functions called by name, variables shared between the parts
# vmstore-vm: run a VM whose files all lie on a volume of its own. Stopping suspends it to that volume, starting resumes
# it, so that a relocation costs the guest seconds and no reboot.
#
# One program for every cluster manager, told apart by how it is called:
#   rgmanager and LSB   under the VM's own name, as a link: /etc/vmstore/vm.d/VM {start|stop|status}
#   OCF (Pacemaker)     as /usr/lib/ocf/resource.d/vmstore/vm, with OCF_RESKEY_vm in the environment; there it also owns
#                       activation and mount unless storage=no
# Hypervisors: libvirt (virsh), VMware Server 1.x (vmware-cmd) and 2.x (vmware-vim-cmd).
#
# Written for dash, bash 3 and busybox ash. Processes are dear on a loaded node and time counts while a guest is
# suspended, so what the shell can do itself, it does.

# Raised with each change that is felt; `vmstore agent check` reads this line on every node.
agent_version=1.2

LC_ALL=C
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

OCF_SUCCESS=0
OCF_ERR_GENERIC=1
OCF_ERR_UNIMPLEMENTED=3
OCF_ERR_INSTALLED=5
OCF_ERR_CONFIGURED=6
OCF_NOT_RUNNING=7

mounts=${VMSTORE_AGENT_MOUNTS:-/proc/mounts}
# Seconds between two looks; "sleep" takes parts of a second in some systems only.
pause=${VMSTORE_AGENT_PAUSE:-1}
reason=''

# Give up this action and say why; the caller passes on the exit code.
because() {
    reason=$*
    return "$OCF_ERR_GENERIC"
}

# safe NAME: tell whether a name can stand in a path and in a command line.
safe() {
    case $1 in
    '' | -* | . | .. | *[!A-Za-z0-9_.+-]*) return 1 ;;
    esac
}

# Read KEY=value lines; they are data and never run.
read_settings() {
    vg=vmstore root=/vm hypervisor=auto uri=qemu:///system stop_mode=suspend limit=20 long=300 retries=5
    [ -r "$1" ] || return 0
    while IFS='=' read -r key value || [ -n "$key" ]; do
        case $key in
        vg) vg=$value ;;
        root) root=$value ;;
        hypervisor) hypervisor=$value ;;
        uri) uri=$value ;;
        stop_mode) stop_mode=$value ;;
        limit) limit=$value ;;
        long) long=$value ;;
        retries) retries=$value ;;
        esac
    done <"$1"
}

settle_settings() {
    read_settings "${VMSTORE_AGENT_CONF:-/etc/vmstore/agent.conf}"
    # rgmanager's script.sh hands its own OCF environment on, that of a resource "script" (rgmanager/src/daemons/restree.c).
    if [ "${OCF_RESOURCE_TYPE:-}" != script ] && [ -n "${OCF_RESKEY_vm:-}${OCF_RESOURCE_INSTANCE:-}" ]; then
        standard=ocf vm=${OCF_RESKEY_vm:-} storage=${OCF_RESKEY_storage:-yes}
    else
        standard=lsb vm=${0##*/} storage=no
    fi
    vg=${OCF_RESKEY_vg:-$vg}
    directory=${OCF_RESKEY_directory:-$root/$vm}
    hypervisor=${OCF_RESKEY_hypervisor:-$hypervisor}
    uri=${OCF_RESKEY_uri:-$uri}
    fstype=${OCF_RESKEY_fstype:-ext4}
    stop_mode=${OCF_RESKEY_stop_mode:-$stop_mode}
    device=/dev/$vg/$vm
    # Pacemaker tells in milliseconds when it will kill this action; what failed can then still be put in order.
    case ${OCF_RESKEY_CRM_meta_timeout:-} in
    '' | *[!0-9]*) ;;
    *) long=$((OCF_RESKEY_CRM_meta_timeout * 9 / 10000)) ;;
    esac
    [ "$hypervisor" != auto ] || guess_hypervisor
}

guess_hypervisor() {
    if command -v vmware-cmd >/dev/null 2>&1; then
        hypervisor=vmware1
    elif command -v vmware-vim-cmd >/dev/null 2>&1; then
        hypervisor=vmware2
    else
        hypervisor=libvirt
    fi
}

check_settings() {
    safe "$vm" || { because "'$vm' cannot name a VM" || return "$OCF_ERR_CONFIGURED"; }
    safe "$vg" || { because "'$vg' cannot name a VG" || return "$OCF_ERR_CONFIGURED"; }
    case $directory in
    /*) ;;
    *) because "the directory '$directory' is not absolute" || return "$OCF_ERR_CONFIGURED" ;;
    esac
    case $hypervisor in
    libvirt | vmware1 | vmware2) ;;
    *) because "there is no driver for the hypervisor '$hypervisor'" || return "$OCF_ERR_CONFIGURED" ;;
    esac
    # virsh takes a number for the id of a domain, of any domain, before it takes it for a name.
    case $hypervisor,$vm in
    libvirt,*[!0-9]*) ;;
    libvirt,*) because "libvirt would take '$vm' for the id of a domain" || return "$OCF_ERR_CONFIGURED" ;;
    esac
    case $stop_mode in
    suspend | shutdown) ;;
    *) because "stop_mode is '$stop_mode', neither suspend nor shutdown" || return "$OCF_ERR_CONFIGURED" ;;
    esac
    for number in "$limit" "$long" "$retries"; do
        case $number in
        '' | *[!0-9]*) because "limit, long and retries are whole numbers, not '$number'" || return "$OCF_ERR_CONFIGURED" ;;
        esac
    done
    case $fstype in
    ext3 | ext4 | xfs) ;;
    *) because "fstype is '$fstype', none of ext3, ext4, xfs" || return "$OCF_ERR_CONFIGURED" ;;
    esac
}

# Tell whether the programs are here that a start needs; a stop does without.
check_programs() {
    case $hypervisor in
    libvirt) needed=virsh ;;
    vmware1) needed=vmware-cmd ;;
    *) needed=vmware-vim-cmd ;;
    esac
    [ "$storage" = no ] || needed="$needed lvchange mount umount"
    for program in $needed; do
        command -v "$program" >/dev/null 2>&1 || { because "there is no program $program" || return "$OCF_ERR_INSTALLED"; }
    done
}
