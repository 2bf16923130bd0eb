"""Numbers into rows, rows into text."""
import dataclasses
import math
import statistics


def median(values):
    return statistics.median(values)


def percentile(values, percent):
    """Nearest rank: the smallest value that is not below `percent` of them."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclasses.dataclass
class Row:
    name: str            # which --only selects it
    what: str
    value: float
    unit: str            # ms, KiB, % of a core
    detail: str          # how the value was taken: "median of 20", other percentiles
    reference: float | None
    reference_text: str  # what the reference is; "" where there is none
    target: float        # the limit in the unit of value
    target_text: str
    note: str = ""

    @property
    def met(self):
        return self.value <= self.target

    @property
    def ratio(self):
        return self.value / self.reference if self.reference else None

    def as_dict(self):
        return {**dataclasses.asdict(self), "ratio": self.ratio, "met": self.met}

    def cells(self):
        measured = f"{number(self.value)} {self.unit} ({self.detail})"
        reference = f"{number(self.reference)} {self.unit} ({self.reference_text})" if self.reference is not None else "–"
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else "–"
        return [self.what, measured, reference, ratio, self.target_text, "met" if self.met else "**not met**"]


def number(value):
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


HEAD = ["what", "measured", "reference in the same run", "ratio", "target", ""]


def markdown(rows):
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    lines += [""] + [f"- {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join(lines).rstrip() + "\n"


def plain(row):
    what, measured, reference, ratio, target, met = row.cells()
    lines = [f"{what}: {met.strip('*')}", f"    measured   {measured}"]
    if row.reference is not None:
        lines.append(f"    reference  {reference}, ratio {ratio}")
    lines.append(f"    target     {target}")
    if row.note:
        lines.append(f"    note       {row.note}")
    return "\n".join(lines)
