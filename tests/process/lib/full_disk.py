"""What a node does on a disk that fills up and gets space again; the same on every kind of file system."""
from lib import check
from lib.scripted_control import ScriptedControl

LARGE = "x" * 1000  # the longest reason; the state outgrows the reserve after some hundred of them
SMALL = 60
MOST = 3000


def commit(node, reason=""):
    """A command that is only recorded: the agent's hands are off a workload that nobody declared for a second."""
    verb = "release" if reason == "" else "hold"
    args = {} if verb == "release" else {"for_s": 1}
    return node.command(verb, "workload:idle", wait_s=5, args=args, reason=reason or "test")


def go(rig, disk_of):
    fault = rig.fault(f"the ledger's disk is full ({disk_of.kind})",
                      f"a real {disk_of.kind}, filled to the last byte under the running agent")
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    disk = disk_of(rig, node.path("state"))
    node.declare("web")
    node.declare("idle")
    node.start()
    web = node.until_running("web")
    idle = node.until_running("idle")
    disk.fill()

    # The reserve carries what is small, far beyond what the page cache could hide.
    for number in range(SMALL):
        reply = commit(node)
        check.equal(reply.status, 200, f"command {number} on the full disk")
    refused = use_up(node)
    fault.times = SMALL + refused
    check.contains(" ".join(node.status()["reasons"]), "disk full", "the reason")
    check.equal(node.status()["state"], "degraded", "the node's state")

    # Beyond it nothing is decided, and everything else goes on.
    reply = commit(node, LARGE)
    check.equal(reply.status, 507, "a command without space")
    check.is_true(int(reply.headers.get("retry-after", "0")) > 0, "when to come again", reply.headers)
    plane.order({"id": "c-full", "verb": "stop", "target": "workload:web", "generation": 50})
    rig.until(lambda: deferred(plane, "c-full"), 20, "the control plane hears of no_space")
    check.equal(deferred(plane, "c-full")["code"], "no_space", "the code")
    beats = plane.count()
    rig.docker.kill_main_process(idle["Id"])
    after = rig.until(lambda: ran_anew(node, idle), 30, "the crashed workload is back")
    check.other_run(idle, after)
    rig.until(lambda: plane.count() >= beats + 2, 20, "heartbeats go on")
    check.same_run(web, node.container("web"))

    disk.free()
    rig.until(lambda: node.status()["state"] != "degraded", 45, "it is well again by itself", node.status)
    plane.order({"id": "c-full", "verb": "stop", "target": "workload:web", "generation": 50, "args": {"grace_s": 0}})
    rig.until(lambda: plane.outcome("c-full"), 30, "the same command, delivered again, has its outcome")
    check.equal(plane.outcome("c-full")["kind"], "succeeded", "its outcome")
    before = node.status()
    node.restart()
    node.until_running("idle")
    check.equal(node.status()["ledger_id"], before["ledger_id"], "the ledger")
    check.equal(node.workload("web")["intent"], "stopped", "the stop was kept")
    rig.until(lambda: plane.events and plane.events[-1]["seq"] >= node.events()[-1]["seq"], 20, "all events are told")
    check.no_gaps([event["seq"] for event in plane.events], "the numbers of the events")
    fault.observed = (f"{SMALL} of {SMALL} small commits on the full disk; then 507 no_space; crashed workload back, "
                      "heartbeats on; well again by itself")


def use_up(node):
    """Commands with much to keep until the node refuses one; how many there were."""
    for number in range(MOST):
        reply = commit(node, LARGE)
        if reply.status == 507:
            return number
        check.is_true(reply.status in (200, 202), "either taken or refused for space", reply)
    raise AssertionError(f"{MOST} large commands were taken on a full disk")


def deferred(plane, command_id):
    for beat in list(plane.beats):
        for one in beat.get("deferred") or []:
            if one["command_id"] == command_id:
                return one
    return None


def ran_anew(node, before):
    seen = node.container("idle")
    return seen if seen["State"]["Running"] and seen["State"]["StartedAt"] != before["State"]["StartedAt"] else None
