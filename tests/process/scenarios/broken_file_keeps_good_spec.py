"""A reload of a broken file, policy or configuration leaves what ran before in force and says so, and mends itself."""
from lib import check
from lib.node import write


def run(rig):
    node = rig.node()
    node.declare("web", env={"COLOUR": "red"})
    node.declare("other")
    node.start()
    before, other = node.until_running(), node.until_running("other")
    write(node.workload_path(), 'image = "x"\nimagee = 3\n[restart\n')
    line = node.reload_by_signal()
    check.contains(line, "web.toml:", "the log names the file")
    node.declare("other", env={"COLOUR": "green"})
    write(node.path("config", "agent.toml"), "nonsense = 1\n")
    node.reload_by_signal()
    reasons = " ".join(node.status()["reasons"])
    check.contains(reasons, "web.toml:", "the status names the file")
    check.contains(reasons, "agent.toml:1", "the status names the configuration")
    check.equal(node.status()["state"], "degraded", "the node's state")
    rig.until(lambda: node.workload("other").get("container_id") not in ("", None, other["Id"]) and
              node.state("other") == "running", 30, "the good change is made all the same", node.status)
    check.same_run(before, node.container())
    node.declare("web", env={"COLOUR": "red"})
    node.write_settings()
    node.reload_by_signal()
    check.same_run(before, node.container())
    rig.until(lambda: node.status()["state"] == "running", 20, "all is well again", node.status)
