"""Where a tailnet has no grants a machine with a tag of api.allow_tags may do everything and one with another tag nothing;
the tag is taken away and with it the right, at once."""
from lib import check
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy
from tailnet_lib.rig import API_PORT


def run(rig):
    vm, control, other = rig.members(policy(grant("*", "*")), "vm", "control", "other")
    node = rig.node_on(vm)
    node.settings["api"]["allow_tags"] = [CONTROL]
    node.declare()
    node.start()
    node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")

    def status_of(peer, path="/v1/status"):
        return peer.call(vm.ip4, API_PORT, "GET", path).status

    check.equal(status_of(control), 200, "status with the tag")
    check.equal(status_of(control, "/v1/workloads/web/logs?tail=1"), 200, "logs with the tag")
    body = {"id": "by-tag", "verb": "stop", "target": "workload:web", "args": {"grace_s": 0}}
    done = control.call(vm.ip4, API_PORT, "POST", "/v1/commands?wait_s=20", body)
    check.equal((done.status, done.json["outcome"]["kind"]), (200, "succeeded"), f"stop with the tag: {done}")
    check.equal(status_of(other), 403, "status with another tag")

    rig.tailnet.tag_node("control", OTHER)
    rig.until(lambda: status_of(control) == 403, 5, "the right went with the tag")
    rig.tailnet.tag_node("control", CONTROL, NODE)
    rig.until(lambda: status_of(control) == 200, 5, "it came back with the tag")
