"""The order of what a boot's journal tells."""


class Story:
    """Entries of one boot by the clock of that boot. `what` below is a sentence for whoever reads a failure."""

    def __init__(self, entries):
        self.entries = sorted(entries, key=lambda entry: int(entry["__MONOTONIC_TIMESTAMP"]))

    def at(self, what, fits):
        """Seconds since the boot of the first entry that fits."""
        for entry in self.entries:
            if fits(entry):
                return int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6
        ours = [entry.get("MESSAGE") for entry in self.entries if entry.get("_SYSTEMD_UNIT") == "aura-node.service"]
        raise AssertionError(f"the journal does not tell that {what}; of the agent: {ours[-25:]}")

    def said(self, part, unit="aura-node.service"):
        """When the unit's program said something with those words."""
        return self.at(f"{unit} said {part!r}",
                       lambda entry: entry.get("_SYSTEMD_UNIT") == unit and part in str(entry.get("MESSAGE")))

    def unit_stopped(self, unit):
        return self.at(f"{unit} stopped", lambda entry: entry.get("UNIT") == unit and
                       str(entry.get("MESSAGE")).startswith("Stopped "))

    def stopping(self, unit):
        return self.at(f"{unit} was to stop", lambda entry: entry.get("UNIT") == unit and
                       str(entry.get("MESSAGE")).startswith("Stopping "))


def in_order(*steps):
    """Pairs of words and a time: each after the one before."""
    for (earlier, first), (later, second) in zip(steps, steps[1:]):
        assert first < second, f"{later} ({second:.3f} s) came before {earlier} ({first:.3f} s)"
