"""A mount source that has become a symlink since it was checked is not mounted at the next start; the status names
it."""
import os

from lib import check


def run(rig):
    node = rig.node()
    source = node.path("srv", "data")
    os.mkdir(source)
    node.declare(mounts=[{"source": source, "target": "/data"}])
    node.start()
    before = node.until_running()
    os.rename(source, node.path("srv", "moved"))
    os.symlink("/etc", source)
    rig.docker.kill_main_process(before["Id"])
    check.contains(node.until_state("failed")["reason"], source, "the reason")
    rig.stays(lambda: not node.container()["State"]["Running"], 1, "staying stopped")
    os.remove(source)
    os.rename(node.path("srv", "moved"), source)
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start once it is mended")
