"""A command arrives: how long until the container's stop begins (the agent's stop call reaches Docker)."""
from measure import engine
from measure.table import Row, median, number, percentile

GRACE = "\n[stop]\ngrace_s = 10\n"


def row(name, what, calls, signals, bare, target_ms):
    p99 = percentile(calls, 99)
    note = (f"until Docker has sent the signal: median {number(median(signals))} ms, p99 {number(percentile(signals, 99))} ms; "
            f"a bare stop call takes median {number(median(bare))} ms, p99 {number(percentile(bare, 99))} ms for that alone")
    return Row(name, what, p99, "ms", f"p99 of {len(calls)}, median {number(median(calls))}", None, "", target_ms,
               f"p99 ≤ {target_ms} ms", note)


def alternate(rig, size, node, send_stop, send_start):
    """Stops and starts, ours and bare in turn. In ms: until our stop call, until our signal, until a bare call's signal."""
    events, relay = rig.streams[:2]
    bare = rig.bare(events)
    ours = node.until_running("web")["Id"]
    plain = bare.running_like(ours)
    calls, signals, own = [], [], []
    for _ in range(size.commands):
        sent_ns = send_stop()
        calls.append(engine.ms(relay.wait(f"{ours}/stop", sent_ns) - sent_ns))
        signals.append(engine.ms(events.wait("kill", sent_ns, ours) - sent_ns))
        events.wait("die", sent_ns, ours)
        send_start()
        own.append(bare.stop_ms(plain))
        bare.start_ms(plain)
    return calls, signals, own


def relayed_node(rig, control=None):
    rig.events()
    relay = rig.relay()
    node = rig.node(control=control)
    node.settings["docker"]["socket"] = relay.path
    node.declare("web", tables=GRACE)
    return node.start()


def push(rig, size):
    node = relayed_node(rig)
    count = iter(range(1_000_000))

    def send_stop():
        body = {"id": f"bench-{rig.id}-{next(count)}", "verb": "stop", "target": "workload:web"}
        call = engine.Prepared(node.connect, "POST", "/v1/commands", body)
        sent_ns = call.send()
        call.ok()
        return sent_ns

    measured = alternate(rig, size, node, send_stop, lambda: node.outcome("start", "workload:web"))
    return [row("push", "command pushed over the Unix socket → container stop begins", *measured, 5)]


def poll(rig, size):
    control = rig.control()
    node = relayed_node(rig, control)
    # A first command on its way tells that the node polls.
    control.outcome(node.id, "start", "workload:web")
    authorized = {"Authorization": f"Bearer {control.token}"}

    def send_stop():
        call = engine.Prepared(control.connect, "POST", f"/v1/nodes/{node.id}/commands",
                               {"verb": "stop", "target": "workload:web"}, authorized)
        sent_ns = call.send()
        call.ok()
        return sent_ns

    measured = alternate(rig, size, node, send_stop, lambda: control.outcome(node.id, "start", "workload:web"))
    return [row("poll", "command by long poll over loopback → container stop begins", *measured, 20)]
