"""Stop of the node stops all in order of dependency, holds across a restart; start of one is refused until the
node starts."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    node = rig.node()
    quick = ENDS_ON_TERM
    node.declare("db", quick)
    node.declare("web", quick, depends_on={"db": "started"})
    node.start()
    node.until_running("db")
    node.until_running("web")
    started = [event["workload"] for event in node.events("workload_started")]
    check.equal(started, ["db", "web"], "the order of starts")
    check.equal(node.outcome("stop")["kind"], "succeeded", "stop of the node")
    exited = [event["workload"] for event in node.events("workload_exited")]
    check.equal(exited, ["web", "db"], "the order of stops")
    check.equal(node.status()["state"], "stopped", "the node's state")
    node.restart()
    rig.stays(lambda: not node.container("db")["State"]["Running"], 1, "staying stopped after a restart of the agent")
    check.refused(node.command("start", "workload:web"), "node_stopped")
    check.equal(node.outcome("start")["kind"], "succeeded", "start of the node")
    node.until_running("db")
    node.until_running("web")
