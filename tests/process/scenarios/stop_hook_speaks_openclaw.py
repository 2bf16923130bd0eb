"""OpenClaw's gateway.suspend.prepare as a stop hook: a gateway with turns under way is left running and asked again with the
same request id; without any it takes its lease and is stopped. A lease of somebody else is busy, a wrong token a failure;
the token is in no log, event or outcome."""
import contextlib

from lib import check
from lib.gateway import Gateway

DEADLINE_S = 120
ABOUT_S = 25
TOKEN = "gateway-token-that-nobody-may-see"


def run(rig):
    with contextlib.closing(Gateway(TOKEN)) as gateway:
        story(rig, gateway)


def story(rig, gateway):
    node = rig.node()
    node.write_policy(host_namespaces=["network"])
    node.write_credential("gateway-token", TOKEN)
    node.declare(command="trap 'exit 0' TERM; while :; do sleep 1; done", tables=f"""
[security]
host_namespaces = ["network"]
[stop]
grace_s = 40
[stop.hook]
http_post = "http://127.0.0.1:{gateway.port}/api/v1/admin/rpc"
bearer = "gateway-token"
body = '{{"method":"gateway.suspend.prepare","params":{{"requestId":"{{id}}"}}}}'
timeout_s = 5
""")
    node.start()
    node.until_running()

    gateway.turns = 2
    check.equal(node.command("stop", "workload:web", id="c-turns", wait_s=0).status, 202, "a stop")
    rig.until(lambda: len(gateway.prepares) >= 3, 15, "it is asked again", lambda: gateway.prepares)
    rig.until(lambda: "busy: 2 active" in node.workload()["reason"], 10, "the reason", node.workload)
    gateway.turns = 0
    node.until_state("stopped")
    outcome = node.outcome("stop", "workload:web", id="c-turns")
    check.equal((outcome["kind"], outcome["evidence"][0]["hook"]), ("succeeded", "ready"), "the outcome")
    check.equal(set(gateway.prepares), {"c-turns"}, "request ids")
    check.equal(gateway.lease[0], "c-turns", "whose lease it is")

    again(node)
    check.equal(node.command("stop", "workload:web", id="c-lease", wait_s=0).status, 202, "a stop")
    rig.until(lambda: gateway.prepares.count("c-lease") >= 2, 15, "it is asked again", lambda: gateway.prepares)
    gateway.lease = None  # as when it runs out
    node.until_state("stopped")
    check.equal(node.outcome("stop", "workload:web", id="c-lease")["evidence"][0]["hook"], "ready", "the answer")

    again(node)
    node.write_credential("gateway-token", "an-old-token-of-yesterday")
    outcome = node.outcome("stop", "workload:web")
    check.equal((outcome["kind"], outcome["evidence"][0]["hook"]), ("succeeded", "answered 401"), "the outcome")
    everything = node.log() + str(node.events()) + str(node.status()) + str(outcome)
    for secret in (TOKEN, "an-old-token-of-yesterday"):
        check.is_true(secret not in everything, "the token is told nowhere")


def again(node):
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "a start")
    node.until_running()
