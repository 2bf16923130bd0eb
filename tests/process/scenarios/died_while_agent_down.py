"""A workload that ended while the agent was down runs again as soon as the agent is back."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare("web")
    node.declare("asleep")
    node.start()
    before = node.until_running()
    node.until_running("asleep")
    check.equal(node.outcome("stop", "workload:asleep", args={"grace_s": 0})["kind"], "succeeded", "stop of the other")
    node.kill()
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: not rig.docker.inspect(before["Id"])["State"]["Running"], 20, "it is down")
    node.start()
    check.other_run(before, node.until_running())
    check.equal(rig.docker.starts(before["Id"], rig.began_s), 2, "starts in all")
    check.equal(node.container("asleep")["State"]["Running"], False, "the stopped one")
