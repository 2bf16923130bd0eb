"""A node that was off when it was suspended learns it at its first heartbeat, and a new node that is to be
suspended starts nothing."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    control, node = rig.enrolled()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    node.stop()
    command = control.send(node.id, "suspend", reason="payment failed")
    node.start()
    rig.until(lambda: node.status()["state"] == "suspended", 20, "suspended", node.status)
    check.equal(node.container()["State"]["Running"], False, "running")
    check.equal(control.outcome_of(node.id, command)["kind"], "succeeded", "the command's outcome")
    check.equal(control.node(node.id)["wanted"]["reached"], True, "wanted is reached")
    check.equal(node.container()["Id"], before["Id"], "the container is kept")
    # Off again, resumed meanwhile.
    node.stop()
    control.send(node.id, "resume")
    node.start()
    check.other_run(before, node.until_running())
