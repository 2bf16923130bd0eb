"""The agent is killed at every fault point it passes, before and after each effect.

A dry run of every story writes down the points it passes, so the matrix is never out of date. A point is tried where it
is first met; what changes something (a record, a marker, a change in Docker) in every story, at its second pass too, and
a change in Docker also while the call is under way."""
import collections
import dataclasses
import re
import secrets
import time

from cases import stories
from cases.subject import Subject

CHANGES = re.compile(r"(ledger|marker|compaction|enrolment)\.|docker\.(before|after)\.(POST|DELETE)\.")
CALLS = re.compile(r"docker\.before\.(POST|DELETE)\.")
UNDER_WAY_MS = 2        # a call is on its way to Docker by then, and no answer is back: the fastest change takes longer
QUIET_S = 0.7           # no record, no beat of its own accord: what the dry run waits for before a story
REACH_S = 10            # for a point after the story's end, such as the beat that tells of it, on a slow machine
MOST_COMMANDS = 500     # pairs of local commands by which a ledger must have been compacted: it is after 500 records


@dataclasses.dataclass(frozen=True)
class Case:
    story: object
    point: str
    number: int
    delay_ms: int = 0

    @property
    def wish(self):
        return f"{self.point}:{self.number}" + (f"+{self.delay_ms}" if self.delay_ms else "")

    @property
    def name(self):
        return f"{self.story.__name__}/{self.wish}"


def start_alone(_):
    """nothing but the agent's start"""


def birth(node):
    """a new node enrols and starts its workloads for the first time"""
    for name in node.workloads:
        node.expect(name, create=1, start=1)
    node.until(lambda: all(node.runs(name) for name in node.workloads), "both run")


def compaction(node):
    """five hundred records become a snapshot"""
    deaths = node.deaths
    for _ in range(MOST_COMMANDS):
        if node.deaths > deaths:
            return
        for verb, fields in (("hold", {"args": {"for_s": 60}}), ("release", {})):
            command_id = "m-" + secrets.token_hex(8)
            node.settlements[command_id] = 0
            give(node, command_id, verb, fields)


def give(node, command_id, verb, fields):
    """Delivered by local root until somebody takes it, each time with the same id."""
    def taken():
        try:
            return node.command(verb, "workload:db", wait_s=20, id=command_id, **fields).status == 200
        except (OSError, ValueError):
            return False
    node.until(taken, f"{verb} is answered")


# -- the dry run ------------------------------------------------------------------------------------------------------

def passes(path):
    with open(path, encoding="ascii") as file:
        return collections.Counter(file.read().split())


