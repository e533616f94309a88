"""Ask a node whether its cluster has quorum: without it, locks are granted to nobody."""

import re

from vmstore.run import Result

# corosync 2 and 3 bring corosync-quorumtool(8), cman cman_tool(8); where there is neither, nothing is said.
ARGV = ("sh", "-c", "corosync-quorumtool -s 2>/dev/null || cman_tool status 2>/dev/null || true")
_LOST = re.compile(r"^Quorate:\s+No\b|^Quorum:.*Activity blocked", re.MULTILINE)


def lost(result: Result) -> bool:
    """Tell whether the node said that there is no quorum; False where it said nothing of it."""
    return bool(_LOST.search(result.out))
