"""A restart ends with a new instance, started exactly once, and the same command again restarts nothing."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    node = rig.node()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    outcome = node.outcome("restart", "workload:web", id="restart-1")
    check.equal(outcome["kind"], "succeeded", "restart")
    after = node.container()
    check.other_run(before, after)
    check.equal(outcome["evidence"][0]["started_at"], after["State"]["StartedAt"], "the instance in the evidence")
    again = node.command("restart", "workload:web", id="restart-1")
    check.equal((again.status, again.json["outcome"]), (200, outcome), "the same command again")
    rig.stays(lambda: rig.docker.starts(after["Id"], rig.began_s) == 2, 1, "two starts in all")
    check.same_run(after, node.container())
