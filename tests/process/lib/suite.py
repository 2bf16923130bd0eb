"""A suite of scenarios: a folder of modules, each run in a process of its own, and what its run script does with them."""
import argparse
import concurrent.futures
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from lib import fault_log
from lib.docker import Docker
from lib.rig import DOCKER_TOOL, TREE, Rig, Skip

AFTERWARDS_S = 60   # for clearing away
PASSED, FAILED, SKIPPED = 0, 1, 77
IMAGE = "aura-test-busybox:1"


class Suite:
    """tests/NAME/run makes one of itself and returns what main() returns."""

    rig = Rig              # what a scenario gets
    usual_deadline_s = 90  # of a scenario, unless its module says DEADLINE_S
    usual_jobs = 2

    def __init__(self, script, docs):
        self.script = os.path.realpath(script)
        self.dir = os.path.dirname(self.script)
        self.name = os.path.basename(self.dir)
        self.logs = os.path.join(TREE, "build", "test-logs", self.name)
        self.docs = docs

    # -- what a suite may have of its own -----------------------------------------------------------------------------

    def options(self, parser):
        """More of them than all have."""

    def instead(self, asked):
        """Not to return where an option asks for something else than a run here."""

    def prepare(self, chosen):
        """Once, after Docker is there and before the first scenario."""

    def clear(self, folder):
        """What a scenario that was killed left, as sentences; removes it."""
        return []

    # -- its scenarios ------------------------------------------------------------------------------------------------

    def names(self):
        return sorted(name[:-3] for name in os.listdir(os.path.join(self.dir, "scenarios")) if name.endswith(".py"))

    def named(self, word):
        """Those that a word of the command line means."""
        return [word]

    def module(self, name):
        return importlib.import_module("scenarios." + name)

    def sentence(self, name):
        return " ".join((self.module(name).__doc__ or "").split())

    def deadline_s(self, name):
        return getattr(self.module(name), "DEADLINE_S", self.usual_deadline_s)

    # -- the command line ---------------------------------------------------------------------------------------------

    def main(self):
        if sys.argv[1:2] == ["--one"]:
            return run_one(self, sys.argv[2], sys.argv[3])
        parser = argparse.ArgumentParser(description=self.docs, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("--list", action="store_true")
        parser.add_argument("--jobs", type=int, default=self.usual_jobs)
        self.options(parser)
        asked = parser.parse_args()
        chosen = [name for word in asked.names for name in self.named(word)] or self.names()
        unknown = [name for name in chosen if name not in self.names()]
        if unknown:
            parser.error(f"no scenario {unknown[0]!r}; --list shows them")
        if asked.list:
            for name in chosen:
                print(f"{name}: {self.sentence(name)}")
            return 0
        if os.geteuid() != 0:
            parser.error("root is needed")
        self.instead(asked)
        for name in chosen:
            shutil.rmtree(os.path.join(self.logs, name), ignore_errors=True)
        return run_all(self, chosen, asked.jobs)


# -- one scenario, in a process of its own ----------------------------------------------------------------------------

class TimeIsUp(BaseException):
    pass


def on_alarm(*_):
    raise TimeIsUp()


def run_one(suite, name, directory):
    rig = suite.rig(name, directory, os.path.join(suite.logs, name))
    scenario = suite.module(name)
    deadline_s = suite.deadline_s(name)
    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGTERM, on_alarm)
    code = PASSED
    try:
        signal.alarm(deadline_s)
        scenario.run(rig)
    except Skip as why:
        print(f"skipped: {name}: {why}")
        code = SKIPPED
    except TimeIsUp:
        print(f"it did not end within {deadline_s} s")
        code = FAILED
    except Exception as error:
        print(f"{error}" if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}")
        frames = traceback.extract_tb(error.__traceback__)
        print("".join(traceback.format_list([one for one in frames if one.filename.startswith(TREE)])))
        code = FAILED
    signal.alarm(0)
    if code != SKIPPED:
        fault_log.write(suite.name, rig.faults, code == PASSED)
    try:
        signal.alarm(AFTERWARDS_S)
        problems = rig.clear()
    except (Exception, TimeIsUp):
        traceback.print_exc(file=sys.stdout)
        problems = ["it could not clear away"]
    signal.alarm(0)
    for problem in problems:
        print(problem)
    return FAILED if problems else code


# -- all of them ------------------------------------------------------------------------------------------------------

