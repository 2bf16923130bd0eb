"""Suspended with mode freeze a workload keeps its process, over a restart of Docker too, and runs on at resume. Without
Docker's live-restore, which would stop it then, freezing is refused."""
from lib import check

DEADLINE_S = 150
ABOUT_S = 20


def run(rig):
    docker = rig.own_docker(live_restore=True)
    control, node = rig.enrolled(docker=docker)
    node.declare()
    node.start()
    before = node.until_running()
    rig.until(lambda: freeze(control, node)["kind"] == "succeeded", 20, "Docker's configuration is known")
    check.equal(docker.inspect(before["Id"])["State"]["Status"], "paused", "what Docker says of it")
    rig.until(lambda: node.status()["state"] == "frozen", 10, "the node is frozen", node.status)
    check.equal(node.state(), "frozen", "the workload's state")
    check.equal(node.status()["suspension"]["mode"], "freeze", "the suspension's mode")

    docker.stop_daemon()
    rig.until(lambda: not node.status()["docker_known"], 20, "Docker is unknown", node.status)
    docker.up()
    rig.until(lambda: node.status()["docker_known"], 40, "Docker is known again", node.status)
    check.equal(docker.inspect(before["Id"])["State"]["Status"], "paused", "after Docker's restart")

    check.equal(control.outcome(node.id, "resume")["kind"], "succeeded", "resume")
    after = node.until_running()
    check.same_run(before, after)
    check.equal(after["State"]["Pid"], before["State"]["Pid"], "the very process runs on")
    node.until_event("workload_thawed", "web")
    check.equal(node.events("workload_exited"), [], "exits told")
    refused_without_live_restore(rig, control)


def refused_without_live_restore(rig, control):
    node = rig.node("other", control=control)
    node.give_code(control.code_for(node.id))
    node.declare()
    node.start()
    node.until_running()
    outcome = freeze(control, node)
    check.equal((outcome["kind"], outcome["code"]), ("refused", "freeze_unavailable"), "freezing")
    check.contains(outcome["detail"], "live-restore", "the remedy")


def freeze(control, node):
    return control.outcome(node.id, "suspend", reason="payment failed", args={"mode": "freeze"})
