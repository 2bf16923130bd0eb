"""A disk that turns read-only under the running agent: commands are refused, supervision and heartbeats go on; after a
repair nothing of what was recorded is lost."""
from lib import check
from lib.disk import Ext4
from lib.scripted_control import ScriptedControl

ABOUT_S = 20


def run(rig):
    rig.fault("the ledger's disk turns read-only (as after a device error)", "a real ext4, aborted under the running agent",
              "refused with a reason; crashed workload back, heartbeats on; nothing recorded was lost")
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    disk = Ext4(rig, node.path("state"))
    node.declare()
    node.start()
    before = node.until_running()
    check.equal(node.outcome("hold", "workload:web", args={"for_s": 1})["kind"], "succeeded", "a command before")
    disk.fail()
    refused = node.command("stop", "workload:web", wait_s=1)
    check.is_true(refused.status >= 400, "a command is refused", refused)
    rig.until(lambda: node.status()["state"] == "degraded", 20, "degraded", node.status)
    beats = plane.count()
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.container()["State"]["StartedAt"] != before["State"]["StartedAt"], 30, "it is restarted")
    rig.until(lambda: plane.count() >= beats + 2, 20, "heartbeats go on")
    after = node.until_running()
    node.stop()
    disk.repair()
    node.start()
    check.same_run(after, node.until_running())
    check.equal(node.status()["state"], "running", "after the repair")
    check.equal(node.outcome("stop", "workload:web", args={"grace_s": 0})["kind"], "succeeded", "a command")
