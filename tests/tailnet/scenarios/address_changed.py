"""The API follows the node's tailnet address when it changes: it answers at the new one, the old one is closed with what was
open there, and workloads do not notice."""
from lib import check, http
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT

NEW = "100.64.7.77"
ABOUT_S = 30


def run(rig):
    vm, control = rig.members(policy(grant(CONTROL, NODE, verbs("read"))), "vm", "control")
    node = rig.node_on(vm)
    node.declare()
    node.start()
    before = node.until_running()
    old, six = vm.ip4, vm.ip6
    rig.open_on(node, old, f"[{six}]")
    stream = http.Stream(control.to(old, API_PORT), "/v1/events?follow=true")
    rig.watches.append(stream)
    rig.tailnet.change_address("vm", NEW)
    rig.open_on(node, NEW, f"[{six}]")
    # What the kernel still wants to send there belongs to no process.
    def sockets():
        return [line for line in vm.run("ss", "-Htnap").stdout.splitlines() if "aura-node" in line]
    rig.until(lambda: not any(old in line for line in sockets()), 10, "the old address has no socket", sockets)
    rig.until(lambda: control.ping_once(vm), 30, "the peer knows the new address")
    answer = control.call(NEW, API_PORT, "GET", "/v1/status")
    check.equal(answer.status, 200, f"at the new address: {answer}")
    check.equal(answer.json["tailnet_facts"]["addresses"], [NEW, six], "the addresses in status")
    check.equal(control.call(six, API_PORT, "GET", "/v1/status").status, 200, "by IPv6, as before")
    check.same_run(before, node.container())
