"""With tailscaled in userspace mode a node finds and vouches for its control plane as well and speaks with it through
tailscaled's proxy; commands are pushed to it; without the proxy it says what to set."""
from lib import check
from tailnet_lib.grants import NODE, usual
from tailnet_lib.member import SOCKS_PORT


def run(rig):
    vm, control = rig.members(usual(), "vm", "control", vm={"tags": NODE, "userspace": True})
    plane, node = rig.enrolled_on(vm, control)
    node.declare()
    node.start()
    rig.until(lambda: "tailscale.socks5" in node.status()["control"], 20, "status says what to set",
              lambda: node.status()["control"])
    check.equal(plane.node(node.id), {}, "what the control plane knows")
    node.settings["tailscale"]["socks5"] = f"127.0.0.1:{SOCKS_PORT}"
    node.restart()
    rig.heard(plane, node)
    before = node.until_running()
    check.equal(plane.node(node.id)["device"], vm.stable_id, "the device that it is bound to")
    sent = plane.send(node.id, "restart", "workload:web", args={"grace_s": 0})
    check.equal(plane.outcome_of(node.id, sent)["kind"], "succeeded", "a command")
    check.other_run(before, node.container())
    direct = vm.run("ss", "-Htn", "state", "established", "dst", control.ip4).stdout
    check.equal(direct, "", "connections past the proxy")
