"""Under the policy always a workload that ends with 0 runs again; under on_failure it stays ended, as intended."""
import os

from lib import check


def run(rig):
    node = rig.node()
    once = "[ -e /data/{0} ] && exec sleep 3600; touch /data/{0}; exit 0"
    mounts = [{"source": node.path("srv", "a"), "target": "/data"}]
    other = [{"source": node.path("srv", "b"), "target": "/data"}]
    for name in ("a", "b"):
        os.mkdir(node.path("srv", name))
    node.declare("again", once.format("again"), mounts=mounts, tables='[restart]\npolicy = "always"\n')
    node.declare("done", once.format("done"), mounts=other, tables='[restart]\npolicy = "on_failure"\n')
    node.start()
    node.until_event("workload_exited", "again")
    node.until_event("workload_started", "again", count=2)
    node.until_running("again")
    check.equal(node.workload("again")["last_exit"]["code"], 0, "the last exit")
    node.until_event("workload_exited", "done")
    node.until_state("stopped", "done")
    check.equal(len(node.events("workload_started", "done")), 1, "starts of the one that is done")
    check.equal(node.status()["state"], "running", "the node's state")

