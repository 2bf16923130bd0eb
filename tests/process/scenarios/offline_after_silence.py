"""A silent node is suspect after two and offline after three promised intervals; a command waits for it as
undelivered."""
from lib import check
from lib.node import ENDS_ON_TERM

ABOUT_S = 12


def run(rig):
    control, node = rig.enrolled(heartbeat_s=2)
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    rig.until(lambda: control.node(node.id).get("heard") == "ok", 20, "it is heard")
    node.kill()
    rig.until(lambda: control.node(node.id)["heard"] == "suspect", 10, "suspect", lambda: control.node(node.id))
    rig.until(lambda: control.node(node.id)["heard"] == "offline", 10, "offline", lambda: control.node(node.id))
    # With a restart of the control plane the dead node's parked poll is gone, and every node gets a fresh full term.
    control.stop()
    control.start()
    check.is_true(control.node(node.id)["heard"] != "offline", "a fresh term")
    rig.until(lambda: control.node(node.id)["heard"] == "offline", 10, "offline again", lambda: control.node(node.id))
    command = control.send(node.id, "restart", "workload:web")
    check.equal(control.command(node.id, command)["state"], "undelivered", "the command")
    waited = control.cli("send", node.id, "stop", "--wait", "--timeout-s", "1")
    check.equal(waited.returncode, 2, "send --wait to a silent node")
    check.contains(control.cli("nodes").stdout, node.id, "nodes")
    node.start()
    older = control.outcome_of(node.id, command)
    check.is_true(older["kind"] == "superseded" or older["code"] == "stale_generation", "the older command", older)
    rig.until(lambda: not node.container()["State"]["Running"], 20, "the newer one")
    check.equal(node.container()["Id"], before["Id"], "the container")
    rig.until(lambda: control.node(node.id)["heard"] == "ok", 10, "it is heard again")
