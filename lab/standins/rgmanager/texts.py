"""Hold what the commands print and return, in one place; from the recorded run, resgroup.h and rg_strings.c."""

VERSION = "3.1.8"
BROKEN = 70

SUCCESS, FAIL, ABORT, NO_SERVICE, AGAIN, INVALID = 0, -1, -2, -4, -6, -8
QUORUM, RUNNING, FROZEN, DEAD_NODE, DOMAIN, RELOCATED_BACK, WARNING = -9, -10, -11, -12, -15, -17, -19
ERRORS = {
    SUCCESS: "Success",
    FAIL: "Failure",
    ABORT: "Aborted; service failed",
    NO_SERVICE: "Service does not exist",
    AGAIN: "Temporary failure; try again",
    INVALID: "Invalid operation for resource",
    QUORUM: "Operation requires quorum",
    RUNNING: "Service is already running",
    FROZEN: "Failure: Service is frozen",
    DEAD_NODE: "Target node dead / nonexistent",
    DOMAIN: "Service not runnable",
    RELOCATED_BACK: "Failed; service running on original owner",
    WARNING: "Warning; see system logs",
}

STOPPED, STARTING, STARTED, STOPPING, STATE_FAILED, RECOVERABLE, RECOVERING, DISABLED = (
    110, 111, 112, 113, 114, 117, 118, 119,
)  # fmt: skip
STATES = {
    STOPPED: "stopped",
    STARTING: "starting",
    STARTED: "started",
    STOPPING: "stopping",
    STATE_FAILED: "failed",
    RECOVERABLE: "recoverable",
    RECOVERING: "recovering",
    DISABLED: "disabled",
}
# With these, clustat shows the last owner in parentheses, and with these -s returns 0.
SHOWS_LAST_OWNER = frozenset({STOPPED, DISABLED, RECOVERABLE, STATE_FAILED})
GOOD = frozenset({STARTING, STARTED, STOPPING})

VERBS = {
    "e": "trying to enable",
    "d": "disabling",
    "s": "stopping",
    "R": "trying to restart",
    "Z": "freezing",
    "U": "unfreezing",
    "c": "convalescing",
    "r": "relocate",
    "M": "migrate",
}
NO_RGMANAGER = "Could not connect to resource group manager"
TIMED_OUT = "Timed out waiting for a response from Resource Group Manager"
UNAVAILABLE = "Service states unavailable: Temporary failure; try again"
NO_CMAN = "Cannot open connection to cman, is it running ?"

# OCF return codes as rgmanager words them.
OCF = {1: "generic error", 2: "invalid argument(s)", 5: "program not installed", 7: "unspecified"}

CLUSVCADM_USAGE = """usage: clusvcadm [command]

Resource Group Control Commands:
  -v                     Display version and exit
  -d <group>             Disable <group>.  This stops a group
                         until an administrator enables it again,
                         the cluster loses and regains quorum, or
                         an administrator-defined event script
                         explicitly enables it again.
  -e <group>             Enable <group>
  -e <group> -F          Enable <group> according to failover
                         domain rules (deprecated; always the
                         case when using central processing)
  -e <group> -m <member> Enable <group> on <member>
  -r <group> -m <member> Relocate <group> [to <member>]
                         Stops a group and starts it on another
                         cluster member.
  -M <group> -m <member> Migrate <group> to <member>
                         (e.g. for live migration of VMs)
  -q                     Quiet operation
  -R <group>             Restart a group in place.
  -s <group>             Stop <group>.  This temporarily stops
                         a group.  After the next group or
                         or cluster member transition, the group
                         will be restarted (if possible).
  -Z <group>             Freeze resource group.  This prevents
                         transitions and status checks, and is 
                         useful if an administrator needs to 
                         administer part of a service without 
                         stopping the whole service.
  -U <group>             Unfreeze (thaw) resource group.  Restores
                         a group to normal operation.
  -c <group>             Convalesce (repair, fix) resource group.
                         Attempts to start failed, non-critical 
                         resources within a resource group.
Resource Group Locking (for cluster Shutdown / Debugging):
  -l                     Lock local resource group managers.
                         This prevents resource groups from
                         starting.
  -S                     Show lock state
  -u                     Unlock resource group managers.
                         This allows resource groups to start.
"""  # noqa: W291

CCS_TOOL_USAGE = """Usage:
  ccs_tool [options] <command>

Options:
  -verbose            Make some operations print more details.
  -h                  Print this usage and exit.
  -V                  Print version information and exit.

Commands:
  help                Print this usage and exit.
  query <xpath query> Query the cluster configuration.
  addnode <node>      Add a node
  delnode <node>      Delete a node
  lsnode              List nodes
  addservice <name>   Add a service
  delservice <name>   Delete a service
  lsservice           List services
  lsfence             List fence devices
  addfence <fencedev> Add a new fence device
  delfence <fencedev> Delete a fence device
  addscript <name>    Add a script resource
  delscript <name>    Delete a script resource
  lsscript            List script resources
  addip <name>        Add an IP address resource
  delip <name>        Delete an IP address resource
  lsip                List IP address resources
  addfs <name>        Add an filesystem resource
  delfs <name>        Delete an filesystem resource
  lsfs                List filesystem resources
  addfdomain <name>   Add an failover domain
  delfdomain <name>   Delete an failover domain
  lsfdomains          List failover domains
  create              Create a skeleton config file
  addnodeids          Assign node ID numbers to all nodes

"""
