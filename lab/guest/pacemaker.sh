# shellcheck shell=bash
# Pacemaker with fencing by sbd over a shared LUN: a node that does not read its slot there is dead, since its watchdog
# has reset it by then.
watchdog=15
sbd_device() { echo "/dev/disk/by-id/wwn-0x${LAB_SBD#3}"; }

sbd_there() { sbd -d "$(sbd_device)" dump; }

start_sbd() {
    local device
    device=$(sbd_device)
    until_true 30 test -e "$device" || return 1
    until_true 10 test -e /dev/watchdog || return 1
    if [ "$LAB_NUMBER" = 1 ] && ! sbd_there >/dev/null 2>&1; then
        sbd -d "$device" -1 $watchdog -4 $((2 * watchdog)) create >/dev/null || return 1
    fi
    until_true 60 sbd_there || return 1
    # Pacemaker reads these, too, to know that sbd is there.
    set -a
    SBD_DEVICE=$device SBD_PACEMAKER=yes SBD_STARTMODE=always SBD_DELAY_START=no SBD_WATCHDOG_DEV=/dev/watchdog
    SBD_WATCHDOG_TIMEOUT=$watchdog SBD_TIMEOUT_ACTION=flush,reboot
    set +a
    mkdir -p /etc/sysconfig
    set | grep '^SBD_' >/etc/default/sbd
    sbd -p /run/sbd.pid watch || return 1
    milestone sbd
}

everybody_online() {
    local name told
    told=$(crm_mon -1 2>/dev/null) || return 1
    [[ $told = *"Current DC: n"* ]] || return 1
    for name in $LAB_NODES; do
        [[ $told =~ Online:.*\ $name\  ]] || return 1
    done
}

# Set once, by the first node; the others and later boots find it in the CIB.
configure_pacemaker() {
    [ "$LAB_NUMBER" = 1 ] || return 0
    ! cibadmin -Q --xpath "//primitive[@id='fence']" >/dev/null 2>&1 || return 0
    cibadmin -M -o crm_config -X '<cluster_property_set id="cib-bootstrap-options">
        <nvpair id="o-quorum" name="no-quorum-policy" value="stop"/>
        <nvpair id="o-fencing" name="stonith-enabled" value="true"/>
        <nvpair id="o-patience" name="stonith-timeout" value="90s"/></cluster_property_set>' || return 1
    crm_attribute -q -t rsc_defaults -n resource-stickiness -v 100 || return 1
    cibadmin -C -o resources -X "<primitive id='fence' class='stonith' type='fence_sbd'>
        <instance_attributes id='f-ia'><nvpair id='f-device' name='devices' value='$(sbd_device)'/>
        <nvpair id='f-patience' name='pcmk_reboot_timeout' value='90'/></instance_attributes>
        <operations><op id='f-monitor' name='monitor' interval='3600s' timeout='60s'/></operations></primitive>"
}

fence_started() { crm_resource -q -r fence --locate 2>/dev/null | grep -q .; }

start_pacemaker() {
    export PCMK_logfile=/var/log/pacemaker.log PCMK_logfacility=none
    pacemakerd >/var/log/pacemakerd.out 2>&1 &
    until_true 120 everybody_online || return 1
    configure_pacemaker || return 1
    until_true 60 fence_started
}
