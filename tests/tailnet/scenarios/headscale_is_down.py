"""While the tailnet's own control server is away for a minute the rights that are there go on, for peers, operators and the
node's control plane; nothing new is trusted: neither a machine that cannot join nor anybody where tailscaled starts anew."""
import time

from lib import check, http
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, roles, usual, verbs
from tailnet_lib.rig import API_PORT, words

DOWN_S = 60
ABOUT_S = 100


def run(rig):
    rules = usual(grant(OTHER, NODE, verbs("read")), grant(OTHER, CONTROL, roles("operator")))
    vm, second, control, other = rig.members(rules, "vm", "second", "control", "other", second={"tags": NODE})
    plane, node = rig.enrolled_on(vm, control)
    node.declare(command="while :; do echo tick; sleep 0.5; done")
    node.start()
    node.until_running()
    rig.heard(plane, node)
    beside = rig.node_on(second, "beside")
    beside.start()
    rig.open_on(beside, second.ip4, f"[{second.ip6}]")
    address, lost = vm.ip4, second.ip4
    stream = http.Stream(control.to(address, API_PORT), "/v1/workloads/web/logs?follow=true")
    rig.watches.append(stream)

    rig.tailnet.stop_headscale()
    began = time.monotonic()
    late = rig.tailnet.machine("late", OTHER)
    late.start(wait=False)
    second.stop()
    second.start(wait=False)
    rig.until(lambda: words(beside).startswith("closed"), 20, "the API is closed where tailscaled knows nobody any more",
              lambda: words(beside))

    def goes_on():
        check.equal(other.call(address, API_PORT, "GET", "/v1/status").status, 200, "a peer's right")
        check.equal(plane.asked_from(other, "GET", "/v1/nodes").status, 200, "an operator's right")
        check.equal(plane.node(node.id)["heard"], "ok", "the node's heartbeats")
        check.equal(stream.open, True, "a stream")
        check.equal((words(beside).split(":")[0], reaches(other, lost)), ("closed", False), "the node that knows nobody")
        check.equal(reaches(late, address), False, "a machine that has not joined")
        return True
    rig.stays(goes_on, max(1, DOWN_S - (time.monotonic() - began)), "what was there")
    stop = {"verb": "restart", "target": "workload:web", "args": {"grace_s": 0}}
    done = plane.asked_from(other, "POST", f"/v1/nodes/{node.id}/commands", stop)
    check.equal(plane.outcome_of(node.id, done.json["command"]["id"])["kind"], "succeeded", "a command meanwhile")
    lines = len(stream.lines)
    check.is_true(lines > DOWN_S, "lines of the stream", lines)

    rig.tailnet.start_headscale()
    second.until_backend("Running")
    rig.open_on(beside, second.ip4, f"[{second.ip6}]")
    rig.until(lambda: reaches(other, lost), 30, "the other node is reached again")
    check.equal(plane.node(node.id)["heard"], "ok", "the node's heartbeats afterwards")
    rig.fault("the tailnet's control server away", f"headscale ended for {DOWN_S} s",
              "existing rights, heartbeats and commands go on; nothing new is trusted")


def reaches(member, address):
    try:
        return http.call(member.to(address, API_PORT, 2), "GET", "/health").status == 200
    except OSError:
        return False
