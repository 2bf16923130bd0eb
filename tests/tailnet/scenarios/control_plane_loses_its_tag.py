"""A control plane whose tag is taken away is no longer obeyed: neither by what the node has open with it, such as a long poll,
nor by a push; workloads stay as they are. With the tag back it is obeyed again, and what waited is done then."""
from lib import check
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, usual

WATCHED_S = 12  # longer than a whois is believed
ABOUT_S = 90  # a node that was refused asks again slowly


def run(rig):
    vm, control = rig.members(usual(grant(NODE, OTHER, None, [f"tcp:{PORT}"]), grant(OTHER, NODE)), "vm", "control")
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    before = node.until_running()
    rig.heard(plane, node)
    # A long poll is open when the node has gone quiet.
    rig.until(lambda: str(PORT) in vm.run("ss", "-Htn", "state", "established", "dst", control.ip4).stdout, 20, "it is open")

    rig.tailnet.tag_node("control", OTHER)
    rig.until(lambda: vm.whois(control.ip4 + ":1").json["Node"]["Tags"] == [OTHER], 10, "the tag is gone")
    sent = plane.send(node.id, "stop", "workload:web", args={"grace_s": 0})
    rig.stays(lambda: node.container()["State"]["Running"], WATCHED_S, "the workload")
    check.contains(node.status()["control"], OTHER, "what status says")
    check.equal(node.api("GET", f"/v1/commands/{sent}").status, 404, "the command, on the node")
    check.same_run(before, node.container())
    check.equal(len(node.events("control_stranger")), 1, "events of it")

    rig.tailnet.tag_node("control", CONTROL)
    check.equal(plane.outcome_of(node.id, sent, 90)["kind"], "succeeded", "the command with the tag back")
    check.equal(node.container()["State"]["Running"], False, "the workload")