class Round:
    def __init__(self, suite, directory):
        self.suite = suite
        self.dir = directory
        self.docker = Docker(os.environ["AURA_TEST_DOCKER_SOCKET"], os.environ["AURA_TEST_IMAGE"])
        self.lock = threading.Lock()
        self.counts = {PASSED: 0, FAILED: 0, SKIPPED: 0}
        self.children = set()

    def run(self, name):
        folder, log_dir = os.path.join(self.dir, name), os.path.join(self.suite.logs, name)
        os.makedirs(folder, mode=0o755)
        os.makedirs(log_dir)
        log_path = os.path.join(log_dir, "scenario.log")
        began = time.monotonic()
        with open(log_path, "wb") as log:
            child = subprocess.Popen([sys.executable, self.suite.script, "--one", name, folder], stdout=log,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        with self.lock:
            self.children.add(child)
        try:
            code = child.wait(self.suite.deadline_s(name) + 2 * AFTERWARDS_S)
        except subprocess.TimeoutExpired:
            code = FAILED
        end_group(child)
        with self.lock:
            self.children.discard(child)
        left = self.clear(name, folder)
        with open(log_path, encoding="utf-8", errors="replace") as log:
            text = log.read().strip()
        self.tell(name, code, time.monotonic() - began, "\n".join(filter(None, [text, *left])), bool(left))

    def clear(self, name, folder):
        """What a scenario that was killed left; that anything was left is its failure."""
        left = []
        for entry in os.listdir(folder):
            if entry.startswith("docker"):
                subprocess.run([DOCKER_TOOL, "down", os.path.join(folder, entry)], check=False)
        left += self.suite.clear(folder)
        for node in words_of(os.path.join(folder, "nodes")):
            left += [f"{one} of {node} was left in Docker" for one in self.docker.leftovers(node)]
            self.docker.clean(node)
        for mount in reversed(mounts_below(folder)):
            subprocess.run(["umount", "--lazy", mount], check=False)
        for container in self.docker.list(f"aura.test={name}"):
            left.append(f"foreign container {container['Names'][0]} was left")
            self.docker.remove(container["Id"])
        shutil.rmtree(folder, ignore_errors=True)
        return left

    def tell(self, name, code, seconds, text, left):
        code = FAILED if left or code not in self.counts else code
        with self.lock:
            self.counts[code] += 1
            word = {PASSED: "passed", FAILED: "FAILED", SKIPPED: "skipped"}[code]
            print(f"{word:8}{seconds:6.1f} s  {name}: {self.suite.sentence(name)}", flush=True)
            if code == SKIPPED:
                print(text, flush=True)
            if code == FAILED:
                print("    " + text.replace("\n", "\n    "), flush=True)


def words_of(path):
    """Of a file; none where it is not there."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def mounts_below(folder):
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return [line.split()[1] for line in file if line.split()[1].startswith(folder + "/")]


def end_group(child):
    """Whatever a scenario started and did not end."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def run_all(suite, chosen, jobs):
    directory = tempfile.mkdtemp(prefix=f"aura-{suite.name}.", dir="/var/tmp")
    os.chmod(directory, 0o755)  # other users of the machine reach a node's socket
    own_docker = None
    this_round = None

    def give_up(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, give_up)
    try:
        if not os.environ.get("AURA_TEST_DOCKER_SOCKET"):
            own_docker = os.path.join(directory, "docker")
            done = subprocess.run([DOCKER_TOOL, "up", own_docker], stdout=subprocess.PIPE, text=True, check=True)
            os.environ["AURA_TEST_DOCKER_SOCKET"] = done.stdout.strip()
        os.environ.setdefault("AURA_TEST_IMAGE", IMAGE)
        image = [os.environ["AURA_TEST_DOCKER_SOCKET"], os.environ["AURA_TEST_IMAGE"]]
        subprocess.run([DOCKER_TOOL, "image", *image], check=True)
        suite.prepare(chosen)
        this_round = Round(suite, directory)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            try:
                # The long ones first, so that none of them is alone at the end.
                order = sorted(chosen, key=lambda name: -getattr(suite.module(name), "ABOUT_S", 5))
                for done in [pool.submit(this_round.run, name) for name in order]:
                    done.result()
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                for child in list(this_round.children):
                    child.terminate()
                raise
    except KeyboardInterrupt:
        print(f"tests/{suite.name}/run: interrupted")
        return 130
    finally:
        if own_docker:
            subprocess.run([DOCKER_TOOL, "down", own_docker], check=False)
        shutil.rmtree(directory, ignore_errors=True)
    counts = this_round.counts
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped")
    return 1 if counts[FAILED] or not counts[PASSED] else 0
