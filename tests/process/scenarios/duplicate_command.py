"""A command delivered twice on one path, or again on another, has one effect and one outcome; other content is
refused."""
from lib import check
from lib.node import ENDS_ON_TERM
from lib.scripted_control import ScriptedControl


def run(rig):
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    restart = {"id": "again-1", "verb": "restart", "target": "workload:web", "generation": 5}
    plane.order(restart, restart)
    rig.until(lambda: plane.outcome("again-1"), 20, "the outcome")
    plane.order({**restart, "age_s": 7})
    beats = plane.count()
    rig.until(lambda: plane.count() > beats + 1, 20, "the third delivery is done")
    after = node.until_running()
    check.other_run(before, after)
    check.equal(rig.docker.starts(after["Id"], rig.began_s), 2, "starts in all")
    check.equal(len(node.events("command_accepted")), 1, "acceptances")
    settled = [one for one in node.events("command_settled") if one["command_id"] == "again-1"]
    check.equal(len(settled), 1, "settlements")
    plane.order({**restart, "verb": "stop", "generation": 6})
    node.until_event("id_reused")
    check.refused(node.command("stop", "workload:web", id="again-1"), "id_reused")
    check.same_run(after, node.until_running())
    first = node.api("GET", "/v1/commands/again-1").json["outcome"]
    check.equal(first["kind"], "succeeded", "the first outcome stands")