def quiet(node):
    """Until the agent has nothing left to do of its own accord; only it knows when, so its trace is watched."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        told = passes(node.trace)
        changing = {name: times for name, times in told.items() if CHANGES.match(name)}
        if changing != seen:
            seen, since = changing, time.monotonic()
        time.sleep(0.05)
    return told


def dry_run(node):
    """{story: how often it passes each point}."""
    node.trace = node.path("trace")
    node.start(wait=False)
    node.keep_alive()
    found, before = {}, collections.Counter()
    for story in (birth, start_alone, *stories.STORIES):
        if story is start_alone:
            node.kill_and_start()
        story(node)
        node.check_all()
        now = quiet(node)
        found[story], before = now - before, now
    return found


def cases_of(found):
    """Lists of cases that belong together."""
    cases, met = [], set()
    for story in (start_alone, *stories.STORIES):
        for point, times in found[story].items():
            changes = bool(CHANGES.match(point)) and not point.endswith(".confirmed")
            first = (point, story is start_alone) not in met
            met.add((point, story is start_alone))
            if not changes and not first:
                continue
            cases.append(Case(story, point, 1))
            if changes and times > 1:
                cases.append(Case(story, point, 2))
            if CALLS.match(point):
                cases.append(Case(story, point, 1, UNDER_WAY_MS))
    known = {case.point for case in cases}
    born = [[Case(birth, point, 1)] for point in found[birth] if point not in known or CHANGES.match(point)]
    # One node for all: a compaction that was killed is due again with the next record.
    grown = [Case(compaction, f"compaction.{moment}", 1)
             for moment in ("before.checkpoint", "after.checkpoint", "before.commit", "after.commit")]
    return [grown, *born, *([case] for case in cases)]


# -- one case ---------------------------------------------------------------------------------------------------------

def run_case(node, case):
    """Returns whether the point was reached. Raises AssertionError where a sum is wrong."""
    deaths = node.deaths
    starts = case.story in (birth, start_alone)
    before = node.durable() if case.story is start_alone else None
    if starts:
        node.kill()
    node.arm(case.wish)
    if starts:
        node.start(wait=False)
        node.keep_alive()
    case.story(node)
    node.wait_for_death(deaths, REACH_S)
    node.arm("")
    node.check_all()
    if before:
        node.until_same(before)
    return node.deaths > deaths


class Worker:
    """A node that goes from case to case, and new ones for births and compactions."""

    def __init__(self, rig, number, program):
        self.rig, self.number, self.program = rig, number, program
        self.control = rig.control(name=f"control{number}").start()
        self.node = None
        self.made = 0

    def fresh(self):
        self.made += 1
        return Subject(self.rig, f"n{self.number}-{self.made}", self.control, self.program)

    def grown(self):
        node = self.fresh()
        node.start(wait=False)
        node.keep_alive()
        birth(node)
        node.check_all()
        return node

    def run(self, case):
        if case.story is birth:
            self.retire()
            self.node = self.fresh()
        elif self.node is None:
            self.node = self.grown()
        try:
            if run_case(self.node, case):
                return True
            # What a life does once, such as looking for its network, may have been done: another life.
            self.node.kill_and_start()
            self.node.check_all()
            return run_case(self.node, case)
        except BaseException:
            self.retire()
            raise

    def retire(self):
        node, self.node = self.node, None
        if node is None:
            return
        node.kill()
        node.watch.close()
        node.docker.clean(node.id)
        self.rig.nodes.remove(node)
        self.rig.watches.remove(node.watch)


def all_cases(suite):
    with suite.rig("matrix-dry") as rig:
        lists = cases_of(dry_run(Worker(rig, 0, suite.dev_node).fresh()))
    chosen = ([case for case in cases if suite.wants(f"matrix/{case.name}")] for cases in lists)
    return [cases for cases in chosen if cases]


def print_names(suite):
    names = [f"matrix/{case.name}" for cases in all_cases(suite) for case in cases]
    print("\n".join([*names, *(name for name in ("random", "dockerd", "control") if suite.wants(name))]))


def run(suite):
    """All cases, or those whose names begin with one of the suite's filters."""
    lists = all_cases(suite)
    points = {case.point for cases in lists for case in cases}
    queue, reached = collections.deque(lists), collections.Counter()

    def work(number):
        with suite.rig(f"matrix-{number}") as rig:
            worker = Worker(rig, number, suite.dev_node)
            while queue and not suite.ended:
                try:
                    cases = queue.popleft()
                except IndexError:
                    return
                for case in cases:
                    reached.update(tell(suite, worker, case))

    suite.in_parallel(work)
    missed = sorted(points - set(reached))
    suite.tell("matrix/every point was reached", f"never reached: {missed}" if missed else "", 0)


def tell(suite, worker, case):
    """Runs the case; the points that were reached."""
    began, error = time.monotonic(), ""
    try:
        hit = worker.run(case)
    except (AssertionError, OSError, ValueError) as failure:
        hit, error = True, f"{type(failure).__name__}: {failure}"
    suite.tell(f"matrix/{case.name}", error, time.monotonic() - began, "" if hit else "not reached")
    suite.fault(case.point.split(".")[0], hit, bool(error))
    return [case.point] if hit else []
