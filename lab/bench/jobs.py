"""Make the volumes that are evacuated: on one PV, some mounted and some that nobody uses."""

from dataclasses import dataclass

from lab.driver import Cluster

# Making twelve volumes with their file systems takes half a minute here.
PATIENCE = 300
# mke2fs fills the file system from a folder, so that nothing has to be mounted for it.
_DATA = (
    "[ -s /var/tmp/bench{mib}/data ] || {{ mkdir -p /var/tmp/bench{mib}; "
    "dd if=/dev/urandom of=/var/tmp/bench{mib}/data bs=1M count={mib} status=none; }}"
)


@dataclass(frozen=True, slots=True)
class Job:
    """Volumes to be evacuated: ``count`` of ``mib`` each, with ``data`` MiB of random data in an ext4 file system.

    They are dealt out to ``nodes``, which hold them if they are ``mounted``, and else only make them.
    """

    name: str
    label: str
    count: int
    mib: int
    mounted: bool = False
    nodes: tuple[str, ...] = ("n1",)
    data: int = 0

    @property
    def held(self) -> dict[str, list[str]]:
        """Say which node has which volumes."""
        names = [f"{self.name}{number:02}" for number in range(1, self.count + 1)]
        return {node: names[nth :: len(self.nodes)] for nth, node in enumerate(self.nodes)}


# The small idle ones are nearly full, or an engine that copies only what is used would have nothing to do.
JOBS = {
    job.name: job
    for job in (
        Job("large", "1 of 400 MiB, in use", 1, 400, mounted=True),
        Job("small", "12 of 32 MiB, idle", 12, 32, data=24),
        Job("spread", "12 of 32 MiB, in use on three nodes", 12, 32, mounted=True, nodes=("n1", "n2", "n3")),
        Job("sparse", "1 of 400 MiB, idle, 10 % full", 1, 400, data=40),
    )
}


def make(cluster: Cluster, job: Job, device: str) -> None:
    """Make the volumes of a job on a PV."""
    for node, names in job.held.items():
        cluster.sh(node, making(job, names, device), timeout=PATIENCE)


def remove(cluster: Cluster, job: Job) -> None:
    """Remove the volumes of a job, wherever they are now."""
    for node, names in job.held.items():
        cluster.sh(node, removing(job, names), timeout=PATIENCE)


def making(job: Job, names: list[str], device: str) -> str:
    """Write the commands that make volumes on a node."""
    parts = [_DATA.format(mib=job.data)] if job.data else []
    filled = f"-d /var/tmp/bench{job.data} " if job.data else ""
    for vm in names:
        lv = f"/dev/vmstore/{vm}"
        parts.append(f"lvcreate -q -y -aey --setautoactivation n -Wn -Zn -n {vm} -L {job.mib}M vmstore {device}")
        parts.append(f"mke2fs -q -F -t ext4 -b 4096 {filled}{lv}")
        # Else the kernel goes on making inode tables while a copy is measured.
        held = f"mkdir -p /vm/{vm}; mount -o noinit_itable {lv} /vm/{vm}"
        parts.append(held if job.mounted else f"lvchange -an vmstore/{vm}")
    return "; ".join(parts)


def removing(job: Job, names: list[str]) -> str:
    """Write the commands that remove volumes from the node that holds them."""
    parts = [f"umount /vm/{vm}" for vm in names] if job.mounted else []
    parts += [f"lvchange -an vmstore/{vm}" for vm in names]
    return "; ".join([*parts, "lvremove -q -y " + " ".join(f"vmstore/{vm}" for vm in names)])
