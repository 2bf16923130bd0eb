"""validate reports every error of every file at once, with file, line and key, and ends with 0 where all is well."""
from lib import check
from lib.node import write


def run(rig):
    node = rig.node()
    node.write_settings()
    node.declare()
    good = node.cli("validate", *node.flags())
    check.equal((good.returncode, good.stderr), (0, ""), "good files")
    write(node.workload_path("web"), 'imagee = "x"\nimage = 3\n[stop]\ngrace_s = -5\n[restart]\npolicy = "sometimes"\n')
    write(node.workload_path("second"),
          'image = "x:1"\ntailnet = "yes"\n[resources]\nmemory = "2 elephants"\n')
    write(node.workload_path("third"), 'image = "x:1"\ncommand = [\n')
    write(node.path("config", "agent.toml"), '[node]\nid = "Not Good"\n[control]\nheartbeat_s = "soon"\ntypo = 1\n')
    write(node.path("config", "policy.toml"), 'privileged = "maybe"\n')
    done = node.cli("validate", *node.flags())
    check.equal(done.returncode, 1, "the exit code")
    said = done.stdout + done.stderr
    expected = [("web.toml:1", "imagee"), ("web.toml:2", "image"), ("web.toml:4", "stop.grace_s"),
                ("web.toml:6", "restart.policy"), ("second.toml:4", "resources.memory"),
                ("second.toml:2", "tailnet"), ("third.toml:", ""), ("agent.toml:2", "node.id"),
                ("agent.toml:4", "control.heartbeat_s"), ("agent.toml:5", "control.typo"),
                ("policy.toml:1", "privileged")]
    for place, key in expected:
        about = [one for one in said.splitlines() if place in one and key in one]
        check.is_true(about, f"{place} {key} is reported", said)
    started = node.cli("daemon", *node.flags())
    check.is_true(started.returncode != 0, "a daemon with that configuration does not start")
    check.contains(started.stderr, "agent.toml:2", "it names the place")
