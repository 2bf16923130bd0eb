"""A node that was deleted from the tailnet and added again under the same name and address inherits no trust: its control
plane refuses it with the key that it still has, says so, and lets it in only after reenroll."""
from lib import check
from tailnet_lib.grants import usual

ABOUT_S = 45

def run(rig):
    vm, control = rig.members(usual(), "vm", "control")
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    before = node.until_running()
    rig.heard(plane, node)
    address, device = vm.ip4, vm.stable_id
    check.equal(plane.node(node.id)["device"], device, "the device that it is bound to")

    rig.tailnet.delete_node("vm")
    # headscale gives its first free address again only when it has been started anew.
    rig.tailnet.stop_headscale()
    rig.tailnet.start_headscale()
    vm.join_again()
    check.equal(vm.ip4, address, "the address")
    check.is_true(vm.stable_id != device, "another device", vm.stable_id)
    rig.until(lambda: plane.node(node.id)["heard"] != "ok", 60, "it is heard no longer", lambda: plane.node(node.id))
    def claims():
        told = [one["event"] for one in plane.events(node.id, "control")]
        return [one["data"] for one in told if one["kind"] == "stranger"]
    rig.until(claims, 30, "the claim is told", lambda: plane.events(node.id, "control"))
    check.equal(claims()[-1], {"device": vm.stable_id, "address": address}, "who claimed it")
    rig.until(lambda: "403" in node.status()["control"], 20, "the node says that it is refused", node.status)
    refused = plane.command(node.id, plane.send(node.id, "stop", "workload:web"), wait_s=3)
    check.equal(refused["state"] in ("queued", "undelivered"), True, f"a command meanwhile: {refused}")
    check.same_run(before, node.container())

    reply = plane.api("POST", f"/v1/nodes/{node.id}/reenroll", {})
    check.equal(reply.status, 200, f"reenroll: {reply}")
    node.give_code(reply.json["code"])
    node.restart()
    rig.heard(plane, node)
    check.equal(plane.node(node.id)["device"], vm.stable_id, "the device that it is bound to now")
