"""The profile web: a stop takes no new connection and lets the stream under way come to its end before the container goes; what
refuses SIGTERM is killed when its grace is over."""
from lib import check, profiles

STANDIN = True
ABOUT_S = 15
PORT = 8000
DRAIN_MS = 3000


def run(rig):
    node = rig.node()
    profiles.lay_down(node, "web")
    # The grace only so that the refusal is not waited out for a minute.
    profiles.replace(node, "web", {"grace_s = 60": "grace_s = 6"})
    profiles.stand_in(node, "web", port=PORT, drain_ms=DRAIN_MS)
    node.start()
    container = node.until_running("web")
    workers = [container["Config"]["Cmd"][at + 1] for at, word in enumerate(container["Config"]["Cmd"]) if word == "--workers"]
    check.equal(workers, ["1"], "one worker")

    talk = profiles.stream(node, "web", PORT)
    rig.watches.append(talk)
    rig.until(lambda: talk.lines, 10, "the stream has begun")
    late = profiles.connection(node, "web", PORT)
    stopping = node.command("stop", "workload:web", wait_s=0, reason="update")
    rig.until(lambda: "draining" in talk.lines[-1], 10, "the stream goes on after the signal", lambda: talk.lines[-3:])
    check.is_true(node.docker.inspect(container["Id"])["State"]["Running"], "the container is there while it drains")
    try:
        late.connect()
        raise AssertionError("a new connection was taken during the drain")
    except ConnectionRefusedError:
        pass
    rig.until(lambda: not talk.open, 20, "the stream has ended")
    check.equal(talk.lines[-1], "end", "the stream's last line")
    node.until_state("stopped", "web")
    ended = node.docker.inspect(container["Id"])["State"]
    check.equal(ended["ExitCode"], 0, "it ended by itself")
    outcome = rig.until(lambda: node.api("GET", f"/v1/commands/{stopping.json['id']}").json.get("outcome"), 10, "the outcome")
    check.is_true(DRAIN_MS - 500 <= outcome["evidence"][0]["duration_ms"] < 6000, "how long it took", outcome)

    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "start")
    profiles.behave(node, "web", PORT, refuse_term=1)
    [evidence] = node.outcome("stop", "workload:web")["evidence"]
    check.equal(evidence["exit_code"], 137, "it was killed")
    check.is_true(evidence["duration_ms"] >= 5900, "not before its grace was over", evidence)
