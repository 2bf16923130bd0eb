"""The Docker daemon is killed while commands are under way, and comes back.

Without live-restore a killed dockerd leaves its containers running and stops them when it starts again: what is
intended to run is then started once by the agent, in the same container if Docker still can."""
import os
import random
import signal
import time

from cases import stories
from cases.matrix import birth
from cases.subject import Subject

ROUNDS = 6
AWAY_S = 0.6        # how long nothing may be acted on
BEFORE_S = 0.4      # the kill comes within so long after the command
ANSWERS = ("succeeded", "failed")
STARTS = 2          # at most, of one workload in one round: what Docker stopped, and the command


def kill_daemon(docker):
    with open(os.path.join(docker.dir, "pid"), encoding="ascii") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGKILL)
    return pid


def open_commands(node):
    return [one["id"] for one in node.status()["commands"]]


def made_unusable(node):
    """A dockerd that dies while it starts a container may leave one that it never starts again."""
    return [one for one in node.events("workload_trouble") if "container_unusable" in one["text"]]


def one_round(node, docker, chance, number):
    verb, target, more = (("restart", "workload:web", {}), ("stop", "workload:web", {}),
                          ("suspend", "node", {"reason": "payment failed"}))[number % 3]
    ids = {name: node.all_of(name)[0]["Id"] for name in node.workloads}
    unusable = len(made_unusable(node))
    sent = node.order(verb, target, **more)
    time.sleep(chance.uniform(0, BEFORE_S))
    kill_daemon(docker)
    node.until(lambda: node.status_now().get("docker_known") is False, "Docker is unknown")
    waiting = open_commands(node)
    states = [one["state"] for one in node.status()["workloads"]]
    assert set(states) == {"unknown"}, f"nothing is known, and yet: {states}"
    time.sleep(AWAY_S)
    left = [one for one in waiting if one not in open_commands(node)]
    assert not left, f"commands were answered while nothing was known: {left}"
    began = time.time()
    docker.up()
    node.outcome(sent, ANSWERS)
    if verb == "stop":
        node.until(lambda: node.stands_still("web"), "web is stopped")
        node.until(lambda: node.runs("db"), "db runs")
        node.obey("start", "workload:web")
    if verb == "suspend":
        node.until(lambda: all(node.stands_still(name) for name in node.workloads), "nothing runs")
        node.obey("resume")
    node.until(lambda: all(node.runs(name) for name in node.workloads), "both run again")
    node.until(node.at_rest, "the agent says so")
    for name in node.workloads:
        now = node.all_of(name)[0]["Id"]
        assert now == ids[name] or len(made_unusable(node)) > unusable, f"{name} has another container"
        starts = docker.starts(now, began)
        assert starts <= STARTS, f"{name} was started {starts} times"
    node.check_outcomes()


def run(suite):
    if not suite.wants("dockerd"):
        return
    began, error, rounds = time.monotonic(), "", 0
    chance = random.Random(f"{suite.seed}/dockerd")
    try:
        with suite.rig("dockerd") as rig:
            docker = rig.own_docker()
            node = Subject(rig, "d0", rig.control().start(), docker=docker)
            node.start()
            birth(node)
            node.check_all()
            for number in range(ROUNDS):
                one_round(node, docker, chance, number)
                rounds += 1
            stories.restart(node)
    except (AssertionError, OSError, ValueError) as failure:
        error = f"AURA_CRASH_SEED={suite.seed}, round {rounds}: {type(failure).__name__}: {failure}"
    suite.tell("dockerd", error, time.monotonic() - began, f"{rounds} rounds")
    suite.fault("dockerd", rounds + bool(error), bool(error))
