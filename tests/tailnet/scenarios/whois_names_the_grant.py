"""Whois names a peer's grant and nothing for a peer without one, with a tailscale0 and in userspace mode, where it knows
the loopback connection too; a withdrawn grant is gone at once, and an expired peer is marked but keeps its grant."""
from lib import check, netns
from tailnet_lib.grants import CONTROL, NODE, NODE_CAPABILITY, OTHER, grant, policy, verbs

PORT = 9414


def run(rig):
    tailnet = rig.tailnet
    tailnet.start(policy(grant(CONTROL, NODE, verbs("read", "stop")), grant(OTHER, NODE), grant(NODE, CONTROL)))
    vm, loop = tailnet.machine("vm", NODE), tailnet.machine("loop", NODE, userspace=True)
    control, other = tailnet.machine("control", CONTROL), tailnet.machine("other", OTHER)
    tailnet.add(vm, loop, control, other)
    for node in (vm, loop):
        check.equal(node.capabilities(control, NODE_CAPABILITY), [{"verbs": ["read", "stop"]}], "granted")
        check.equal(node.capabilities(other, NODE_CAPABILITY), None, "not granted")
        check.equal(node.whois(f"[{control.ip6}]:1").json["Node"]["Tags"], [CONTROL], "by IPv6")
        check.equal(node.whois(control.lan_address + ":1").status, 404, "whois of a neighbour on the LAN")

    seen = peer_of_a_connection(control, vm, vm.ip4)
    check.equal(seen[0], control.ip4, "the peer with a tailscale0")
    seen = peer_of_a_connection(control, loop, "127.0.0.1")
    check.equal(seen[0], "127.0.0.1", "the peer in userspace mode")
    check.equal(seen[1], "control.tn.test.", "whois of the loopback connection")
    stranger = peer_of_a_connection(loop, loop, "127.0.0.1", target="127.0.0.1")
    check.equal(stranger[1], None, "whois of a connection that did not come through the tailnet")

    tailnet.policy(policy(grant(CONTROL, NODE), grant(OTHER, NODE), grant(NODE, CONTROL)))
    rig.until(lambda: vm.capabilities(control, NODE_CAPABILITY) is None, 20, "the grant is withdrawn")
    tailnet.policy(policy(grant(CONTROL, NODE, verbs("read")), grant(NODE, CONTROL)))
    rig.until(lambda: vm.capabilities(control, NODE_CAPABILITY) == [{"verbs": ["read"]}], 20, "it is given again")
    address = control.ip4
    tailnet.expire_node("control")
    rig.until(lambda: vm.whois(address + ":1").json["Node"].get("Expired"), 20, "the peer is marked as expired")


def peer_of_a_connection(caller, node, address, target=None):
    """How the node sees a connection of the caller's: its address, and the name that whois gives it (None: it has none)."""
    with netns.listen(node.namespace, address, PORT) as listener:
        listener.settimeout(20)
        with caller.connect(target or node.ip4, PORT):
            served, peer = listener.accept()
            with served:
                answer = node.whois(f"{peer[0]}:{peer[1]}")
                return peer[0], answer.json["Node"]["Name"] if answer.status == 200 else None
