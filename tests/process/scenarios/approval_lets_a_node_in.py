"""A node without a code waits until an operator approves it, and then gets its key and runs."""
from lib import check

DEADLINE_S = 120
ABOUT_S = 15


def run(rig):
    control = rig.control().start()
    node = rig.node(control=control)
    node.declare()
    node.start()
    rig.until(lambda: control.node_in_list(node.id).get("verdict") == "pending", 20, "it asks",
              lambda: control.node_in_list(node.id))
    check.contains(node.status()["control"], "pending", "the node says so")
    check.equal(control.cli("approve", node.id).returncode, 0, "approve")
    # A pending node asks again slowly; starting its agent anew makes it ask at once.
    node.restart()
    node.until_running()
    rig.until(lambda: control.node(node.id).get("heard") == "ok", 20, "it is heard", lambda: control.node(node.id))
