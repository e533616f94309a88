#!/bin/bash
# Tell what could make a later command fail on this node, or lose a service, beyond what probe.sh tells. Read through
# standard input. Takes no lock and changes nothing.
#
# All parts run at the same time, and one that gives no answer is left behind: a process that waits for a LUN that hangs
# cannot be killed, and waiting for it would hang the whole answer, as would a pipe of ssh's that it keeps open.
# Arguments: seconds for each part, VG, where VMs are mounted, the VM agent; then any of "volumes", "order" and "fencing:MANAGER".
# shellcheck disable=SC2317,SC2329  # parts are called by name
limit=$1 vg=$2 directory=$3 agent=$4
shift 4
# ssh leaves descriptors open, of which every LVM command would warn.
export LVM_SUPPRESS_FD_WARNINGS=1

within() { timeout -k 1 "$limit" "$@"; }

# The names of dm devices that are suspended now.
suspended_now() {
    local name attributes
    within dmsetup info -c --noheadings --separator '|' -o name,attr | while IFS='|' read -r name attributes; do
        case $attributes in *s*) echo "$name" ;; esac
    done
    return "${PIPESTATUS[0]}"
}

# LVM suspends a device for a moment whenever it changes it: only what is suspended twice in a row counts.
suspended() {
    local before now
    before=$(suspended_now) || return
    [ -n "$before" ] || return 0
    sleep 2
    now=$(suspended_now) || return
    grep -xF -e "$before" <<<"$now"
    return 0
}

# The kernel's word on paths needs no disk to answer.
paths() { within dmsetup status --target multipath; }

# LVM hides a shared VG where lvmlockd is off, unless it is asked for (lvmlockd(8)). Before 2.02.124 it does not know that
# word, and says so by this exit code (lvm2 lib/commands/errors.h: EINVALID_CMD_LINE).
listing() {
    local code
    within "$1" --readonly --shared --noheadings --separator '|' "${@:2}"
    code=$?
    [ $code -eq 3 ] || return $code
    within "$1" --readonly --noheadings --separator '|' "${@:2}"
}

pvs_here() { listing pvs -o pv_uuid,pv_name,vg_name; }

settings() {
    local told file code
    told=$(within lvmconfig --type full devices global activation)
    code=$?
    case $code in
    # Before 2.02.123 LVM tells only what lvm.conf sets, before 2.02.119 by another name.
    3 | 127) told=$(within lvm dumpconfig) || return ;;
    [!0]*) return $code ;;
    esac
    grep -E '^[[:space:]]*((global_)?filter|use_devicesfile|devicesfile|use_lvmlockd|use_lvmpolld|auto_activation_volume_list)=' \
        <<<"$told"
    file=$(sed -n 's/^[[:space:]]*devicesfile="\(.*\)"$/\1/p' <<<"$told")
    # Without that file LVM goes by filters alone, whatever the setting says (lvmdevices(8)).
    [ -e "/etc/lvm/devices/$file" ] && [ -n "$file" ] || return 0
    echo devices-file
    cat "/etc/lvm/devices/$file"
}

# lvmlockctl serves one asker at a time (see probe.sh).
locks() {
    local try code
    for try in 1 2 3 4 5; do
        within lvmlockctl --info && return
        code=$?
        # Neither one that hangs nor one that is not there is only busy (timeout(1)).
        [ $code -lt 124 ] || break
        sleep "0.$try"
    done
    return $code
}

# The memory of each VM whose volume is mounted here, by its definition there, and what VMware keeps of it on disk.
guests() {
    local target vm files=() images=()
    grep -s '^stop_mode=' /etc/vmstore/agent.conf
    while read -r _ target _; do
        vm=${target#"$directory"/}
        case $vm in '' | "$target" | *[!A-Za-z0-9_.+-]*) continue ;; esac
        files+=("$target/$vm.xml" "$target"/*.vmx)
        images+=("$target"/*.vmem)
    done </proc/mounts
    [ ${#files[@]} -gt 0 ] || return 0
    within grep -HosiE '<memory( [^>]*)?>[0-9]+<|^[[:space:]]*memsize *= *"?[0-9]+' -- "${files[@]}"
    within stat -c '%n:kept %s' -- "${images[@]}" 2>/dev/null
    return 0
}

checksum() {
    [ -e "$agent" ] || return 0
    within sha256sum "$agent"
}

dlm() { within dlm_tool dump_config; }

volumes() {
    listing lvs -o lv_name,lv_autoactivation,vg_autoactivation "$vg"
}

fencing() {
    case $1 in
    pacemaker)
        echo '<configuration>'
        within cibadmin --query --local --scope crm_config && within cibadmin --query --local --scope resources || return
        echo '</configuration>'
        ;;
    # The file need not end with a newline.
    rgmanager) within cat /etc/cluster/cluster.conf && echo ;;
    esac
}

# What VMs need while Pacemaker suspends them, and would be stopped at the same time as it is by a node that shuts down.
readonly needed=(libvirt-guests.service libvirtd.service virtqemud.service lvmlockd.service lvmlocks.service dlm.service
    blk-availability.service)

# What of that systemd has running, and what it starts Pacemaker after, so that it stops Pacemaker first.
order() {
    # Another init has no such order (sd_booted(3)).
    [ -d /run/systemd/system ] || return 0
    within systemctl show --property=Id,ActiveState,After pacemaker.service resource-agents-deps.target "${needed[@]}"
}

names=() answers=()
# begin NAME COMMAND...: start a part.
begin() {
    local answer
    exec {answer}< <(
        exec 2>&1 </dev/null
        "${@:2}"
        echo "@end $?"
    )
    names+=("$1") answers+=("$answer")
}

# tell NUMBER: pass on what a part says, as long as there is time.
tell() {
    local line left
    echo "@${names[$1]}"
    while :; do
        left=$((limit + 2 - SECONDS))
        [ "$left" -gt 0 ] || left=0.1
        IFS= read -r -t "$left" -u "${answers[$1]}" line || break
        printf '%s\n' "$line"
        case $line in '@end '*) return ;; esac
    done
    # As timeout(1) would end it.
    echo "@end 124"
}

echo "@begin $(date +%s.%N) $EUID"
begin suspended suspended
begin paths paths
begin pvs pvs_here
begin settings settings
begin locks locks
begin guests guests
begin agent checksum
begin dlm dlm
for part in "$@"; do
    case $part in
    volumes) begin volumes volumes ;;
    order) begin order order ;;
    fencing:*) begin fencing fencing "${part#*:}" ;;
    esac
done
for number in "${!names[@]}"; do tell "$number"; done
echo "@over $(date +%s.%N)"
