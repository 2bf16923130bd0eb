"""An agent that starts on a read-only disk knows what was intended: what runs goes on, what was stopped stays so; it is
well by itself once the disk can be written."""
from lib import check
from lib.disk import Tmpfs
from scenarios.disk_full_at_start import well

ABOUT_S = 25


def run(rig):
    rig.fault("the agent starts on a read-only disk", "a real tmpfs, remounted read-only, with the ledger on it",
              "degraded, intents are kept, crashed workload back; well again by itself")
    node = rig.node()
    disk = Tmpfs(rig, node.path("state"))
    node.declare("web")
    node.declare("off")
    node.start()
    before = node.until_running("web")
    node.until_running("off")
    check.equal(node.outcome("stop", "workload:off", args={"grace_s": 0})["kind"], "succeeded", "the stop")
    ledger_id = node.status()["ledger_id"]
    node.stop()
    disk.remount("ro")
    node.start()
    node.until_state("running", "web")
    status = node.status()
    check.equal(status["state"], "degraded", "the node's state")
    check.equal(status["ledger_id"], ledger_id, "the ledger")
    check.same_run(before, node.container("web"))
    check.is_true(node.command("start", "workload:off", wait_s=1).status >= 400, "a command is refused")
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.container("web")["State"]["StartedAt"] != before["State"]["StartedAt"], 30, "it is restarted")
    check.is_true(not node.container("off")["State"]["Running"], "what was stopped stays so")
    after = node.until_running("web")
    disk.remount("rw")
    rig.until(lambda: well(node), 45, "the ledger is in use", node.log)
    check.same_run(after, node.until_running("web"))
    check.equal(node.workload("off")["intent"], "stopped", "the intent")
    check.is_true(not node.container("off")["State"]["Running"], "what was stopped stays so")
    check.equal(node.outcome("start", "workload:off")["kind"], "succeeded", "a command")
