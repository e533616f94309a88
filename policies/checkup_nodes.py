"""Check that the nodes are alike where they have to be: the VM agent, the time. Pure."""

from collections.abc import Iterator

from vmstore.policies.findings import Finding, Level, Mend, Seen, most

# Two clocks that differ by no more seconds disturb neither windows nor histories.
APART = 5.0


def agents(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose VM agent is another one than that of most, or not there, VMS-D45."""
    sums = {node: checkup.agent for node, checkup in seen.told("agent").items()}
    there = {node: own for node, own in sums.items() if own}
    if not there:
        return
    usual, example = most(there)
    for node, own in sums.items():
        if own != usual:
            what = f"its checksum is {own[:12]}…, and {usual[:12]}… on {example}" if own else "it is not there"
            # To that node alone would come the agent of this vmstore, which need not be that of the others.
            mend = (Mend("", "vmstore agent check"), Mend("", "vmstore agent deploy"))
            yield Finding("VMS-D45", Level.WARNING if own else Level.ERROR, "node", node, f"VM agent: {what}", mend)


def clocks(seen: Seen) -> Iterator[Finding]:
    """Find nodes whose clock is surely apart from that of the node in the middle, VMS-D50."""
    order = sorted(seen.nodes.values(), key=lambda node: sum(node.ahead))
    if not order:
        return
    middle = order[(len(order) - 1) // 2]
    for node in seen.nodes.values():
        # What is sure: the least by which the one is ahead of the other, whatever the network took.
        before, behind = node.ahead[0] - middle.ahead[1], middle.ahead[0] - node.ahead[1]
        if max(before, behind) > APART:
            what = f"its clock is at least {max(before, behind):.0f} s {'ahead of' if before > behind else 'behind'}"
            mend = (Mend(node.name, "chronyc makestep || ntpd -gq"), Mend(node.name, "date"))
            yield Finding("VMS-D50", Level.WARNING, "node", node.name, f"{what} that of {middle.name}", mend)
