"""A container that somebody stopped through Docker without a hold is started again, and the event says so."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    node = rig.node()
    node.declare(command=ENDS_ON_TERM, tables='[restart]\npolicy = "on_failure"\n')
    node.start()
    before = node.until_running()
    rig.docker.stop(before["Id"], 5)
    event = node.until_event("workload_exited", "web")
    check.equal(event["data"]["cause"], "human", "the cause")
    check.contains(event["text"], "docker stop", "the text")
    node.until_event("workload_started", "web", count=2)
    check.other_run(before, node.until_running())
    rig.docker.remove(before["Id"])
    node.until_event("workload_started", "web", count=3)
    check.is_true(node.until_running()["Id"] != before["Id"], "a removed one is made anew")
