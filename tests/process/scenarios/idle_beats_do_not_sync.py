"""An idle node's heartbeats write nothing to disk: no fsync, no write to a file, counted by the kernel's own calls."""
import os
import shutil
import signal
import subprocess

from lib import check, ledger
from lib.rig import Skip
from lib.scripted_control import ScriptedControl

DEADLINE_S = 150
ABOUT_S = 50
BEATS = 40
CALLS = "fsync,fdatasync,sync_file_range,msync,pwrite64,pwritev,pwritev2,ftruncate,rename,renameat2,openat"
WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT")


def run(rig):
    if not shutil.which("strace"):
        raise Skip("strace is not installed: packaging/install-build-deps --tests")
    plane = ScriptedControl()
    plane.want("running", 1)
    node = rig.node(control=plane)
    node.declare()
    node.start()
    node.until_running()
    last = node.events()[-1]["seq"]
    rig.until(lambda: plane.events and plane.events[-1]["seq"] >= last, 20, "all is told")
    beats = plane.count()
    rig.until(lambda: plane.count() >= beats + 3, 20, "it is idle")
    path = os.path.join(rig.log_dir, "strace.log")
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", path, "-p", str(node.process.pid)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        rig.until(lambda: traced(node, tracer), 20, "the agent is watched")
        before, first = ledger.marks(node), plane.count()
        rig.until(lambda: plane.count() >= first + BEATS, 2 * BEATS, f"{BEATS} heartbeats")
        told = plane.count() - first
        # That the count can count: a command is durable before it is answered.
        quiet = calls(path)
        check.equal(ledger.marks(node), before, "size and time of the ledger's files")
        check.equal(node.outcome("hold", "workload:web", args={"for_s": 1})["kind"], "succeeded", "a command")
        rig.until(lambda: [one for one in calls(path) if "sync" in one], 10, "the command's sync is seen")
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
    check.equal(quiet, [], f"calls that write in {told} heartbeats")
    rig.fault("an idle hour's worth of heartbeats wears the disk", f"strace of the real agent over {BEATS} heartbeats",
              "0 fsync, 0 writes to any file", times=told)


def calls(path):
    """What was called, without the opening of files for reading."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if "openat(" not in line or any(flag in line for flag in WRITES)]


def traced(node, tracer):
    if tracer.poll() is not None:
        raise Skip(f"strace may not trace here: {tracer.stderr.read().strip()}")
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as file:
        return f"TracerPid:\t{tracer.pid}\n" in file.read()
