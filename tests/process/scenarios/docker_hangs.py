"""A Docker daemon that hangs is unknown, never absent: nothing is started or stopped twice, a command waits and has one
outcome when it goes on."""
import os
import signal

from lib import check
from lib.node import ENDS_ON_TERM

DEADLINE_S = 150
ABOUT_S = 45


def run(rig):
    rig.fault("dockerd hangs", "SIGSTOP of a real dockerd, SIGCONT later, a command under way",
              "unknown meanwhile; one outcome; the other container untouched")
    docker = rig.own_docker()
    node = rig.node(docker=docker)
    node.declare("web", command=ENDS_ON_TERM)
    node.declare("other", command=ENDS_ON_TERM)
    node.start()
    web, other = node.until_running("web"), node.until_running("other")
    with open(os.path.join(docker.dir, "pid"), encoding="ascii") as file:
        daemon = int(file.read())
    os.kill(daemon, signal.SIGSTOP)
    try:
        reply = node.command("restart", "workload:web", wait_s=1, id="c-hang")
        check.equal(reply.status, 202, "the command waits")
        rig.until(lambda: not node.status()["docker_known"], 40, "Docker is unknown", node.status)
        check.equal(node.state("other"), "unknown", "a workload that nobody can ask for")
        check.is_true(os.path.exists(f"/proc/{other['State']['Pid']}"), "its process runs on")
        check.equal(node.api("GET", "/v1/commands/c-hang").status, 200, "the command is known")
    finally:
        os.kill(daemon, signal.SIGCONT)
    rig.until(lambda: node.api("GET", "/v1/commands/c-hang").json.get("outcome"), 60, "the command has its outcome")
    check.equal(node.api("GET", "/v1/commands/c-hang").json["outcome"]["kind"], "succeeded", "the outcome")
    check.other_run(web, node.until_running("web"))
    check.same_run(other, node.until_running("other"))
    check.equal(docker.starts(web["Id"], rig.began_s), 2, "starts of the restarted one")
    check.equal(docker.starts(other["Id"], rig.began_s), 1, "starts of the other")
    check.equal(len(node.events("workload_exited", "other")), 0, "exits told of the other")
