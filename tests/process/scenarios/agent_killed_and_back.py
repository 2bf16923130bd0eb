"""An agent that is killed with SIGKILL and comes back bounces no container."""
from lib import check


def run(rig):
    node = rig.node()
    for name in ("one", "two"):
        node.declare(name)
    node.start()
    before = [node.until_running(name) for name in ("one", "two")]
    node.kill()
    node.start()
    for seen in before:
        after = node.until_running(seen["Config"]["Labels"]["aura.workload"])
        check.same_run(seen, after)
        check.equal(rig.docker.starts(after["Id"], rig.began_s), 1, "starts in all")
    check.equal([event["kind"] for event in node.events("workload_exited")], [], "exits")
    check.equal(node.status()["epoch"], 2, "the epoch")
