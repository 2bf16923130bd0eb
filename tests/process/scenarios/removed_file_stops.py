"""A removed file stops its container and keeps it; the same file again runs the same container."""
import os

from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    node = rig.node()
    node.declare("web", command=ENDS_ON_TERM)
    node.declare("other")
    node.start()
    before, other = node.until_running(), node.until_running("other")
    os.rename(node.workload_path(), node.path("web.toml"))
    node.reload_by_signal()
    rig.until(lambda: not node.container()["State"]["Running"], 20, "it is stopped")
    check.equal(node.container()["Id"], before["Id"], "the container is kept")
    check.equal(node.events("workload_exited", "web")[-1]["data"]["cause"], "withdrawn", "the cause")
    check.same_run(other, node.until_running("other"))
    os.rename(node.path("web.toml"), node.workload_path())
    node.reload_by_signal()
    check.equal(node.until_running()["Id"], before["Id"], "the container")
