"""The lines of $AURA_FAULT_LOG: what was done to the system, how often, and what was seen of it."""
import json

SEEN = "one outcome a command, no event lost or doubled, no container bounced or made twice"
WORDS = {
    "ledger": ("the agent dies before and after a record is committed", "SIGKILL at each fault point ledger.*", SEEN),
    "marker": ("the agent dies while the suspension's marker is set or removed", "SIGKILL at each fault point marker.*",
               SEEN),
    "compaction": ("the agent dies while the ledger is compacted", "SIGKILL at each fault point compaction.*",
                   "the same state is replayed, from the records or from the snapshot"),
    "docker": ("the agent dies before, during and after a call to Docker", "SIGKILL at each fault point docker.*", SEEN),
    "control": ("the agent dies before a call to the control plane and after its answer",
                "SIGKILL at each fault point control.*", SEEN),
    "random": ("the agent dies at any moment under a stream of commands", "SIGKILL at random moments, seed {seed}",
               SEEN + "; started exactly as often as asked for"),
    "dockerd": ("Docker's daemon dies while a command is under way", "SIGKILL of dockerd, started again, seed {seed}",
                "nothing acted on while unknown; one outcome a command, the same containers as intended again"),
    "control-plane": ("the control plane dies in the middle of a batch of commands",
                      "SIGKILL of aura-control, restarted on its database, seed {seed}",
                      "no command lost, none run twice"),
}


class Log:
    def __init__(self, path):
        self.path = path
        self.groups = {}

    def count(self, group, times, violated):
        done, violations = self.groups.get(group, (0, 0))
        self.groups[group] = (done + times, violations + violated)

    def write(self, seed):
        if not self.path:
            return
        with open(self.path, "a", encoding="utf-8") as file:
            for group, (times, violations) in self.groups.items():
                fault, how, observed = WORDS[group]
                line = {"suite": "crash", "fault": fault, "how": how.format(seed=seed), "times": times,
                        "violations": violations, "observed": observed if not violations else "violated: see the run"}
                file.write(json.dumps(line) + "\n")
