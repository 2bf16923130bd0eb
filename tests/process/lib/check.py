"""Assertions whose failure shows what was there."""


def equal(seen, expected, what):
    assert seen == expected, f"{what}: expected {expected!r}, seen {seen!r}"


def contains(text, part, what):
    assert part in text, f"{what}: {part!r} is not in {text!r}"


def is_true(condition, what, seen=None):
    assert condition, f"{what}{'' if seen is None else f': {seen!r}'}"


def same_run(before, after):
    """Two inspections of one container that was not started in between."""
    equal(after["Id"], before["Id"], "the container")
    equal(after["State"]["StartedAt"], before["State"]["StartedAt"], "StartedAt")


def other_run(before, after):
    """The same container, started again."""
    equal(after["Id"], before["Id"], "the container")
    assert after["State"]["StartedAt"] != before["State"]["StartedAt"], "it was not started again"


def refused(reply, code, status=409):
    equal((reply.status, reply.code if reply.status >= 400 else ""), (status, code), f"the answer {reply}")


def no_gaps(numbers, what):
    equal(list(numbers), list(range(1, len(numbers) + 1)), what)
