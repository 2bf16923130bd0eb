"""The agent is killed at random moments under a stream of commands, changed files and dying containers.

Rounds of a story end where they began and must cause exactly what they say. In a burst commands overtake each other:
each has one outcome, nothing is started more often than it was asked for, and the last word holds."""
import random
import threading
import time

from cases import stories
from cases.matrix import birth
from cases.subject import Subject

NODES = 4
BURST = 5
# Seconds of a life: some end while the agent starts, some in the middle of what it does then.
SHORT_LIFE_S, LONG_LIFE_S = (0.0, 0.1), (0.1, 1.5)
ANSWERS = ("succeeded", "superseded", "refused")  # refused: a start while the node is stopped, a generation overtaken


class Budget:
    """How many kills are left, for all nodes together."""

    def __init__(self, kills):
        self.left = kills
        self.done = 0
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            if self.left == 0:
                return False
            self.left -= 1
            self.done += 1
            return True


class Killer:
    """Ends one life after the other until the budget is used up; the last one stays."""

    def __init__(self, node, budget, chance):
        self.node, self.budget, self.chance = node, budget, chance
        self.error = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ended.is_set() and not self.node.problem and self.budget.take():
                self.ended.wait(self.chance.uniform(*self.chance.choice((SHORT_LIFE_S, LONG_LIFE_S))))
                self.node.kill_and_start()
        except (AssertionError, OSError) as error:
            self.node.problem = f"the agent could not be started again: {error}"

    @property
    def busy(self):
        return self.thread.is_alive()

    def end(self):
        self.ended.set()
        self.thread.join(30)


def burst(node, chance):
    """Commands without waiting for any; then everything is started again."""
    before = {(name, action): node.count_of(name, action) for name in node.workloads for action in ("start", "die")}
    sent, starting = [], 1
    for _ in range(BURST):
        verb = chance.choice(("start", "stop", "restart"))
        target = chance.choice(("node", *(f"workload:{name}" for name in node.workloads)))
        starting += verb != "stop"
        sent.append(node.order(verb, target))
        time.sleep(chance.choice((0, 0, 0.1)))
    sent += [node.order("start")] + [node.order("start", f"workload:{name}") for name in node.workloads]
    for one in sent:
        node.outcome(one, ANSWERS)
    node.until(lambda: all(node.runs(name) for name in node.workloads), "the last word: everything runs")
    node.until(node.at_rest, "the agent says so")
    for name in node.workloads:
        # A stop that an earlier life sent may take effect even later, after the start that overtook it was answered.
        node.until(lambda: dies(node, before, name) == starts(node, before, name), f"{name} was started as it died")
        times = dies(node, before, name)
        assert times <= starting + 1, f"{name} died {times} times in a burst with {starting} orders to start"
        node.expect(name, start=times, die=times)
        node.may_follow[name] = starting + 1 - times


def dies(node, before, name):
    return node.count_of(name, "die") - before[name, "die"]


def starts(node, before, name):
    return node.count_of(name, "start") - before[name, "start"]


def live(node, budget, chance):
    node.start()
    birth(node)
    node.check_all()
    killer = Killer(node, budget, random.Random(chance.random()))
    rounds = 0
    try:
        while killer.busy:
            story = chance.choice((*stories.STORIES, burst))
            if story is burst:
                burst(node, chance)
            else:
                story(node)
            node.check_all()
            rounds += 1
    finally:
        killer.end()
    node.check_all()
    before = node.durable()
    node.kill_and_start()
    node.until_same(before)
    return rounds


def run(suite):
    if not suite.wants("random"):
        return
    budget = Budget(suite.kills)
    print(f"random kills: seed {suite.seed}, {suite.kills} kills of {NODES} nodes", flush=True)

    def work(number):
        began = time.monotonic()
        error, rounds = "", 0
        try:
            with suite.rig(f"random-{number}") as rig:
                control = rig.control(name=f"control{number}").start()
                node = Subject(rig, f"r{number}", control)
                rounds = live(node, budget, random.Random(f"{suite.seed}/{number}"))
        except (AssertionError, OSError, ValueError) as failure:
            error = f"AURA_CRASH_SEED={suite.seed}: {type(failure).__name__}: {failure}"
        suite.tell(f"random/node {number}", error, time.monotonic() - began, f"{rounds} rounds")
        suite.fault("random", 0, bool(error))

    suite.in_parallel(work, NODES)
    suite.fault("random", budget.done, False)
