"""What a scenario provoked, for docs/faults.md: one line in $AURA_FAULT_LOG for each fault, also where it failed."""
import json
import os


class Fault:
    """`times` and `observed` may be set as the scenario goes on; `violations` follows from how it ends."""

    def __init__(self, fault, how, observed="", times=1):
        self.fault = fault
        self.how = how
        self.observed = observed
        self.times = times


def write(suite, faults, passed):
    path = os.environ.get("AURA_FAULT_LOG")
    if not path:
        return
    lines = [json.dumps({"suite": suite, "fault": one.fault, "how": one.how, "times": one.times,
                         "violations": 0 if passed else 1, "observed": one.observed if passed else ""}) + "\n"
             for one in faults]
    # One write: scenarios append at the same time.
    with open(path, "ab", buffering=0) as file:
        file.write("".join(lines).encode())
