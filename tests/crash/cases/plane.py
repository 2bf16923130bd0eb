"""aura-control is killed in the middle of a batch of commands to several nodes, and comes back on its database."""
import random
import secrets
import signal
import threading
import time

from cases.matrix import birth
from cases.subject import Subject

ROUNDS = 5
NODES = 3
BATCH_S = 0.5       # the kill comes within so long after the batch begins
POST_TRIES_S = 20


def post_until_taken(node, body):
    """An operator's script that repeats what got no answer, with the same id."""
    deadline = time.monotonic() + POST_TRIES_S
    while time.monotonic() < deadline:
        try:
            reply = node.control.api("POST", f"/v1/nodes/{node.id}/commands", body)
            assert reply.status in (200, 202), f"the command was not taken: {reply}"
            return
        except (OSError, ValueError):
            time.sleep(0.05)
    raise AssertionError("the command could not be delivered")


def one_round(control, nodes, chance):
    batch = []
    for node in nodes:
        for name in node.workloads:
            command_id = "b-" + secrets.token_hex(8)
            node.settlements[command_id] = 0
            node.expect(name, die=1, start=1)
            batch.append((node, {"id": command_id, "verb": "restart", "target": f"workload:{name}"}))
    chance.shuffle(batch)
    death = threading.Timer(chance.uniform(0, BATCH_S), lambda: restart(control))
    death.start()
    try:
        for node, body in batch:
            post_until_taken(node, body)
            time.sleep(chance.choice((0, 0.02)))
    finally:
        death.join()
    for node, body in batch:
        node.outcome(body["id"])
    for node in nodes:
        node.check_all()


def restart(control):
    control.stop(signal.SIGKILL)
    control.start()


def run(suite):
    if not suite.wants("control"):
        return
    began, error, rounds = time.monotonic(), "", 0
    chance = random.Random(f"{suite.seed}/control")
    try:
        with suite.rig("control") as rig:
            control = rig.control().start()
            nodes = [Subject(rig, f"c{number}", control) for number in range(NODES)]
            for node in nodes:
                node.start()
            for node in nodes:
                birth(node)
                node.check_all()
            for _ in range(ROUNDS):
                one_round(control, nodes, chance)
                rounds += 1
    except (AssertionError, OSError, ValueError) as failure:
        error = f"AURA_CRASH_SEED={suite.seed}, round {rounds}: {type(failure).__name__}: {failure}"
    suite.tell("control", error, time.monotonic() - began, f"{rounds} rounds")
    suite.fault("control-plane", rounds + bool(error), bool(error))
