"""Dependencies start first, what must complete has completed, and a dependency's restart bounces those dependants alone
that ask for it."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    node = rig.node()
    node.declare("migrate", "sleep 2", '[restart]\npolicy = "on_failure"\n')
    node.declare("db", ENDS_ON_TERM, depends_on={"migrate": "completed"})
    node.declare("asks", ENDS_ON_TERM, depends_on={"db": "started"}, on_dependency_restart="restart")
    node.declare("quiet", ENDS_ON_TERM, depends_on={"db": "started"})
    node.start()
    for name in ("db", "asks", "quiet"):
        node.until_running(name)
    ended = node.container("migrate")["State"]["FinishedAt"]
    db, asks, quiet = (node.container(name) for name in ("db", "asks", "quiet"))
    check.is_true(ended <= db["State"]["StartedAt"], "migrate ends before db starts", (ended, db["State"]))
    for one in (asks, quiet):
        check.is_true(db["State"]["StartedAt"] < one["State"]["StartedAt"], "db starts before its dependants", one["State"])
    node.docker.kill_main_process(db["Id"])
    event = node.until_event("workload_exited", "asks")
    check.equal(event["data"]["cause"], "dependency", "the cause")
    check.contains(event["text"], "a dependency was restarted: db", "the reason")
    node.until_event("workload_started", "asks", count=2)
    check.other_run(asks, node.until_running("asks"))
    check.same_run(quiet, node.container("quiet"))
    rig.stays(lambda: node.workload("asks")["restarts"] == 1, 2, "it is bounced once", lambda: node.workload("asks"))
    check.equal(node.outcome("stop")["kind"], "succeeded", "stop of the node")
    stopped = [event["workload"] for event in node.events("workload_exited")][-3:]
    check.equal(stopped[-1], "db", "db stops last")
