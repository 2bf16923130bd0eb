"""A changed spec replaces the container by one of the next number; an unchanged file replaces nothing."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare("web", env={"COLOUR": "red"})
    node.declare("other")
    node.start()
    before, other = node.until_running(), node.until_running("other")
    node.declare("web", env={"COLOUR": "blue"})
    check.equal(node.cli("reload").returncode, 0, "reload")
    after = rig.until(lambda: replaced(node, before), 30, "the new container runs", lambda: node.workload("web"))
    check.contains(after["Config"]["Env"], "COLOUR=blue", "the environment")
    check.equal((before["Name"][-2:], after["Name"][-2:]), ("-1", "-2"), "the numbers")
    rig.until(lambda: len(node.containers()) == 1, 20, "the old container is gone")
    check.same_run(other, node.until_running("other"))
    node.declare("web", env={"COLOUR": "blue"})
    node.reload_by_signal()
    rig.stays(lambda: node.container()["Id"] == after["Id"], 1, "staying the same")
    check.same_run(after, node.container())


def replaced(node, before):
    seen = node.workload()
    if seen["state"] != "running" or seen.get("container_id") == before["Id"]:
        return None
    return node.docker.inspect(seen["container_id"])
