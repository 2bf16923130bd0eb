"""Somebody else on the control plane's port under its name, without its tag, gets nothing and is not believed, and status and
an event say who it is; with the tag the node speaks with it, and when the tag is taken away it stops, also on what is open."""
from lib import check, netns
from lib.scripted_control import ScriptedControl
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy

SILENCE_S = 6


def run(rig):
    rules = policy(grant(NODE, "*", None, [f"tcp:{PORT}"]))
    vm, control = rig.members(rules, "vm", "control", control={"tags": OTHER})
    with netns.inside(control.namespace):
        impostor = ScriptedControl(address=control.ip4, port=PORT)
    node = rig.node_on(vm)
    node.settings["control"] = {"url": f"http://control:{PORT}", "auth": "tailnet"}
    node.declare()
    node.start()
    rig.until(lambda: "tag:other" in node.status()["control"], 20, "status says who is there", lambda: node.status()["control"])
    check.contains(node.cli("status").stdout, control.ip4, "who is there, for people")
    told = node.until_event("control_stranger")
    check.contains(told["text"], CONTROL, "what it lacks")
    check.equal((impostor.enrolments, impostor.count(), impostor.connections), ([], 0, set()), "what it got")

    rig.tailnet.tag_node("control", CONTROL)
    rig.until(lambda: impostor.count() > 0, 90, "with the tag it is spoken with", lambda: node.status()["control"])
    impostor.want("running", 1)
    before = node.until_running()

    rig.tailnet.tag_node("control", OTHER)
    impostor.want("stopped", 2)
    rig.until(lambda: "tag:other" in node.status()["control"], 20, "without it no longer", lambda: node.status()["control"])
    beats, enrolments = impostor.count(), len(impostor.enrolments)
    rig.stays(lambda: (impostor.count(), len(impostor.enrolments)) == (beats, enrolments), SILENCE_S, "silence")
    check.equal(node.status()["intent"], "running", "what it wants now")
    check.same_run(before, node.container())
    impostor.close()
    rig.fault("an impostor for a control plane", "another device of the tailnet under its name and on its port",
              "nothing sent, nothing believed, told in status and event", 2)
