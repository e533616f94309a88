# shellcheck shell=bash
# Pacemaker, fencing by sbd.

everybody_online() {
    local name told
    told=$(crm_mon -1 2>/dev/null) || return 1
    [[ $told = *"Current DC: n"* ]] || return 1
    for name in $LAB_NODES; do
        [[ $told =~ Online:.*\ $name\  ]] || return 1
    done
}

# What a cluster is configured with once lies there before Pacemaker starts for the first time, the same on every node: each
# command that changes it takes seconds here, and so does what Pacemaker then thinks over.
configure_pacemaker() {
    local cib=/var/lib/pacemaker/cib/cib.xml
    [ ! -e $cib ] || return 0
    cat >$cib <<C
<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config><cluster_property_set id="cib-bootstrap-options">
      <nvpair id="o-quorum" name="no-quorum-policy" value="stop"/>
      <nvpair id="o-fencing" name="stonith-enabled" value="true"/>
      <nvpair id="o-patience" name="stonith-timeout" value="90s"/>
      <nvpair id="o-election" name="dc-deadtime" value="10s"/>
    </cluster_property_set></crm_config>
    <nodes/>
    <resources><primitive id="fence" class="stonith" type="fence_sbd">
      <instance_attributes id="f-ia"><nvpair id="f-device" name="devices" value="$(sbd_device)"/>
      <nvpair id="f-message" name="power_timeout" value="$fence_patience"/>
      <nvpair id="f-patience" name="pcmk_reboot_timeout" value="90"/></instance_attributes>
      <operations><op id="f-start" name="start" interval="0" timeout="90s"/>
      <op id="f-monitor" name="monitor" interval="3600s" timeout="90s"/></operations>
    </primitive></resources>
    <constraints/>
    <rsc_defaults><meta_attributes id="d-meta">
      <nvpair id="d-sticky" name="resource-stickiness" value="100"/></meta_attributes></rsc_defaults>
  </configuration>
  <status/>
</cib>
C
    chown hacluster:haclient $cib && chmod 0600 $cib
}

fence_started() { [[ $(crm_mon -1 2>/dev/null) =~ fence.*Started ]]; }

start_pacemaker() {
    export PCMK_logfile=/var/log/pacemaker.log PCMK_logfacility=none
    configure_pacemaker || return 1
    pacemakerd >/var/log/pacemakerd.out 2>&1 &
    until_seldom 240 everybody_online || return 1
    until_seldom 120 fence_started
}
