"""With a state directory that cannot be written the agent is degraded, names it and its owner, runs what is
declared, refuses commands."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    node.stop()
    read_only(node)
    node.start()
    rig.until(lambda: node.state() == "running", 20, "the workload is running", node.status)
    check.same_run(before, node.container())
    status = node.status()
    check.equal(status["state"], "degraded", "the node's state")
    reasons = " ".join(status["reasons"])
    check.contains(reasons, node.path("state"), "the directory")
    check.contains(reasons, "root", "the needed owner")
    refused = node.command("stop", "workload:web", wait_s=1)
    check.is_true(refused.status >= 400, "a command is refused", refused)
    check.equal(node.cli("status").returncode, 1, "status")
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.container()["State"]["StartedAt"] != before["State"]["StartedAt"], 30, "it is restarted")


def read_only(node):
    """A mount namespace in which the state directory cannot be written, by root neither."""
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    node.wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, node.path("state")]
