"""A command whose generation is not above the last one of its target or of the node is refused with the node's
number."""
from lib import check
from lib.scripted_control import ScriptedControl


def run(rig):
    plane = ScriptedControl()
    plane.want("running", 10)
    node = rig.node(control=plane)
    node.declare()
    node.start()
    before = node.until_running()
    plane.order({"id": "stale-1", "verb": "stop", "target": "workload:web", "generation": 10},
                {"id": "none-1", "verb": "stop", "target": "workload:web"},
                {"id": "stale-2", "verb": "suspend", "generation": 9, "reason": "late"})
    codes = {"stale-1": "stale_generation", "none-1": "generation_required", "stale-2": "stale_generation"}
    for name, code in codes.items():
        outcome = rig.until(lambda name=name: plane.outcome(name), 20, f"the outcome of {name}")
        check.equal((outcome["kind"], outcome["code"]), ("refused", code), name)
    check.equal(plane.outcome("stale-1")["node_generation"], 10, "the node's number")
    check.same_run(before, node.until_running())
    plane.order({"id": "fresh-1", "verb": "stop", "target": "workload:web", "generation": 11, "args": {"grace_s": 0}})
    fresh = rig.until(lambda: plane.outcome("fresh-1"), 20, "the outcome of fresh-1")
    check.equal(fresh["kind"], "succeeded", "fresh-1")
    check.refused(node.command("start", "workload:web", generation=12), "generation_not_allowed")
