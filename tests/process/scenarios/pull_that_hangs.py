"""A registry that says nothing any more costs a pull its inactivity time and no workload anything; when it speaks again
the image is had."""
from lib import check


def run(rig):
    fault = rig.fault("the registry hangs in the middle of a pull", "a proxy that passes no byte on")
    registry = rig.registry()
    line = rig.slow_line(registry, 4 << 20)
    image = rig.will_pull(line.reference(registry.push("web", mib=24)))
    node = rig.node()
    node.settings["limits"] = {"pull_idle_s": 3}
    node.declare("web", image=image)
    node.declare("other")
    node.start()
    rig.until(lambda: (node.workload().get("pull") or {}).get("bytes"), 20, "the pull moves", lambda: node.workload())
    line.hang()
    other = node.until_running("other")
    failed = rig.until(lambda: "nothing moved for 3 s" in node.workload()["reason"] and node.workload(), 30,
                       "the pull is given up", lambda: node.workload())
    check.equal(failed["state"], "failed", "the state")
    node.docker.kill_main_process(other["Id"])
    rig.until(lambda: node.docker.inspect(other["Id"])["State"]["StartedAt"] != other["State"]["StartedAt"], 5,
              "a crashed workload is back while the registry hangs")
    line.go_on(200 << 20)
    node.until_running(seconds=60)
    fault.observed = "the pull was given up and tried again until it came; the other workload was restarted meanwhile"
