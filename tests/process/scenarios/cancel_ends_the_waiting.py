"""cancel ends a command that has not begun, and the waiting of one that has; each gets its one outcome."""
from lib import check
from lib.node import IGNORES_TERM


def run(rig):
    node = rig.node()
    node.declare(command=IGNORES_TERM, tables="[stop]\ngrace_s = 600\n")
    node.start()
    node.until_running()
    check.equal(node.command("stop", "workload:web", id="slow-1", wait_s=0).status, 202, "a slow stop")
    rig.until(lambda: node.state() == "stopping", 20, "it has begun", node.workload)
    check.equal(node.outcome("cancel", "command:slow-1")["kind"], "succeeded", "cancel")
    ended = node.api("GET", "/v1/commands/slow-1").json["outcome"]
    check.equal(ended["kind"], "cancelled", "the stop")
    check.contains(ended["detail"], "stays decided", "what it says")
    check.refused(node.command("cancel", "command:slow-1"), "unknown_command")
    check.equal(node.workload()["intent"], "stopped", "the intent stays decided")
    rig.docker.kill_main_process(node.container()["Id"])
    node.until_state("stopped")
