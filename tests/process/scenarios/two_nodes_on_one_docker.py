"""Two nodes on one Docker, with workloads of one name, do not touch each other's containers."""
from lib import check
from lib.docker import network_of


def run(rig):
    one, two = rig.node("one"), rig.node("two")
    for node in (one, two):
        node.declare()
        node.start()
    first, second = one.until_running(), two.until_running()
    check.is_true(first["Name"] != second["Name"], "two names", first["Name"])
    check.equal([list(each["NetworkSettings"]["Networks"]) for each in (first, second)],
                [[network_of(one.id)], [network_of(two.id)]], "a network each")
    check.equal(one.outcome("stop", args={"grace_s": 0})["kind"], "succeeded", "stop of the one")
    one.restart()
    rig.stays(lambda: two.container()["State"]["Running"], 1, "the other one running")
    check.same_run(second, two.container())
    rig.docker.kill_main_process(second["Id"])
    two.until_event("workload_started", "web", count=2)
    check.other_run(second, two.until_running())
    check.equal(one.container()["State"]["Running"], False, "the stopped one")
    check.equal([event["kind"] for event in one.events() if event["severity"] in ("warning", "error")], [], "warnings")
