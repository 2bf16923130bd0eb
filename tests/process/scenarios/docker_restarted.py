"""A restart of the Docker daemon is a non-event: the workload runs again in the same container, no second one is
made."""
from lib import check
from lib.node import ENDS_ON_TERM

DEADLINE_S = 150
ABOUT_S = 30


def run(rig):
    docker = rig.own_docker()
    node = rig.node(docker=docker)
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    docker.stop_daemon()
    rig.until(lambda: not node.status()["docker_known"], 20, "Docker is unknown", node.status)
    unknown = node.status()
    check.equal(unknown["state"], "degraded", "the node's state")
    check.equal(node.state(), "unknown", "the workload's state")
    docker.up()
    after = node.until_running(seconds=40)
    check.other_run(before, after)
    check.equal(len(node.containers()), 1, "containers")
    exited = node.events("workload_exited", "web")
    check.equal(len(exited), 1, "exits told")
    # Docker that goes down stops containers as `docker stop` does; which of both it was is not always to be seen.
    check.is_true(exited[0]["data"]["cause"] in ("docker_restart", "human"), "the cause", exited[0])
    check.equal(node.status()["state"], "running", "the node's state")
