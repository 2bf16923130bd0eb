"""apply shows the difference, pulls, replaces in order of dependency, changes limits live, and stops what left the set."""
from lib import applied, check


def run(rig):
    node = rig.node()
    node.declare("by-file")
    node.start()
    by_file = node.until_running("by-file")
    node.put_in_set("db", env={"V": "1"}, tables=applied.probed())
    node.put_in_set("web", env={"V": "1"}, depends_on={"db": "healthy"}, tables=applied.probed())
    done = node.apply()
    check.equal(done.returncode, 0, f"the first apply: {done.stdout}{done.stderr}")
    check.contains(done.stdout, "web: absent -> declared", "the difference")
    check.equal(node.workload("web")["source"], "applied", "the source")
    db, web = node.until_running("db"), node.until_running("web")

    for name in ("db", "web"):
        node.put_in_set(name, env={"V": "2"}, tables=applied.probed(), **({} if name == "db" else
                        {"depends_on": {"db": "healthy"}}))
    shown = node.apply("--dry-run")
    check.equal(shown.returncode, 0, f"the dry run: {shown.stderr}")
    check.contains(shown.stdout, "web: env.V differs", "the field")
    check.is_true('"2"' not in shown.stdout, "the dry run shows a value of env", shown.stdout)
    check.same_run(web, node.container("web"))
    check.equal(node.apply().returncode, 0, "the second apply")
    check.contains(node.until_running("web")["Config"]["Env"], "V=2", "the new environment")
    check.is_true(node.until_running("db")["Id"] != db["Id"], "db has a new container")
    check.is_true(applied.stopped_after_started(node, "web", "db"), "web ran on until the new db was there",
                  [(one["kind"], one.get("workload")) for one in node.events()])
    rig.until(lambda: len(node.containers("web")) == len(node.containers("db")) == 1, 20,
              "the old containers are removed once all is proven")

    before = node.until_running("web")
    node.put_in_set("web", env={"V": "2"}, depends_on={"db": "healthy"},
                    tables='\n[resources]\nmemory = "96MiB"\n' + applied.probed())
    live = node.apply()
    check.equal(live.returncode, 0, f"a change to limits: {live.stdout}{live.stderr}")
    check.contains(live.stdout, "resources.memory_bytes: (default) -> 100663296  (live)", "the difference")
    check.same_run(before, node.container("web"))
    check.equal(node.container("web")["HostConfig"]["Memory"], 96 << 20, "the limit in Docker")

    node.take_out_of_set("web")
    check.equal(node.apply().returncode, 0, "a set without web")
    check.is_true(not node.docker.inspect(before["Id"])["State"]["Running"], "web has stopped")
    check.same_run(by_file, node.container("by-file"))
