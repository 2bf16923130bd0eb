"""A peer may do exactly the verbs of its grants, which add up; a verb that we do not know is ignored and told of. Without a
grant there is a 403 that names the verb, and health and version all the same."""
from lib import check
from tailnet_lib.grants import CONTROL, NODE, NODE_CAPABILITY, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT


def run(rig):
    rules = policy(grant(CONTROL, NODE, verbs("read")), grant(CONTROL, NODE, verbs("stop", "fly")),
                   grant(OTHER, NODE, {NODE_CAPABILITY: ["nonsense"]}))
    vm, control, other = rig.members(rules, "vm", "control", "other")
    node = rig.node_on(vm)
    node.declare()
    node.start()
    first = node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")

    def ask(peer, method, path, body=None, address=vm.ip4):
        return peer.call(address, API_PORT, method, path, body)

    def order(peer, verb, number):
        body = {"id": f"order-{number}", "verb": verb, "target": "workload:web", "args": {"grace_s": 0}}
        return ask(peer, "POST", "/v1/commands?wait_s=20", body)

    check.equal(ask(control, "GET", "/v1/status").json["node_id"], node.id, "status for who may read")
    check.equal(ask(control, "GET", "/v1/status", address=vm.ip6).status, 200, "by IPv6")
    refused = ask(control, "GET", "/v1/workloads/web/logs")
    check.equal(refused.status, 403, f"the verb logs was not granted: {refused}")
    check.contains(refused.text, "logs", "which verb was missing")
    refused = order(control, "restart", 1)
    check.equal(refused.status, 403, f"the verb restart was not granted: {refused}")
    check.contains(refused.text, "restart", "which verb was missing")
    check.same_run(first, node.container())
    done = order(control, "stop", 2)
    check.equal((done.status, done.json["outcome"]["kind"]), (200, "succeeded"), f"stop, from another grant: {done}")
    told = node.until_event("grant_not_understood")
    check.contains(told["text"], "fly", "a verb that is not known is named")

    for path in ("/health", "/health/ready", "/version", "/openapi.json"):
        check.equal(ask(other, "GET", path).status, 200, f"{path} for any peer")
    for path, verb in (("/v1/status", "read"), ("/metrics", "read"), ("/v1/workloads/web/logs", "logs"),
                       ("/v1/events", "read"), ("/v1/commands/order-2", "read")):
        refused = ask(other, "GET", path)
        check.equal(refused.status, 403, f"{path} without a grant: {refused}")
        check.contains(refused.text, verb, f"which verb {path} needs")
    check.equal(order(other, "stop", 3).status, 403, "a command without a grant")
    check.equal(ask(other, "GET", "/v1/nothing").status, 403, "a route that is not there, without a grant")
    check.equal([one["data"]["address"] for one in node.events("peer_refused")], [control.ip4, other.ip4],
                "of many refusals one event for each peer")
    check.equal(len(node.events("grant_not_understood")), 2, "one event for each peer's grant")
    check.equal(len(node.containers()), 1, "containers")
