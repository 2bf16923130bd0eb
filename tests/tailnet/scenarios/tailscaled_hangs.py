"""A tailscaled that hangs is told in status within a minute and vouches for nobody; when it goes on, so does the API."""
import signal

from lib import check
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT, words

ABOUT_S = 75  # it says nothing on its bus, so only the look of once a minute finds it


def run(rig):
    vm, control = rig.members(policy(grant(CONTROL, NODE, verbs("read"))), "vm", "control")
    node = rig.node_on(vm)
    node.declare()
    node.start()
    before = node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    address = vm.ip4

    vm.process.send_signal(signal.SIGSTOP)
    rig.until(lambda: node.status()["tailnet_facts"]["state"] == "no_answer", 70, "status says no_answer", node.status)
    check.contains(node.cli("status").stdout, "systemctl restart tailscaled", "the remedy")
    check.contains(words(node), "closed", "the API")
    vm.process.send_signal(signal.SIGCONT)
    rig.open_on(node, address, f"[{vm.ip6}]")
    control.ping(vm)
    check.equal(control.call(address, API_PORT, "GET", "/v1/status").status, 200, "when it goes on")
    check.same_run(before, node.container())
    rig.fault("tailscaled hangs", "SIGSTOP of a real tailscaled, then SIGCONT",
              "no_answer in status, the API closed; open again when it goes on")
