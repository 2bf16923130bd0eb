"""Without Docker's socket the agent is up, says docker: unknown, status exits 1; with it workloads run."""
import os

from lib import check


def run(rig):
    node = rig.node()
    missing = node.path("missing.sock")
    node.settings["docker"]["socket"] = missing
    node.declare()
    node.start()
    status = node.status()
    check.contains(status["docker"], "unknown", "docker")
    check.equal((status["docker_known"], status["state"]), (False, "degraded"), "the status")
    shown = node.cli("status")
    check.equal(shown.returncode, 1, "the exit code of status")
    check.contains(shown.stdout, "unknown", "what status shows")
    check.equal(node.api("GET", "/health").status, 200, "alive")
    check.equal(node.api("GET", "/health/ready").status, 503, "ready")
    check.is_true(node.cli("doctor", *node.flags()).returncode == 1, "doctor finds it")
    os.symlink(rig.docker.socket, missing)
    node.until_running()
    check.equal(node.cli("status").returncode, 0, "the exit code of status")
