"""A container on the VM, whose packets have the VM's tailnet identity, reaches the node's API by none of its addresses, and with
that identity but without the node key it can do nothing with the control plane; nor can a key that was carried elsewhere."""
from lib import check, http, netns
from lib.node import read
from tailnet_lib.control import PORT
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, usual, verbs
from tailnet_lib.rig import API_PORT

ABOUT_S = 40


def run(rig):
    # It is granted whatever a tailnet can grant: as much as a mistake in a policy could give away.
    everything = verbs("read", "logs", "stop", "start", "restart", "suspend", "resume")
    rules = usual(grant(NODE, NODE, everything), grant(NODE, CONTROL), grant(OTHER, CONTROL))
    vm, control, other = rig.members(rules, "vm", "control", "other")
    docker = rig.own_docker(prefix=vm.prefix)
    plane = rig.control_on(control).start()
    node = rig.node_on(vm, docker=docker)
    node.use_control(plane)
    node.give_code(plane.code_for(node.id))
    node.declare()
    node.start()
    node.until_running()
    rig.heard(plane, node)
    container = docker.inspect(node.workload()["container_id"])
    bridge = next(iter(container["NetworkSettings"]["Networks"].values()))["Gateway"]
    # The container's own network, so that its packets go the way that they go.
    network = f"/proc/{container['State']['Pid']}/ns/net"

    def ask(address, port, path, body=None):
        """The answer that a process in the container gets; None: no connection."""
        try:
            return http.call(netns.to(network, address, port, 3), "POST" if body else "GET", path, body)
        except OSError:
            return None

    for how, address in {"the bridge": bridge, "the tailnet address": vm.ip4, "the LAN address": vm.lan_address,
                         "loopback": "127.0.0.1"}.items():
        check.equal(ask(address, API_PORT, "/health"), None, f"the API by {how}")

    check.equal(ask(control.ip4, PORT, "/health").status, 200, "it does reach the control plane")
    check.equal(control.whois(control_peer(control, network)).json["Node"]["Name"], "vm.tn.test.", "as the VM")
    mine = f"/v1/nodes/{node.id}"
    for path, body in ((f"{mine}/heartbeat", {}), (f"{mine}/commands?wait_s=0", None), (f"{mine}/stage", {"stage": "x"}),
                       ("/v1/nodes", None), (mine, None), ("/v1/events", None), ("/v1/enroll-codes", {"node_id": "x"}),
                       (f"{mine}/commands", {"verb": "stop"}), (f"{mine}/reenroll", {})):
        answer = ask(control.ip4, PORT, path, body)
        check.equal(answer.status in (401, 403), True, f"{path} with the identity alone: {answer}")
    claim = ask(control.ip4, PORT, "/v1/enroll", {"node_id": node.id, "ledger_id": "another"})
    check.equal(claim.status, 403, f"a claim of the node's id: {claim}")

    carried = {"Authorization": f"Bearer {read(node.path('state', 'node-key')).strip()}"}
    path = f"/v1/nodes/{node.id}/commands?wait_s=0"
    check.equal(plane.asked_from(vm, "GET", path, headers=carried).status in (200, 204), True, "the key from the VM")
    refused = plane.asked_from(other, "GET", path, headers=carried)
    check.refused(refused, "wrong_device", 403)
    refused = plane.call("GET", path, headers=carried)
    check.refused(refused, "wrong_device", 403)
    check.equal(plane.node(node.id)["heard"], "ok", "the node meanwhile")



def control_peer(control, network):
    """How the control plane's machine sees a connection from there."""
    with netns.listen(control.namespace, control.ip4, 0) as listener:
        listener.settimeout(20)
        with netns.connect(network, control.ip4, listener.getsockname()[1], 5):
            served, peer = listener.accept()
            served.close()
            return f"{peer[0]}:{peer[1]}"
