"""A container that carries the node's label but is not in its ledger is a conflict, never removed, and can be
adopted."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare("other")
    node.start()
    node.until_running("other")
    labels = {"aura.node": node.id, "aura.workload": "web", "aura.nonce": "x"}
    stranger = rig.foreign_container(f"{node.id}-stranger", labels)
    before = rig.docker.inspect(stranger)
    node.declare("web")
    node.reload_by_signal()
    check.contains(node.until_state("conflict")["reason"], "aura-node adopt web", "the reason names the remedy")
    check.same_run(before, rig.docker.inspect(stranger))
    adopted = node.outcome("adopt", "workload:web")
    check.equal(adopted["kind"], "succeeded", "adopt")
    node.until_running()
    check.equal(len(node.events("container_adopted", "web")), 1, "adoptions")
