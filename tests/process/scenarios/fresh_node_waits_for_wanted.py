"""A new node with a control plane starts nothing before its first word: never while that says suspended, at once
when it says running."""
from lib import check
from lib.scripted_control import ScriptedControl


def run(rig):
    plane = ScriptedControl()
    node = rig.node(control=plane)
    node.declare()
    node.start()
    rig.until(lambda: plane.count() >= 2, 20, "two heartbeats")
    check.equal(node.containers(), [], "containers before the first word")
    plane.want("running", 1, suspended=True, reason="payment failed")
    rig.until(lambda: node.status()["state"] == "suspended", 20, "suspended", node.status)
    node.kill()
    node.start()
    beats = plane.count()
    rig.until(lambda: plane.count() >= beats + 2, 20, "two more heartbeats")
    check.is_true(not any(one["State"]["Running"] for one in node.containers()), "nothing runs while suspended")
    check.equal(node.events("workload_started"), [], "starts")
    plane.want("running", 2)
    node.until_running()
    # Not above the node's own number: ignored.
    plane.want("stopped", 2)
    beats = plane.count()
    rig.until(lambda: plane.count() >= beats + 2, 20, "two more heartbeats")
    check.equal(node.status()["intent"], "running", "the intent")
