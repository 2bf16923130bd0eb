"""A node that is killed again and again, and the sums that must come out right whatever died."""
import json
import signal
import threading
import time

from lib.node import ENDS_ON_TERM, Node, write

SETTLE_S = 40       # until a story's next step is seen, however the agent died in between
WORKLOADS = ("web", "db")
# What supervision must not lose patience over: it is killed on purpose, a hundred times an hour.
RESTART = "[restart]\nreset_after_s = 1\nbackoff_max_s = 1\ngive_up = { restarts = 1000, within_s = 60 }\n"
LIMITS = {"destructive_per_minute": 10_000, "destructive_burst": 10_000}


class Subject(Node):
    """`start`, `die` and `kill` events of its containers are counted from the first on; `expect` adds what a command
    must cause, and check_sums() compares."""

    def __init__(self, rig, name, control, program=None, docker=None, workloads=WORKLOADS):
        super().__init__(rig, name, docker=docker, control=control)
        self.control = control
        self.program = program
        self.workloads = workloads
        self.settings["limits"] = LIMITS
        self.give_code(control.code_for(self.id))
        self.watch = rig.watches[-1]
        self.marks = {}
        self.lock = threading.RLock()
        self.keeper = None
        self.trace = None
        self.arm("")
        self.deaths = 0
        self.problem = ""
        self.expected = {}      # (workload, action): how often
        self.may_follow = {}    # workload: how often it may still die and start of what overtaken orders left behind
        self.seen = {}
        self.read_lines = 0
        self.read_event = 0
        self.settlements = {}   # command id: how many command_settled events aura-control has
        self.event_numbers = []
        self.round = 0
        for workload in workloads:
            self.declare_for_crash(workload)

    def declare_for_crash(self, name, **env):
        self.declare(name, command=ENDS_ON_TERM, tables=RESTART + self.marks.get(name, ""), env={"ROUND": "0", **env})

    # -- the daemon, dying and coming back ----------------------------------------------------------------------------

    def command_line(self):
        line = super().command_line()
        return [self.program, *line[1:]] if self.program else line

    def environment(self):
        own = {"AURA_KILL_AT": "@" + self.path("wish"), "AURA_TRACE_FAULT_POINTS": self.trace}
        return {**super().environment(), **{key: value for key, value in own.items() if value}}

    def arm(self, wish):
        """The fault point at which the daemon kills itself, passes counted from now on; "" for none."""
        with self.lock:
            write(self.path("wish"), wish)

    def keep_alive(self):
        """From now on a daemon that kills itself is started again at once, without a further wish to die."""
        self.keeper = threading.Thread(target=self._keep, args=(self.process,), daemon=True)
        self.keeper.start()

    def wait_for_death(self, deaths, seconds):
        """Until it died once more than `deaths`, at most so long."""
        deadline = time.monotonic() + seconds
        while self.deaths <= deaths and time.monotonic() < deadline:
            time.sleep(0.01)

    def _keep(self, process):
        try:
            self._keep_starting(process)
        except (AssertionError, OSError) as error:
            self.problem = f"the agent could not be started again: {error}"

    def _keep_starting(self, process):
        while True:
            code = process.wait()
            with self.lock:
                if self.process is not process:
                    return
                self.process = None
                if code != -signal.SIGKILL:
                    self.problem = f"the agent ended with {code}: {self.log()[-3000:]}"
                    return
                self.deaths += 1
                self.arm("")
                self.start(wait=False)
                process = self.process

    def kill(self):
        """SIGKILL from outside."""
        with self.lock:
            process, self.process = self.process, None
            if process:
                process.kill()
        if process:
            process.wait(20)

    def kill_and_start(self):
        with self.lock:
            self.kill()
            self.start(wait=False)
            if self.keeper:
                self.keep_alive()

    def hang_up(self):
        """SIGHUP, if there is somebody to read the files; a daemon that starts reads them anyway."""
        with self.lock:
            if self.process and self.process.poll() is None and self.catches_hangup():
                self.process.send_signal(signal.SIGHUP)

    def catches_hangup(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                caught = next(line for line in status if line.startswith("SigCgt"))
        except (OSError, StopIteration):
            return False
        return int(caught.split()[1], 16) >> (signal.SIGHUP - 1) & 1 == 1

    def status_now(self):
        """{} while nobody answers."""
        try:
            return self.status()
        except (OSError, ValueError):
            return {}

    # -- commands -----------------------------------------------------------------------------------------------------

    def order(self, verb, target="node", **fields):
        """Returns the command's id; it is written down as one that must have one outcome."""
        sent = self.control.send(self.id, verb, target, **fields)
        self.settlements.setdefault(sent, 0)
        return sent

    def outcome(self, command_id, allowed=("succeeded",), seconds=SETTLE_S):
        """Returns its kind once aura-control has it, which must be one of `allowed`."""
        self.fail_early()
        found = self.control.outcome_of(self.id, command_id, seconds)
        self.fail_early()
        assert found["kind"] in allowed, f"not {' or '.join(allowed)}: {found}; the node: {self.explain()}"
        return found["kind"]

    def fail_early(self):
        assert not self.problem, self.problem

    def obey(self, verb, target="node", **fields):
        """A command that must succeed."""
        sent = self.order(verb, target, **fields)
        self.outcome(sent)
        return sent

    # -- what Docker shows --------------------------------------------------------------------------------------------

    def until(self, predicate, what, seconds=SETTLE_S):
        self.rig.until(lambda: self.problem or predicate(), seconds, what, self.explain)
        self.fail_early()

    def explain(self):
        return {"seen": self.counts(), "expected": self.expected, "status": self.status_now().get("workloads")}

    def all_of(self, name):
        return [one for one in self.docker.of_node(self.id) if one["Labels"].get("aura.workload") == name]

    def runs(self, name):
        found = self.all_of(name)
        return len(found) == 1 and found[0]["State"] == "running"

    def stands_still(self, name):
        found = self.all_of(name)
        return len(found) == 1 and found[0]["State"] == "exited"

    def counts(self):
        self.watch.drain()
        for line in self.watch.lines[self.read_lines:]:
            event = json.loads(line)
            key = (event["Actor"]["Attributes"].get("aura.workload"), event["Action"])
            self.seen[key] = self.seen.get(key, 0) + 1
        self.read_lines = len(self.watch.lines)
        return self.seen

    def expect(self, name, **actions):
        for action, times in actions.items():
            self.expected[name, action] = self.expected.get((name, action), 0) + times

    def count_of(self, name, action):
        return self.counts().get((name, action), 0)

    def until_same(self, before):
        """Until a new life says what the last one said of everything that lasts."""
        def same():
            try:
                return self.durable() == before
            except (OSError, ValueError):
                return False
        self.rig.until(lambda: self.problem or same(), SETTLE_S, "the new life knows what the last one knew",
                       lambda: {"before": before, "after": self.durable()})
        self.fail_early()

    # -- the checks ---------------------------------------------------------------------------------------------------

    def check_all(self):
        """Everything as intended, every command answered once, everything started as often as it should be."""
        self.until(lambda: all(self.runs(name) for name in self.workloads), "every workload has its one container")
        self.until(self.at_rest, "the agent says so, and is not degraded")
        self.check_outcomes()
        self.check_sums()

    def at_rest(self):
        status = self.status_now()
        if status.get("state") != "running" or status.get("reasons") not in ([], None) or not status.get("docker_known"):
            return False
        return all(one["state"] == "running" for one in status["workloads"])

    def check_sums(self):
        self.take_what_followed()
        for action in ("create", "start", "die"):
            for name in self.workloads:
                seen, due = self.count_of(name, action), self.expected.get((name, action), 0)
                if seen < due:
                    self.until(lambda: self.count_of(name, action) >= due, f"{due} times {action} of {name}", 5)
                    seen = self.count_of(name, action)
                assert seen == due, f"{name}: {action} {seen} times where {due} were due"

    def take_what_followed(self):
        for name, times in self.may_follow.items():
            more = self.count_of(name, "die") - self.expected.get((name, "die"), 0)
            if 0 < more <= times:
                self.expect(name, start=more, die=more)
        self.may_follow = {}

    def check_outcomes(self):
        """aura-control has one `command_settled` of each command, and no event is missing or doubled."""
        self.until(self.all_told, "every command is told as settled")
        told = {one: times for one, times in self.settlements.items() if times != 1}
        assert not told, f"commands settled more than once: {told}"
        numbers = self.event_numbers
        assert numbers == list(range(1, len(numbers) + 1)), f"events with gaps or doubled: {numbers[-20:]}"

    def all_told(self):
        while True:
            page = self.control.api("GET", f"/v1/events?after={self.read_event}&limit=1000&node={self.id}").json
            for one in page["events"]:
                self.read_event = one["id"]
                if one["source"] != "node":
                    continue
                event = one["event"]
                self.event_numbers.append(event["seq"])
                if event["kind"] == "command_settled":
                    self.settlements[event["command_id"]] = self.settlements.get(event["command_id"], 0) + 1
            if not page["events"]:
                break
        return all(self.settlements.values())

    def durable(self):
        """Of what it says, what a new life must say again."""
        status = self.status()
        kept = ("name", "intent", "state", "container_id", "started_at", "spec_hash", "restarts", "last_exit")
        return {"intent": status["intent"], "node_id": status["node_id"], "ledger_id": status.get("ledger_id"),
                "suspension": status.get("suspension"),
                "workloads": [{key: one.get(key) for key in kept} for one in status["workloads"]]}
