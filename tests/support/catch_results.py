#!/usr/bin/env python3
"""Counts the test cases in the XML report of one Catch2 executable.

Prints "PASSED FAILED SKIPPED", then one line "failed: NAME" or "skipped: NAME (reason)" for each that did not pass.
A report that breaks off (the process died) counts the test case it broke off in as failed.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree


def test_cases(path):
    """Yields (name, verdict, reason); the last one may be "died"."""
    name, reason = None, ""
    try:
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            if event == "start" and element.tag == "TestCase":
                name, reason = element.get("name"), ""
            elif event == "end" and element.tag == "Skip":
                reason = " ".join((element.text or "").split())
            elif event == "end" and element.tag == "OverallResult" and name is not None:
                skipped = int(element.get("skips") or 0) > 0
                success = element.get("success") == "true"
                yield name, "skipped" if skipped and success else "passed" if success else "failed", reason
                name = None
    except (ElementTree.ParseError, OSError):
        yield name or "the executable itself", "failed", "died"


def main():
    results = list(test_cases(sys.argv[1]))
    count = {verdict: sum(1 for result in results if result[1] == verdict) for verdict in ("passed", "failed", "skipped")}
    print(count["passed"], count["failed"], count["skipped"])
    for name, verdict, reason in results:
        if verdict != "passed":
            print(f"{verdict}: {re.sub(r'[^ -~]', '?', name)}" + (f" ({reason})" if reason else ""))


if __name__ == "__main__":
    main()
