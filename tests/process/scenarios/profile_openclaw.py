"""The profile openclaw: a slow start is let be, a hang and an end with 0 are started again, a leak is met by a planned restart,
a stop asks first and drains within its grace, and exit code 78 is reported and left alone until somebody has mended the configuration."""
import os

from lib import check, profiles
from lib.node import write

STANDIN = True
DEADLINE_S = 180
ABOUT_S = 65
PORT = 18789
SLOW_MS = 6000
DRAIN_MS = 5000
TOKEN = "planted-51ce0f-gateway"
# For the time's sake alone; the grace of 330 s and the start grace of 300 s stay.
SHORTER = {"every_s = 15\ntimeout_s = 5\nfailures = 3": "every_s = 1\ntimeout_s = 1\nfailures = 3"}


def run(rig):
    node = rig.node()
    node.write_credential("gateway-token", TOKEN)
    profiles.lay_down(node, "openclaw")
    profiles.replace(node, "openclaw", {**SHORTER, '"2GiB"': '"128MiB"'})
    # Its configuration is where the stand-in reads what it is to do, so that it can be mended without another spec.
    profiles.stand_in(node, "openclaw", port=PORT, start_ms=SLOW_MS, ready_ms=1000, drain_ms=DRAIN_MS,
                      file="/home/node/.openclaw/openclaw.json")
    node.start()
    slow_start_is_let_be(node)
    configure(node, start_ms=0)
    hang_is_restarted(node)
    end_with_0_is_restarted(node)
    leak_is_met(node)
    stop_drains(rig, node)
    invalid_configuration_is_left(rig, node)
    check.is_true(TOKEN not in node.log() + node.api("GET", "/v1/events").text, "the token is told")


def configure(node, **settings):
    write(node.path("srv", "openclaw", "config", "openclaw.json"), "".join(f"{k}={v}\n" for k, v in settings.items()))


def runs(node):
    return node.workload("openclaw")["restarts"]


def slow_start_is_let_be(node):
    node.until_event("workload_started", "openclaw")
    node.until_state("starting", "openclaw")
    container = node.until_running("openclaw")
    check.equal(runs(node), 0, "restarts after a slow start")
    check.equal(profiles.ask(node, "openclaw", "/env/OPENCLAW_GATEWAY_TOKEN", PORT).text, TOKEN, "the token")
    check.equal(container["HostConfig"]["CapDrop"], ["ALL"], "capabilities")
    check.equal(container["Config"]["Cmd"][0], "node", "the command")
    owner = os.stat(node.path("srv", "openclaw", "config"))
    check.equal((owner.st_uid, owner.st_mode & 0o777), (1000, 0o700), "the owner of the configuration")


def hang_is_restarted(node):
    profiles.behave(node, "openclaw", PORT, hang=1)
    event = node.until_event("workload_exited", "openclaw")
    check.equal(event["data"]["cause"], "probe", "the cause")
    check.contains(event["text"], "/healthz", "the probe")
    node.until_event("workload_started", "openclaw", count=2)
    node.until_running("openclaw")


def end_with_0_is_restarted(node):
    profiles.behave(node, "openclaw", PORT, exit=0)
    event = node.until_event("workload_exited", "openclaw", count=2)
    check.equal(event["data"]["exit_code"], "0", "the exit code")
    node.until_event("workload_started", "openclaw", count=3)
    node.until_running("openclaw")


def leak_is_met(node):
    """First by the policy; the next one within six hours is only warned of, and the kernel's."""
    profiles.behave(node, "openclaw", PORT, leak_max_mb=122, leak_mb_s=20)
    event = node.until_event("workload_exited", "openclaw", count=3, seconds=60)
    check.equal((event["data"]["cause"], event["data"]["exit_code"]), ("memory", "0"), "the planned restart")
    node.until_event("workload_started", "openclaw", count=4)
    node.until_running("openclaw")
    profiles.behave(node, "openclaw", PORT, leak_mb_s=200)
    event = node.until_event("workload_exited", "openclaw", count=4)
    check.contains(event["text"], "want of memory", "why it ended")
    node.until_event("workload_started", "openclaw", count=5)
    node.until_running("openclaw")


def stop_drains(rig, node):
    talk = profiles.stream(node, "openclaw", PORT)
    rig.watches.append(talk)
    rig.until(lambda: talk.lines, 10, "the stream has begun")
    profiles.behave(node, "openclaw", PORT, busy=2)
    outcome = node.outcome("stop", "workload:openclaw", reason="maintenance")
    check.equal(outcome["kind"], "succeeded", "stop")
    [evidence] = outcome["evidence"]
    check.equal(evidence["hook"], "ready", "it was asked until it was ready")
    node.until_event("stop_hook_busy", "openclaw")
    check.equal(evidence["exit_code"], 0, "it ended by itself")
    check.is_true(DRAIN_MS - 500 <= evidence["duration_ms"] < 60_000, "how long it drained", evidence)
    rig.until(lambda: not talk.open, 10, "the stream has ended")
    check.equal(talk.lines[-1], "end", "the stream's last line")


def invalid_configuration_is_left(rig, node):
    configure(node, exit=78)
    check.equal(node.outcome("start", "workload:openclaw")["kind"], "failed", "start")
    failed = node.until_state("failed", "openclaw")
    check.contains(failed["reason"], "78", "the reason names the exit code")
    started = len(node.events("workload_started", "openclaw"))
    rig.stays(lambda: len(node.events("workload_started", "openclaw")) == started, 2, "being left alone")
    configure(node, start_ms=0)
    check.equal(node.outcome("start", "workload:openclaw")["kind"], "succeeded", "start of the mended one")
