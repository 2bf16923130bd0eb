"""logs -f and events -f show what comes as it comes, resume by number, and end with the reader; control characters
are escaped."""
import json
import subprocess

from lib import check, http


def run(rig):
    node = rig.node()
    node.declare(command=r"printf 'first\033[31m\n'; i=0; while :; do sleep 0.2; i=$((i+1)); echo line $i; done")
    node.start()
    node.until_running()
    stream = http.Stream(node.connect, "/v1/workloads/web/logs?follow=1&tail=all")
    rig.watches.append(stream)
    rig.until(lambda: len(stream.lines) >= 6, 20, "lines come", lambda: stream.lines)
    check.contains(stream.lines[0], "first", "the first line")
    numbers = [int(one.split()[1]) for one in stream.lines if one.startswith("line ")]
    check.no_gaps(numbers, "the lines")

    events = http.Stream(node.connect, "/v1/events?follow=1&after=2")
    rig.watches.append(events)
    node.outcome("hold", args={"for_s": 60})
    node.outcome("release")
    rig.until(lambda: len(seqs(events)) >= 4, 20, "events come", lambda: events.lines)
    check.equal(seqs(events), list(range(3, 3 + len(seqs(events)))), "their numbers")

    shown = follow(node, "logs", "web", "-f", "--tail", "1")
    check.contains(shown.stdout.readline() + shown.stdout.readline(), "line ", "logs -f")
    shown.terminate()
    shown.wait(10)
    told = follow(node, "events", "-f", "--json")
    check.equal(json.loads(told.stdout.readline())["seq"], 1, "events -f")
    told.terminate()
    told.wait(10)
    check.is_true("\x1b" not in node.cli("logs", "web", "--tail", "1000").stdout, "control characters are escaped")
    check.contains(node.cli("logs", "web", "--tail", "1000", "--raw").stdout, "\x1b[31m", "but with --raw")
    tail = node.cli("logs", "web", "--tail", "2")
    check.equal((tail.returncode, len(tail.stdout.splitlines())), (0, 2), "logs --tail 2")
    stream.close()
    events.close()


def follow(node, *arguments):
    return subprocess.Popen([node.rig.binary("aura-node"), *arguments], stdout=subprocess.PIPE, text=True,
                            env=node.environment(), stdin=subprocess.DEVNULL)


def seqs(events):
    return [json.loads(one.removeprefix("data: "))["seq"] for one in events.lines if one.startswith("data: ")]
