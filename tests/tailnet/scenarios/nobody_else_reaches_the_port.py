"""Node and control plane listen on their tailnet addresses and their tailscale0 only: a neighbour on the LAN, also one with a
route to the tailnet through them or with a tailnet address of its own making, finds the ports closed; a process on the node
that dials its tailnet address is refused."""
from lib import check, netns
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, grant, policy, verbs
from tailnet_lib.rig import API_PORT


def run(rig):
    everything = policy(grant(CONTROL, NODE, verbs("read")), grant(NODE, CONTROL))
    vm, control = rig.members(everything, "vm", "control")
    node = rig.node_on(vm)
    node.start()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    check.equal(control.call(vm.ip4, API_PORT, "GET", "/v1/status").status, 200, "from a peer")

    listening = [line.split() for line in vm.run("ss", "-Htlnp").stdout.splitlines() if "aura-node" in line]
    check.equal(sorted(line[3] for line in listening),
                [f"100.64.0.1%tailscale0:{API_PORT}", f"[fd7a:115c:a1e0::1]%tailscale0:{API_PORT}"],
                "our TCP sockets")
    plane = rig.control_on(control).start()
    rig.until(lambda: plane.asked_from(vm, "GET", "/health").status == 200, 20, "the control plane is open to peers")
    listening = [line.split() for line in control.run("ss", "-Htlnp").stdout.splitlines() if "aura-control" in line]
    check.equal(sorted(line[3] for line in listening),
                [f"100.64.0.2%tailscale0:{PORT}", f"127.0.0.1:{PORT}", f"[fd7a:115c:a1e0::2]%tailscale0:{PORT}"],
                "its TCP sockets")
    check.equal([line for line in vm.run("ss", "-Hulnp").stdout.splitlines() if "aura-node" in line], [], "our UDP sockets")

    lan, _ = rig.tailnet.attach("neighbour")
    for member, port in ((vm, API_PORT), (control, PORT)):
        netns.ip("-n", lan, "route", "add", member.ip4, "via", member.lan_address)
        for how, address in {"LAN address": member.lan_address, "tailnet address by a route": member.ip4}.items():
            check.equal(reached(lan, address, port), False, f"a neighbour with the {how} of {member.name}")
    # As if it were the control plane: tailscaled drops the packets, and no answer would find the way.
    netns.ip("-n", lan, "addr", "add", control.ip4 + "/32", "dev", "lo")
    netns.ip("-n", lan, "route", "change", vm.ip4, "via", vm.lan_address, "src", control.ip4)
    check.equal(reached(lan, vm.ip4), False, "a neighbour with the control plane's address")
    check.equal(reached(vm.namespace, "127.0.0.1"), False, "a process on the node by loopback")
    check.equal(reached(vm.namespace, vm.lan_address), False, "a process on the node by its LAN address")
    check.equal(node.events("peer_refused"), [], "nobody came as far as a refusal")
    for path in ("/v1/status", "/health"):
        refused = vm.call(vm.ip4, API_PORT, "GET", path)
        check.equal((refused.status, "itself" in refused.text), (403, True), f"a process on the node: {path}: {refused}")


def reached(namespace, address, port=API_PORT):
    try:
        netns.connect(namespace, address, port, 2).close()
        return True
    except OSError:
        return False
