"""A container crashes: how long until it runs again, beside what Docker itself needs."""
import itertools
import time

from measure import engine
from measure.rig import CALM_S, CRASHING
from measure.table import Row, median, percentile

DOCKER_CALM_S = 10.5  # Docker's own back-off starts anew after 10 s
SPARES = 6            # containers that take turns, so that each has run that long


def crash(rig, size):
    events = rig.events()
    bare = rig.bare(events)
    node = rig.node()
    node.declare("web", tables=CRASHING)
    node.start()
    ours = node.until_running("web")["Id"]
    plain, rested = bare.running_like(ours), bare.running_like(ours)
    always = [bare.running_like(ours, "always") for _ in range(SPARES)]
    running_since = dict.fromkeys([ours, *always], time.monotonic())

    def restarted_ms(container_id, calm_s):
        time.sleep(max(0.0, running_since[container_id] + calm_s - time.monotonic()))
        killed_ns = engine.kill(rig.docker, container_id)
        started_ns = events.wait("start", killed_ns, container_id)
        running_since[container_id] = time.monotonic()
        return engine.ms(started_ns - killed_ns)

    spares = itertools.cycle(always)
    agent, by_docker, die, start, calm_start = [], [], [], [], []
    for _ in range(size.crashes):
        agent.append(restarted_ms(ours, CALM_S))
        die.append(bare.die_ms(plain))
        start.append(bare.start_ms(plain))
        bare.kill_ms(rested)
        calm_start.append(bare.start_ms(rested))
        by_docker.append(restarted_ms(next(spares), DOCKER_CALM_S))
    value, floor = median(agent), median(die) + median(start)
    detail = f"median of {len(agent)}, p99 {percentile(agent, 99):.0f}"
    parts = f"floor: kill → die event {median(die):.0f} + bare start sent on it {median(start):.0f}"
    note = (f"after its die event Docker still cleans up before it takes a start; a bare start call after that takes "
            f"{median(calm_start):.0f} ms")
    docker = median(by_docker)
    return [Row("crash", "container crash → running again", value, "ms", detail, floor, parts, 1.10 * floor,
                "≤ 1.10 × the floor", note),
            Row("crash", "the same beside Docker's `--restart=always`", value, "ms", detail, docker,
                f"`always`, median of {len(by_docker)}, each after a calm run", 0.80 * docker, "≤ 0.80 × `always`")]
