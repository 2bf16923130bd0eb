"""A changed limit reaches the running container without a restart."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare(tables='[resources]\nmemory = "64MiB"\ncpus = 1.0\npids = 64\n')
    node.start()
    before = node.until_running()
    check.equal(limits(before), (64 << 20, 64 << 20, 1_000_000_000, 64), "the limits")
    node.declare(tables='[resources]\nmemory = "96MiB"\ncpus = 0.5\npids = 32\n')
    node.reload_by_signal()
    expected = (96 << 20, 96 << 20, 500_000_000, 32)
    rig.until(lambda: limits(node.container()) == expected, 20, "the new limits", lambda: limits(node.container()))
    check.same_run(before, node.container())
    node.until_state("running")


def limits(container):
    host = container["HostConfig"]
    return host["Memory"], host["MemorySwap"], host["NanoCpus"], host["PidsLimit"]
