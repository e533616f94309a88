"""Stand for the commands of Red Hat Cluster Suite (rgmanager 3.1.8, cluster 3, RHEL 6), which is packaged nowhere.

``clustat``, ``clusvcadm``, ``cman_tool``, ``ccs_tool`` and ``ccs_config_validate`` answer as the real ones did in a
recorded run of rgmanager 3.1.8, with its texts, streams and exit codes; behind them ``rgmanager``, one daemon per node,
really starts, stops and checks the lvm, fs and script resources of cluster.conf, and ``rgmanager-state``, one process
for the whole cluster, holds what the real daemons agree on: owner, state, flags, restarts, the lock.

Sources, beside the recorded run: rgmanager/src/utils/clusvcadm.c and clustat.c, rgmanager/src/clulib/rg_strings.c,
rgmanager/src/daemons/rg_state.c and groups.c, cman/cman_tool/main.c, config/tools/xml/ccs_config_validate.in,
ccs/ccs_tool/update.c (generation 2, RHEL 5), resource-agents 3.9.7 rgmanager/src/resources/{fs,lvm,script}.sh.

Recorded: what tests/standins/test_rgmanager_replay.py replays. Not recorded, and read from the sources or guessed:
the texts of lvm.sh; the third node that a failed relocation tries; -c of a service that is not frozen; enabling on an
offline node; clustat -x without -s while fencing is pending (here as in text mode: ten seconds, then no groups);
recovery where no node can start a service; ``Closest match`` for names.

Limits: no vm, ip, clusterfs or other resources (passed over), no depend, exclusive, max_restarts, central_processing,
quorum disk, __independent_subtree, event scripts; a lost quorum refuses operations but stops nothing; the schema knows
the elements of ``schema``. Where rgmanager-state ends, everything is forgotten: start all the daemons again.
A node whose daemon was killed, not stopped, is not reset; its services stay its own until it starts again or is lost.

Configuration: the JSON file that RGMANAGER_STANDIN names, /etc/rgmanager-standin.json; keys in ``settings``. Order:
``rgmanager-state run`` on a machine that never fails, then ``rgmanager start`` on each quorate node.
Exit code 70 and a line that names the stand-in: the stand-in itself does not work.
"""
