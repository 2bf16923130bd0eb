"""An emptied, missing or unreadable workloads folder removes nothing and the status says why; --allow-removal does."""
import os

from lib import check

ABOUT_S = 10


def run(rig):
    node = rig.node()
    for name in ("one", "two"):
        node.declare(name)
    node.start()
    before = [node.until_running(name) for name in ("one", "two")]
    folder, aside = node.path("workloads"), node.path("aside")

    os.rename(folder, aside)
    os.mkdir(folder, 0o755)
    node.reload_by_signal()
    all_go_on(rig, node, before, "declaration_missing")

    os.rmdir(folder)
    node.restart()
    all_go_on(rig, node, before, folder)

    os.mkdir(folder, 0o755)
    os.chmod(folder, 0o777)
    node.reload_by_signal()
    all_go_on(rig, node, before, folder)

    os.chmod(folder, 0o755)
    check.equal(node.cli("reload", "--allow-removal").returncode, 0, "reload --allow-removal")
    rig.until(lambda: not any(running(node, seen) for seen in before), 40, "both are stopped")


def running(node, seen):
    return node.docker.inspect(seen["Id"])["State"]["Running"]


def all_go_on(rig, node, before, why):
    rig.until(lambda: any(why in one for one in node.status()["reasons"]), 20, f"the status says {why}", node.status)
    check.equal(node.cli("status").returncode, 1, "status")
    rig.stays(lambda: all(running(node, seen) for seen in before), 0.5, "running")
    for seen in before:
        check.same_run(seen, node.docker.inspect(seen["Id"]))
