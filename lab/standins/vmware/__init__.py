"""Stand for the command lines of VMware Server, which can no longer be had.

``vmware-cmd`` stands for that of VMware Server 1.x (and GSX Server 3), ``vmware-vim-cmd`` for that of VMware Server
2.x. Written from what is public about them:

 * apache/vcl: vmware.pm, vmware_cmd.pm, VMware.pm, utils.pm: outputs ``operation(arguments) = value``, error numbers as
   exit codes, 255 for wrong usage, powerop modes, the state in which an operation is refused, ``uuid.action``
 * GSX Server 3 Administration Guide p. 76, 89 and 98, kb.vmware.com 1541: the UUID question, when it comes, its
   choices; where the suspended state lies
 * ClusterLabs/resource-agents heartbeat/vmware: all of Server 2's commands and what is read from their outputs, *.lck,
   "Skipping invalid VM", unregister that fails now and then, a question answered after power.on came back
 * HoneyClient VM.pm and ESX.pm (wordings and numbers of questions), CloudStack, VMware's knowledge base and its own
   ``answer`` of vmware-cmd for ESX (form of questions), Ubuntu forum threads (errors -8, -11, -14)

Confirmed by one of these: the outputs of -l, getstate, getconfig, start, stop, suspend, reset, register, unregister;
the texts of -7, -8, -11, -14, -20; the first lines, numbers and labels named in ``questions``; the columns and states
of Server 2 that heartbeat/vmware reads.

Not confirmed: the order of the choices on Server 1 (hence several to choose from, see ``settings``); whether start
blocks or fails while a question is open; what -q prints (here the bare value); the output of setconfig, getid, getpid,
getproductinfo; the usage text; the errors of a stale lock, a full file system, an unregister while the VM is on; the
form of the ``answer`` of Server 1, taken from ESX; faults of Server 2, taken from ESX 4; getstate of Server 2 while a
question is open; whether a soft suspend needs VMware Tools (here it does not); what a cancelled question makes of the
start that waits for it; that a VM without uuid.location gets one without a question.

Limits: one user, no connection to other hosts (-H, -O, -U, -P are read over), no devices, no snapshots, no guestinfo.
A lock file refuses a start whoever made it. Guests do not run on VMware but as ``guest`` says.

Environment: VMWARE_STANDIN_STATE (state folder of this host, default /var/lib/vmware-standin, holds ``settings``,
``hostid`` and the registry), VMWARE_STANDIN_GUEST (file or virsh), VMWARE_STANDIN_URI, VMWARE_STANDIN_TICK.
Exit code 70 and a line that names the stand-in: the stand-in or the hypervisor behind it does not work.
"""
