"""tailscaled stopped, killed, switched off by `tailscale down` and started again: status says each state with its
remedy, the API is closed and opens again by itself, and the workload never notices."""
import signal

from lib import check
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT, words

ABOUT_S = 40


def run(rig):
    vm, control = rig.members(policy(grant(CONTROL, NODE, verbs("read"))), "vm", "control")
    node = rig.node_on(vm)
    node.declare()
    node.start()
    before = node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")

    def is_told(state, remedy):
        rig.until(lambda: node.status()["tailnet"].startswith(state), 20, f"status says {state}",
                  lambda: node.status()["tailnet"])
        check.equal(node.status()["tailnet_facts"]["state"], state, "the state in the report")
        check.contains(node.cli("status").stdout, remedy, f"the remedy of {state}")

    def is_closed():
        rig.until(lambda: words(node).startswith("closed") and f":{API_PORT}" not in vm.run("ss", "-Htnl").stdout, 5,
                  "the API is closed", lambda: words(node))

    def is_back():
        rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
        control.ping(vm)
        answer = control.call(vm.ip4, API_PORT, "GET", "/v1/status")
        check.equal(answer.status, 200, f"after it is back: {answer}")

    for number in (signal.SIGTERM, signal.SIGKILL):
        vm.stop(number)
        is_told("absent", "systemctl start tailscaled")
        is_closed()
        vm.start()
        is_back()

    check.equal(vm.tailscale("down").returncode, 0, "tailscale down")
    is_told("stopped", "tailscale up")
    is_closed()
    check.equal(vm.tailscale("up").returncode, 0, "tailscale up")
    is_back()

    check.same_run(before, node.container())
    rig.fault("tailscaled away", "SIGTERM, SIGKILL and `tailscale down` of a real tailscaled",
              "state and remedy in status; the API closed and open again by itself; the workload untouched", 3)
