"""With a corrupt ledger the agent is degraded, adopts what is declared, refuses commands and says how to repair."""
from lib import check, ledger


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    node.stop()
    ledger.spoil(node)
    node.start()
    rig.until(lambda: node.state() == "running", 20, "the workload is running", node.status)
    check.same_run(before, node.container())
    status = node.status()
    check.equal(status["state"], "degraded", "the node's state")
    reasons = " ".join(status["reasons"])
    check.contains(reasons, "ledger.db", "the file")
    check.contains(reasons, "move", "the remedy")
    for verb in ("stop", "restart"):
        check.is_true(node.command(verb, "workload:web", wait_s=1).status >= 400, f"{verb} is refused")
    check.same_run(before, node.container())
    node.stop()
    ledger.remove(node)
    node.start()
    check.same_run(before, node.until_running())
    check.equal(node.status()["state"], "running", "after the repair")

