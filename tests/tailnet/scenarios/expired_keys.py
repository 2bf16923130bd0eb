"""A peer whose key expires loses what it has open, though the tailnet still says what it is granted; when the node's own key
expires, status says so with the remedy and the API is closed until it has logged in again."""
from lib import check, http
from tailnet_lib.grants import NODE_CAPABILITY, grant, policy, verbs
from tailnet_lib.rig import API_PORT, words


def run(rig):
    # Machines of people: the keys of tagged ones do not expire.
    rules = policy(grant("alice@", "machines@", verbs("read", "logs")))
    vm, laptop = rig.members(rules, "vm", "laptop", vm={"user": "machines"}, laptop={"user": "alice"})
    node = rig.node_on(vm)
    node.declare(command="while :; do echo tick; sleep 0.2; done")
    node.start()
    before = node.until_running()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    address, peer = vm.ip4, laptop.ip4
    stream = http.Stream(laptop.to(address, API_PORT), "/v1/workloads/web/logs?follow=true")
    rig.watches.append(stream)
    rig.until(lambda: stream.lines, 20, "lines come to the laptop")

    rig.tailnet.expire_node("laptop")
    # The laptop is cut off and could not hear of its end: that the node ended it is seen here.
    rig.until(lambda: peer not in vm.run("ss", "-Htn", "state", "established").stdout, 5, "its stream is ended",
              lambda: vm.run("ss", "-Htn", "state", "established").stdout)
    check.equal(vm.capabilities(laptop, NODE_CAPABILITY), [{"verbs": ["read", "logs"]}], "what whois still says")
    laptop.join_again()
    rig.until(lambda: answer_of(laptop, address) == 200, 20, "it has logged in again")

    rig.tailnet.expire_node("vm")
    rig.until(lambda: node.status()["tailnet"].startswith("needs_login"), 20, "status says that the key expired",
              lambda: node.status()["tailnet"])
    check.contains(node.cli("status").stdout, "tailscale up", "the remedy in status")
    rig.until(lambda: words(node).startswith("closed") and not listening(vm), 5, "the API is closed")
    vm.join_again()
    rig.open_on(node, vm.ip4, f"[{vm.ip6}]")
    rig.until(lambda: answer_of(laptop, vm.ip4) == 200, 30, "the API is reached again")
    check.same_run(before, node.container())


def answer_of(member, address):
    """The status of an answer; 0 where there is none."""
    try:
        return http.call(member.to(address, API_PORT, 2), "GET", "/v1/status").status
    except OSError:
        return 0


def listening(member):
    return str(API_PORT) in member.run("ss", "-Hltn").stdout
