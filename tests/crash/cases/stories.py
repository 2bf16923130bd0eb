"""Short stories of a node with two running workloads that end where they began; the agent may die anywhere in them.

Each says what it must cause in Docker: `expect` once, in whatever life of the agent it happens."""
import os


def stop_and_start(node):
    """a workload is stopped and started by commands"""
    node.expect("web", die=1, start=1)
    node.obey("stop", "workload:web")
    node.until(lambda: node.stands_still("web"), "web is stopped")
    node.obey("start", "workload:web")


def restart(node):
    """a workload is restarted by a command"""
    node.expect("web", die=1, start=1)
    node.obey("restart", "workload:web")


def suspend_and_resume(node):
    """the node is suspended and resumed by commands"""
    for name in node.workloads:
        node.expect(name, die=1, start=1)
    node.obey("suspend", reason="payment failed")
    node.until(lambda: all(node.stands_still(name) for name in node.workloads), "nothing runs")
    assert os.path.exists(node.path("state", "suspended")), "the marker of the suspension is not there"
    node.obey("resume")
    assert not os.path.exists(node.path("state", "suspended")), "the marker of the suspension is still there"


def replace(node):
    """a changed file replaces a container"""
    node.expect("web", create=1, die=1, start=1)
    before = [one["Id"] for one in node.all_of("web")]
    node.round += 1
    node.declare_for_crash("web", ROUND=str(node.round))
    node.hang_up()
    node.until(lambda: node.runs("web") and node.all_of("web")[0]["Id"] not in before, "the new container runs alone")


def remove_and_return(node):
    """a file is removed and comes back"""
    node.expect("db", die=1, start=1)
    os.rename(node.workload_path("db"), node.path("db.toml"))
    node.hang_up()
    node.until(lambda: node.stands_still("db"), "db is stopped and kept")
    os.rename(node.path("db.toml"), node.workload_path("db"))
    node.hang_up()
    node.until(lambda: node.runs("db"), "db runs again")


def change_limits(node):
    """a changed limit reaches a running container"""
    node.round += 1
    node.marks["db"] = f"[resources]\npids = {50 + node.round}\n"
    node.declare_for_crash("db")
    node.hang_up()
    node.until(lambda: limit_of(node) == 50 + node.round, "the new limit")


def limit_of(node):
    found = node.all_of("db")
    return node.docker.inspect(found[0]["Id"])["HostConfig"]["PidsLimit"] if found else None


def crash(node):
    """a workload's process dies"""
    node.expect("web", die=1, start=1)
    starts = node.count_of("web", "start")
    node.docker.kill_main_process(node.all_of("web")[0]["Id"])
    node.until(lambda: node.count_of("web", "start") > starts, "web is started again")


STORIES = (stop_and_start, restart, suspend_and_resume, replace, remove_and_return, change_limits, crash)
