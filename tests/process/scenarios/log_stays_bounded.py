"""What a workload writes is kept in a bounded place: Docker's local driver rotates, and the newest lines stay readable."""
import os

from lib import check

LINES = 700_000
BOUND_BYTES = 60 << 20


def run(rig):
    node = rig.node()
    node.declare(command=f"yes 'a line of some length that says nothing and fills the disk of whoever lets it grow, on "
                         f"and on and on and on and on and on and on' | head -n {LINES}; echo the-last-one; "
                         "exec sleep 3600")
    node.start()
    container = node.until_running()
    check.equal(container["HostConfig"]["LogConfig"]["Type"], "local", "the driver")
    rig.until(lambda: "the-last-one" in node.cli("logs", "web", "--tail", "1").stdout, 60, "all is written")
    folder = os.path.join(node.docker.ok("GET", "/info").json["DockerRootDir"], "containers", container["Id"],
                          "local-logs")
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)}
    check.is_true(0 < sum(sizes.values()) < BOUND_BYTES, "the logs on disk", sizes)
    check.is_true(len(sizes) > 1, "it was rotated", sizes)
