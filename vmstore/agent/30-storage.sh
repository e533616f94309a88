# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # variables shared between the parts
# Activate and mount the VM's volume, and let go of it. The lock of the LV is exclusive, so a second node gets nowhere.

# mounted: tell whether the VM's directory is mounted here, and from where in $source.
mounted() {
    source=''
    while read -r from target _; do
        [ "$target" = "$directory" ] && source=$from
    done <"$mounts"
    [ -n "$source" ]
}

# The volume's own device must be what is mounted there, or files of another VM would be taken for this one's.
mounted_right() {
    mounted || return 1
    mapped=$(printf '%s' "$vg" | sed 's/-/--/g')-$(printf '%s' "$vm" | sed 's/-/--/g')
    [ "$source" = "$device" ] || [ "$source" = "/dev/mapper/$mapped" ]
}

# ocf:heartbeat:LVM-activate of other services ends the VG's lock space with the last volume it lets go of on a node.
activate() {
    act 120 lvchange -aey "$vg/$vm" && return
    refused=$(last)
    case $told in *"locked by other host"*) return 1 ;; esac
    act 120 vgchange --lockstart "$vg" || return
    act 120 lvchange -aey "$vg/$vm" && return
    refused=$(last)
    return 1
}

take_storage() {
    if mounted; then
        mounted_right || because "$directory is mounted from $source, not from $device"
        return
    fi
    activate || because "the volume cannot be activated here: $refused" || return
    # lvchange may succeed without activating where another node holds the LV (bug 1191724 of Red Hat's lvm2, comment 8).
    [ -e "$device" ] || because "$device is not there though lvchange said so: another node may hold it" || return
    [ -d "$directory" ] || act 10 mkdir -p "$directory"
    case $fstype in
    ext*)
        # Checks only where it was not cleanly unmounted or is due, and replays the journal; 0 and 1 are good (e2fsck(8)).
        act 3600 e2fsck -p "$device"
        code=$?
        [ $code -le 1 ] || because "e2fsck -p ended with $code: $(last)" || return
        ;;
    esac
    act 120 mount -t "$fstype" "$device" "$directory" || because "mount: $(last)" || return
    mounted || because "$directory was mounted, but not under this name: is it reached through a link?"
}

let_go_of_storage() {
    if mounted; then
        mounted_right || because "$directory is mounted from $source, not from $device" || return
        tries=$retries
        # One that was killed while it wrote what was left to write may have unmounted it.
        until act 60 umount "$directory" || ! mounted; do
            tries=$((tries - 1))
            if [ "$tries" -le 0 ]; then
                busy=$(last)
                within 10 fuser -m "$directory" || told=''
                because "umount: $busy (used by processes:${told##*:})"
                return
            fi
            sleep "$pause"
        done
    fi
    [ -e "$device" ] || return 0
    # Who only reads it, such as udev or dumpe2fs, has it open for a moment; a stop that fails costs the whole node.
    tries=$retries
    until act 120 lvchange -an "$vg/$vm"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || because "the volume cannot be deactivated: $(last)" || return
        sleep "$pause"
    done
}

# Locks that a crashed product left in the VM's directory: only where nobody else can have them.
drop_stale_locks() {
    mounted || return 0
    for lock in "$directory"/*.lck "$directory"/*.WRITELOCK "$directory"/*.READLOCK; do
        [ -e "$lock" ] || continue
        act 10 rm -rf "$lock"
    done
}
