#!/bin/sh
# Tell what a configuration can be made from: volume groups, who is in the cluster, and which managers and hypervisors
# there are. Read through standard input on a node that may have no vmstore. Takes no lock and changes nothing.

echo '@host'
uname -n
echo '@end 0'

# LVM hides a shared VG where lvmlockd is off, unless it is asked for (lvmlockd(8)); one that is older knows of neither.
groups() {
    timeout 10 vgs --readonly --noheadings --separator '|' --units b --nosuffix "$@" 2>/dev/null
}
columns=vg_name,pv_count,lv_count,vg_size,vg_attr
echo '@vgs'
groups --shared -o $columns,vg_lock_type || groups -o $columns
echo "@end $?"

# The VGs that this host itself lives on.
echo '@own'
while read -r device target rest; do
    case $target in
    / | /usr | /var | /home | /boot) case $device in /dev/mapper/*) echo "${device#/dev/mapper/}" ;; esac ;;
    esac
done </proc/self/mounts
echo '@end 0'

# A file need not end with a newline, but a section does.
echo '@corosync'
cat /etc/corosync/corosync.conf 2>/dev/null && echo
echo '@end 0'

echo '@cluster.conf'
cat /etc/cluster/cluster.conf 2>/dev/null && echo
echo '@end 0'

echo '@programs'
for program in virsh vmware-cmd vmware-vim-cmd; do
    command -v "$program" >/dev/null && echo "$program"
done
echo '@end 0'
