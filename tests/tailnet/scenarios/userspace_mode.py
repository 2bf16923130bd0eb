"""With tailscaled in userspace mode the API listens on loopback: peers of the tailnet come through with their rights, and a
process on the machine, which nobody vouches for, sees health and nothing else; without tailscaled all are refused."""
from lib import check
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT


def run(rig):
    rules = policy(grant(CONTROL, NODE, verbs("read", "stop")), grant(OTHER, NODE))
    vm, control, other = rig.members(rules, "vm", "control", "other", vm={"tags": NODE, "userspace": True})
    node = rig.node_on(vm)
    node.declare()
    node.start()
    node.until_running()
    rig.until(lambda: node.status()["tailnet"].startswith("ok"), 20, "tailscaled is known", node.status)
    check.contains(node.status()["tailnet"], "userspace", "the mode in status")
    listening = [line.split()[3] for line in vm.run("ss", "-Htlnp").stdout.splitlines() if "aura-node" in line]
    check.equal(listening, [f"127.0.0.1:{API_PORT}"], "our TCP sockets")

    def from_here(path="/v1/status"):
        return vm.call("127.0.0.1", API_PORT, "GET", path).status

    for address in (vm.ip4, vm.ip6):
        check.equal(control.call(address, API_PORT, "GET", "/v1/status").status, 200, f"a granted peer, {address}")
    body = {"id": "stop-1", "verb": "stop", "target": "workload:web", "args": {"grace_s": 0}}
    done = control.call(vm.ip4, API_PORT, "POST", "/v1/commands?wait_s=20", body)
    check.equal((done.status, done.json["outcome"]["kind"]), (200, "succeeded"), f"its stop: {done}")
    check.equal(done.json["command"]["actor"] if "command" in done.json else "", "tailnet:control", "who ordered it")
    check.equal(other.call(vm.ip4, API_PORT, "GET", "/v1/status").status, 403, "a peer without a grant")
    check.equal(other.call(vm.ip4, API_PORT, "GET", "/health").status, 200, "its health")
    check.equal((from_here(), from_here("/health"), from_here("/version")), (403, 200, 403), "a process on the machine")

    vm.stop()
    rig.until(lambda: node.status()["tailnet"].startswith("absent"), 20, "tailscaled is gone", node.status)
    check.equal((from_here(), from_here("/health")), (403, 200), "a process on the machine without tailscaled")
    vm.start()
    rig.until(lambda: control.ping_once(vm) and control.call(vm.ip4, API_PORT, "GET", "/v1/status").status == 200, 40,
              "the peer's right is back")
