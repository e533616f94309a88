"""Check cluster.conf against the part of the RelaxNG schema of cluster 3 that vmstore and the recorded run use."""

from lab.standins.rgmanager.tree import Element

# Children and attributes of each element; "*" is any attribute.
_COMMON = "ref __independent_subtree __enforce_timeouts __max_restarts __restart_expire_time __max_failures"
_RESOURCES = "lvm fs script clusterfs netfs ip vm"
_ELEMENTS: dict[str, tuple[str, str]] = {
    "cluster": (
        "cman totem quorumd clusternodes fencedevices fence_daemon dlm rm logging uidgid",
        "name config_version",
    ),
    "cman": ("multicast", "two_node expected_votes transport quorum_dev_poll upgrading cluster_id keyfile port"),
    "multicast": ("", "addr ttl"),
    "totem": ("interface", "*"),
    "interface": ("", "*"),
    "quorumd": ("heuristic", "*"),
    "heuristic": ("", "*"),
    "clusternodes": ("clusternode", ""),
    "clusternode": ("fence unfence altname", "name nodeid votes weight"),
    "altname": ("", "name port mcast"),
    "fence": ("method", ""),
    "unfence": ("device", ""),
    "method": ("device", "name"),
    "device": ("", "*"),
    "fencedevices": ("fencedevice", ""),
    "fencedevice": ("", "*"),
    "fence_daemon": ("", "post_fail_delay post_join_delay override_path override_time clean_start skip_undefined"),
    "dlm": ("", "*"),
    "logging": ("logging_daemon", "*"),
    "logging_daemon": ("", "*"),
    "uidgid": ("", "uid gid"),
    "rm": (
        "failoverdomains resources service vm events",
        "log_level log_facility status_poll_interval status_child_max transition_throttling central_processing",
    ),
    "events": ("event", ""),
    "event": ("", "*"),
    "failoverdomains": ("failoverdomain", ""),
    "failoverdomain": ("failoverdomainnode", "name ordered restricted nofailback"),
    "failoverdomainnode": ("", "name priority"),
    "resources": (_RESOURCES, ""),
    "service": (
        _RESOURCES + " action",
        "name domain autostart exclusive recovery max_restarts restart_expire_time depend depend_mode nfslock "
        "nfs_client_cache priority __independent_subtree",
    ),
    "lvm": (_RESOURCES + " action", "name vg_name lv_name self_fence nfslock " + _COMMON),
    "fs": (
        _RESOURCES + " action",
        "name mountpoint device fstype force_unmount quick_status self_fence nfslock nfsrestart fsid force_fsck "
        "options use_findmnt " + _COMMON,
    ),
    "clusterfs": (_RESOURCES + " action", "*"),
    "netfs": (_RESOURCES + " action", "*"),
    "ip": (_RESOURCES + " action", "*"),
    "vm": ("action", "*"),
    "script": (_RESOURCES + " action", "name file service_name " + _COMMON),
    "action": ("", "name depth interval timeout"),
}


def offender(root: Element) -> Element | None:
    """Return the element that the validator names: the child of <cluster> that holds what is unknown, or itself."""
    if root.tag != "cluster" or not _known_attributes(root) or not {"name", "config_version"} <= set(root.attributes):
        return root
    return next((child for child in root.children if not _known(child, "cluster")), None)


def _known(element: Element, parent: str) -> bool:
    return (
        element.tag in _ELEMENTS[parent][0].split()
        and _known_attributes(element)
        and all(_known(child, element.tag) for child in element.children)
    )


def _known_attributes(element: Element) -> bool:
    names = _ELEMENTS[element.tag][1].split()
    return "*" in names or set(element.attributes) <= set(names)
