"""A frozen workload runs on: how long from the resume command, beside a bare unpause call."""
import time

from measure import engine
from measure.table import Row, median, percentile

REST_S = 0.2   # the node's answers to the one before are over
KNOWN_S = 20   # until the agent has asked Docker whether it keeps containers over its restarts


def freeze(rig, size):
    docker = rig.own_docker(live_restore=True)
    events = rig.events(docker)
    bare = rig.bare(events, docker)
    control = rig.control()
    node = rig.node(docker=docker, control=control)
    node.declare("web")
    node.start()
    ours = node.until_running("web")["Id"]
    plain = bare.running_like(ours)
    rig.until(lambda: suspended(control, node), KNOWN_S, "freezing is possible")
    agent, reference = [], []
    for number in range(size.commands):
        if number:
            suspended(control, node)
        resume = engine.Prepared(control.connect, "POST", f"/v1/nodes/{node.id}/commands",
                                 {"verb": "resume", "target": "node"}, {"Authorization": f"Bearer {control.token}"})
        agent.append(unpaused_ms(events, resume, ours))
        docker.ok("POST", f"/containers/{plain}/pause")
        call = engine.Prepared(docker.connect, "POST", f"/containers/{plain}/unpause")
        reference.append(unpaused_ms(events, call, plain))
    value, unpause = median(agent), median(reference)
    yield Row("freeze", "frozen → resumed", value, "ms", f"median of {len(agent)}, p99 {percentile(agent, 99):.1f}", unpause,
               f"bare unpause call, median of {len(reference)}", unpause + 3, "≤ bare unpause + 3 ms",
               "from the operator's POST to aura-control, over the node's long poll, to Docker's unpause event; both programs "
              "record what they decide on disk between")


def suspended(control, node):
    return control.outcome(node.id, "suspend", reason="bench", args={"mode": "freeze"})["kind"] == "succeeded"


def unpaused_ms(events, call, container_id):
    sent_ns = call.send()
    unpaused_ns = events.wait("unpause", sent_ns, container_id)
    call.ok()
    time.sleep(REST_S)
    return engine.ms(unpaused_ns - sent_ns)
