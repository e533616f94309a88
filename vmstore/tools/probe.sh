#!/bin/sh
# Tell what this node has active, mounted and marked. Read through standard input on nodes that have no vmstore, so it
# is plain POSIX sh with dmsetup, find and stat. Takes no lock and changes nothing. Few processes are started, since
# every node runs it for every command.
# Arguments: VG, then any of "blocks" (disks and their paths) and "devices" (LVM's own names of the PVs).
vg=$1
shift

# file PATH: put the first line of a file into $line, or nothing.
file() {
    line=''
    [ -r "$1" ] && IFS= read -r line <"$1"
}

# listed PREFIX: put the names behind a glob's last slash into $names.
listed() {
    names=''
    for entry in "$1"/*; do
        [ -e "$entry" ] && names="$names ${entry##*/}"
    done
    names=${names# }
}

echo '@dm'
dmsetup info -c --noheadings --separator '|' -o uuid,major,minor,open,attr 2>/dev/null
echo "@end $?"

# dm's major number is 253 or 252, but is given out at run time.
dm=none
while read -r number name; do
    [ "$name" = device-mapper ] && dm=$number
done </proc/devices
targets=''
# mounted FIELD...: keep the mount point of a mountinfo line that speaks of a dm device (proc(5): third and fifth field).
mounted() {
    [ "${3%%:*}" = "$dm" ] && targets="$targets$5
"
}
echo '@mounts'
set -f
while IFS= read -r line; do
    # dash's echo would turn \040 into a blank.
    printf '%s\n' "$line"
    # shellcheck disable=SC2086  # fields are separated by blanks, and blanks in paths are written \040
    mounted $line
done </proc/self/mountinfo
set +f
echo '@end 0'

# A file system whose disk is gone may hang; it costs the sizes, not the answer.
echo '@space'
[ -n "$targets" ] && printf '%s' "$targets" | while IFS= read -r target; do
    printf '%b\0' "$target"
done | xargs -0 timeout 5 stat -f -c '%S|%b|%f|%n' 2>/dev/null
echo '@end 0'

echo '@marks'
listed /run/vmstore/idle
for name in $names; do echo "$name"; done
echo '@end 0'

# alive PIDFILE: tell whether the daemon that wrote the file runs.
alive() {
    file "$1"
    [ -n "$line" ] && kill -0 "$line" 2>/dev/null
}

echo '@daemons'
# lvmlockctl serves one asker at a time: a second one finds its socket in use and fails (lvm2 tools/lvmlockctl.c,
# setup_dump_socket). So its failure is believed where the daemon is not there, or when it has failed for seconds.
asked=1
for try in 1 2 3 4 5 6 7 8 9 10; do
    locks=$(lvmlockctl --info 2>/dev/null) && asked=0 && echo lvmlockd && break
    alive /run/lvmlockd.pid || { asked=0 && break; }
    sleep "0.$((try % 10))5"
done
if alive /run/lvmpolld.pid; then
    echo lvmpolld
elif [ -S /run/lvm/lvmpolld.socket ] && [ -d /run/systemd/system ]; then
    # systemd starts it when somebody connects.
    echo lvmpolld
fi
echo '@end 0'

echo '@lockspaces'
echo "$locks" | while read -r word name rest; do
    case $word,$rest in VG,lock_type=?*) echo "$name" ;; esac
done
echo "@end $asked"

for part in "$@"; do
    case $part in
    blocks)
        echo '@links'
        find /sys/class/block /dev/disk /dev/mapper -type l -printf '%p %l\n' 2>/dev/null
        echo '@end 0'
        echo '@sysfs'
        for block in /sys/class/block/*; do
            file "$block/size"
            size=$line
            [ "${size:-0}" = 0 ] && continue
            file "$block/dev"
            told="${block##*/}|$line|$size"
            for attribute in device/state device/transport wwid device/wwid serial dm/name dm/uuid partition; do
                file "$block/$attribute"
                told="$told|$line"
            done
            listed "$block/slaves"
            told="$told|$names"
            listed "$block/holders"
            file "$block/queue/logical_block_size"
            printf '%s\n' "$told|$names|$line"
        done
        echo '@end 0'
        echo '@swaps'
        while read -r line; do echo "$line"; done </proc/swaps
        echo '@end 0'
        ;;
    devices)
        echo '@devices'
        # Reads metadata only and takes no lock (lvm(8), --readonly).
        pvs --readonly --noheadings --separator '|' -o pv_uuid,pv_name,vg_name 2>/dev/null | while read -r line; do
            [ "${line##*|}" = "$vg" ] && echo "$line"
        done
        echo '@end 0'
        ;;
    esac
done
