"""A container that Docker cannot stop is stuck, one that it cannot inspect is unknown; neither blocks anything else, and
both are well again by themselves."""
from lib import check
from lib.docker_proxy import DockerProxy
from lib.node import ENDS_ON_TERM

DEADLINE_S = 180
ABOUT_S = 75


def run(rig):
    rig.fault("Docker cannot stop a container", "a proxy before the real socket never answers that call",
              "stuck, the command fails saying so, everything else is done; stopped when Docker can")
    rig.fault("Docker cannot inspect a container", "a proxy before the real socket answers 500",
              "unknown and left alone, everything else is done")
    node = rig.node()
    proxy = DockerProxy(node.path("proxy.sock"), rig.docker.socket)
    node.settings["docker"]["socket"] = proxy.path
    for name in ("bad", "good", "blind"):
        node.declare(name, command=ENDS_ON_TERM)
    node.start()
    bad, good, blind = (node.until_running(name) for name in ("bad", "good", "blind"))
    proxy.hold(f"/containers/{bad['Id']}/stop")
    proxy.hold(f"/containers/{bad['Id']}/kill")
    reply = node.command("stop", "workload:bad", wait_s=0, id="c-stuck", args={"grace_s": 0})
    check.equal(reply.status, 202, "the stop waits for Docker")
    proxy.refuse(f"/containers/{blind['Id']}/json")
    proxy.cut_streams()
    node.until_state("unknown", "blind")
    check.equal(node.outcome("restart", "workload:good")["kind"], "succeeded", "another workload's command")
    check.other_run(good, node.until_running("good"))
    rig.docker.kill_main_process(good["Id"])
    node.until_event("workload_started", "good", count=3)
    node.until_state("stuck", "bad", seconds=60)
    check.equal(node.api("GET", "/v1/commands/c-stuck").json["outcome"]["code"], "stuck", "its outcome")
    check.same_run(bad, node.container("bad"))
    check.same_run(blind, node.container("blind"))
    proxy.let_go()
    node.until_state("stopped", "bad", seconds=60)
    rig.docker.call("GET", "/_ping")
    proxy.cut_streams()
    check.same_run(blind, node.until_running("blind"))
