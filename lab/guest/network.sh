# shellcheck shell=bash
# The links of a machine, told apart by MAC address, and ssh over them.
# 52:54:00:KIND:END:NODE with KIND 0a = ip, 0b = san, fc = fc, ff = the link of the host; END 00 = node, 01 = san.

# A program takes 0.1 s to start on an emulated machine, so one `ip` does all; its input is built here.
ip_batch=
ip_line() { ip_batch+="$*"$'\n'; }

# Name the interfaces of the san machine KIND + number of the node, those of a node KIND + 0.
name_interfaces() {
    local path old kind number mac
    ports=()
    for path in /sys/class/net/eth*; do
        old=${path##*/}
        mac=$(<"$path/address")
        case $mac in
        52:54:00:0a:*) kind=ip ;;
        52:54:00:0b:*) kind=san ;;
        52:54:00:fc:*) kind="fc" ;;
        *) kind=host ;;
        esac
        number=0
        if [ "$LAB_ROLE" = san ] && [ $kind != host ]; then
            number=$((16#${mac##*:}))
        fi
        ip_line "link set $old name $kind$number"
        ports+=("$kind$number")
    done
}

# On the san machine each of ip and san is a bridge of one port per node, as a switch would be.
bridge_links() {
    local kind port
    modprobe bridge
    for kind in ip san; do
        ip_line "link add $kind type bridge forward_delay 0 mcast_snooping 0"
        for port in "${ports[@]}"; do
            [[ $port != "$kind"[0-9]* ]] || ip_line "link set $port up master $kind"
        done
    done
}

bring_up_network() {
    local ip=ip0 san=san0 port
    modprobe virtio_net
    until_true 10 test -e /sys/class/net/eth0
    name_interfaces
    if [ "$LAB_ROLE" = san ]; then
        bridge_links
        ip=ip san=san
    fi
    for port in lo host0 $ip $san; do
        ip_line "link set $port up"
    done
    ip_line "addr add 10.0.2.15/24 dev host0"
    ip_line "addr add 10.9.0.$LAB_NUMBER/24 dev $ip"
    ip_line "addr add 10.9.1.$LAB_NUMBER/24 dev $san"
    # The frames of FCoE are longer than those of Ethernet.
    for port in "${ports[@]}"; do
        [[ $port != fc* ]] || ip_line "link set $port mtu 2500"
    done
    ip -batch - <<<"$ip_batch"
    printf '127.0.0.1 localhost\n%s\n' "$LAB_HOSTS" >/etc/hosts
}

configure_ssh() {
    local address name key type
    read -r type key _ </etc/ssh/ssh_host_ed25519_key.pub
    while read -r address name; do
        echo "$name,$address $type $key"
    done <<<"$LAB_HOSTS" >/etc/ssh/ssh_known_hosts
    printf '%s\n' 'StrictHostKeyChecking yes' 'BatchMode yes' 'LogLevel ERROR' >/etc/ssh/ssh_config.d/lab.conf
    printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'PermitRootLogin prohibit-password' \
        'PasswordAuthentication no' 'UseDNS no' 'UsePAM no' 'PrintMotd no' 'PrintLastLog no' \
        'MaxSessions 64' 'MaxStartups 200:30:400' >/etc/ssh/sshd_config.d/lab.conf
}
