"""A suspend without a reason is refused by the control plane and by the node, and local hands cannot suspend."""
from lib import check
from lib.scripted_control import ScriptedControl


def run(rig):
    control, node = rig.enrolled(name="real")
    node.declare()
    node.start()
    node.until_running()
    check.refused(control.post(node.id, "suspend"), "reason_required")
    check.equal(control.api("POST", f"/v1/nodes/{node.id}/commands", {"verb": "explode", "target": "node"}).code,
                "unknown_verb", "an unknown verb")
    check.equal(control.post(node.id, "stop", "workload:web", colour=1).status, 400, "an unknown field")
    check.refused(control.post(node.id, "lock"), "local_only")
    check.equal(control.post("nobody", "stop").status, 404, "an unknown node")

    plane = ScriptedControl()
    plane.want("running", 1)
    other = rig.node("scripted", control=plane)
    other.declare()
    other.start()
    other.until_running()
    plane.order({"id": "s-1", "verb": "suspend", "generation": 2}, {"id": "s-2", "verb": "explode", "generation": 3},
                {"id": "s-3", "verb": "lock"})
    outcome = rig.until(lambda: plane.outcome("s-1"), 20, "the outcome")
    check.equal((outcome["kind"], outcome["code"]), ("refused", "reason_required"), "the node's answer")
    check.equal(other.until_event("command_unreadable")["data"]["code"], "unknown_verb", "the event")
    check.equal(rig.until(lambda: plane.outcome("s-3"), 20, "the outcome")["code"], "local_only", "lock from afar")
    check.equal(other.state(), "running", "the workload")
    check.refused(other.command("suspend", reason="because"), "forbidden")
