"""A node that is renamed serves its new name and no longer the old one, and a renamed peer keeps its right: trust hangs on
the device, not on names."""
from lib import check
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT


def run(rig):
    rules = policy(grant(CONTROL, NODE, verbs("read")), grant(OTHER, NODE))
    vm, control, other = rig.members(rules, "vm", "control", "other")
    node = rig.node_on(vm)
    node.start()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")

    def status_of(peer, host):
        return peer.call(vm.ip4, API_PORT, "GET", "/v1/status", headers={"Host": host}).status

    for host in ("vm", f"vm.tn.test:{API_PORT}", "VM.tn.test", vm.ip4, f"[{vm.ip6}]:{API_PORT}"):
        check.equal(status_of(control, host), 200, f"under the name {host}")
    rig.tailnet.rename_node("vm", "vm-seventeen")
    rig.until(lambda: status_of(control, f"vm-seventeen.tn.test:{API_PORT}") == 200, 5, "it answers to its new name")
    check.equal(status_of(control, "vm.tn.test"), 403, "under the old name")
    rig.until(lambda: node.status()["tailnet_facts"]["name"] == "vm-seventeen.tn.test", 5, "status has the new name",
              node.status)

    # The names change places; the rights stay where they were.
    rig.tailnet.rename_node("control", "somebody")
    rig.tailnet.rename_node("other", "control")
    rig.until(lambda: vm.whois(other.ip4 + ":1").json["Node"]["Name"] == "control.tn.test.", 10, "the names have changed")
    check.equal(status_of(control, "vm-seventeen"), 200, "the renamed peer")
    check.equal(status_of(other, "vm-seventeen"), 403, "who has its name now")
