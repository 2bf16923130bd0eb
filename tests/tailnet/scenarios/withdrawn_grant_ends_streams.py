"""A grant that is withdrawn ends the streams that it allowed, in the middle, and the next request on a connection that was
kept alive is refused; another peer's stream goes on."""
from lib import check, http
from tailnet_lib.grants import CONTROL, NODE, OTHER, grant, policy, verbs
from tailnet_lib.rig import API_PORT

ENDS_S = 5


def run(rig):
    watcher = grant(OTHER, NODE, verbs("read", "logs"))
    vm, control, other = rig.members(policy(grant(CONTROL, NODE, verbs("read", "logs")), watcher), "vm", "control", "other")
    node = rig.node_on(vm)
    node.declare(command="while :; do echo tick; sleep 0.2; done")
    node.start()
    node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    logs = "/v1/workloads/web/logs?follow=true"
    streams = [http.Stream(control.to(vm.ip4, API_PORT), logs),
               http.Stream(control.to(vm.ip4, API_PORT), "/v1/events?follow=true")]
    kept = http.Stream(other.to(vm.ip4, API_PORT), logs)
    rig.watches += [*streams, kept]
    check.equal([one.status for one in (*streams, kept)], [200, 200, 200], "the streams open")
    rig.until(lambda: "tick" in streams[0].lines and kept.lines, 20, "lines come")
    connection = control.to(vm.ip4, API_PORT)()
    check.equal(ask(connection).status, 200, "on a connection that stays")

    # The packets of what is open go on: only the capability goes.
    rig.tailnet.policy(policy(grant(CONTROL, NODE), watcher))
    rig.until(lambda: not any(one.open for one in streams), ENDS_S, "both streams end")
    answer = ask(connection)
    check.equal((answer.status, "read" in answer.text), (403, True), f"the next request there: {answer}")
    connection.close()
    seen = len(kept.lines)
    rig.until(lambda: len(kept.lines) > seen, 5, "the other peer's stream goes on")
    check.equal(kept.open, True, "the other peer's stream")

    # Also where no packet comes through any more, for the rule went with the grant.
    rig.tailnet.policy(policy(grant(CONTROL, NODE)))
    rig.until(lambda: connections(vm, other.ip4) == 0, ENDS_S, "the node has no connection of the other peer",
              lambda: connections(vm, other.ip4))


def ask(connection):
    connection.request("GET", "/v1/status")
    answer = connection.getresponse()
    return http.Reply(answer.status, dict(answer.getheaders()), answer.read())


def connections(member, address):
    """TCP connections that are established with that address."""
    return member.run("ss", "-Htn", "state", "established", "dst", address).stdout.count(address)
