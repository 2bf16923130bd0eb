"""A second daemon on the same state directory is refused with the reason, and the first goes on undisturbed."""
import subprocess

from lib import check


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    second = subprocess.run([*node.command_line()], capture_output=True, text=True, timeout=20, env=node.environment(),
                            stdin=subprocess.DEVNULL)
    check.is_true(second.returncode != 0, "it ends with an error")
    check.contains(second.stderr + second.stdout, "in use by another aura-node", "what it says")
    check.contains(second.stderr + second.stdout, str(node.process.pid), "it names the other's pid")
    check.same_run(before, node.until_running())
    check.equal(node.api("GET", "/health").status, 200, "the first one's socket")
