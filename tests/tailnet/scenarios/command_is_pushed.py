"""A command reaches its node by push, over the tailnet, also where the node's own calls do not get through; where the push
does not get through the long poll brings it; each is done once and its outcome is told."""
import os
import statistics
import time

from lib import check
from lib.docker_proxy import DockerProxy
from tailnet_lib.control import PORT
from tailnet_lib.grants import usual
from tailnet_lib.rig import API_PORT

STOPS = int(os.environ.get("AURA_TEST_STOPS", "20"))  # that are timed; no test, a figure in the scenario's log
ABOUT_S = 30


class TimedProxy(DockerProxy):
    """Before Docker; knows when it was last asked to stop or kill a container."""

    stopped_at = 0.0

    def pass_request(self, data, client, engine):
        if b"/stop" in data[:200] or b"/kill" in data[:200]:
            self.stopped_at = time.monotonic()
        return super().pass_request(data, client, engine)


def run(rig):
    vm, control = rig.members(usual(), "vm", "control")
    plane, node = rig.enrolled_on(vm, control)
    proxy = TimedProxy(node.path("docker.sock"), rig.docker.socket)
    node.settings["docker"]["socket"] = proxy.path
    node.settings["limits"] = {"destructive_per_minute": 1000, "destructive_burst": 1000}
    node.declare()
    node.start()
    node.until_running()
    rig.heard(plane, node)
    check.equal(plane.node(node.id)["device"], vm.stable_id, "the device that it is bound to")
    took_ms = sorted(restart(plane, node, proxy) for _ in range(STOPS))
    print(f"from POST to the stop's beginning, {STOPS} times: median {statistics.median(took_ms):.1f} ms, "
          f"p99 {took_ms[max(STOPS * 99 // 100 - 1, 0)]:.1f} ms, longest {took_ms[-1]:.1f} ms")

    block = ["-p", "tcp", "--dport", str(PORT), "-j", "DROP"]
    iptables(vm, "-I", "OUTPUT", *block)
    before = node.container()
    pushed = plane.send(node.id, "restart", "workload:web", args={"grace_s": 0})
    rig.until(lambda: "outcome" in node.api("GET", f"/v1/commands/{pushed}").text, 20, "the push brings it")
    check.other_run(before, node.until_running())
    iptables(vm, "-D", "OUTPUT", *block)
    check.equal(plane.outcome_of(node.id, pushed, 60)["kind"], "succeeded", "the outcome, told when it can be")

    block = ["-p", "tcp", "--dport", str(API_PORT), "-j", "DROP"]
    iptables(vm, "-I", "INPUT", *block)
    before = node.container()
    polled = plane.send(node.id, "restart", "workload:web", args={"grace_s": 0})
    check.equal(plane.outcome_of(node.id, polled, 30)["kind"], "succeeded", "where the push does not get through")
    check.other_run(before, node.container())
    iptables(vm, "-D", "INPUT", *block)
    accepted = [event["command_id"] for event in node.events("command_accepted")]
    check.equal(len(accepted), len(set(accepted)), "each was accepted once")
    check.equal({event["actor"] for event in node.events("command_accepted")}, {"operator:default"}, "who ordered them")


def restart(plane, node, proxy):
    """How long it took from the operator's POST until the node asked Docker for the stop, in ms."""
    began = time.monotonic()
    done = plane.outcome(node.id, "restart", "workload:web", args={"grace_s": 0})
    check.equal(done["kind"], "succeeded", "a restart")
    return (proxy.stopped_at - began) * 1000


def iptables(member, *arguments):
    for tool in ("iptables", "ip6tables"):
        done = member.run(tool, "-w", *arguments)
        check.equal(done.returncode, 0, f"{tool}: {done.stderr}")
