"""VMs as services of a real Pacemaker, with real fencing, on the lab."""

from tests.lab.managed import Managed

TOPOLOGY = "pacemaker"


class TestPacemaker(Managed):
    """Pacemaker."""
