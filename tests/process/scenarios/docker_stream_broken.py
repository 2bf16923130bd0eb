"""A stream of Docker's events that breaks again and again is opened anew, and nothing that happened meanwhile is
missed or taken for something else."""
from lib import check
from lib.docker_proxy import DockerProxy

ABOUT_S = 20
TIMES = 5
RESTART = "[restart]\nbackoff_max_s = 1\ngive_up = { restarts = 50, within_s = 600 }\n"


def run(rig):
    fault = rig.fault("the stream of Docker's events breaks", "a proxy before the real socket cuts the connection, a crash "
                      "in the same moment", "opened anew; every crash found; the other container untouched", times=0)
    node = rig.node()
    proxy = DockerProxy(node.path("proxy.sock"), rig.docker.socket)
    node.settings["docker"]["socket"] = proxy.path
    node.declare("web", tables=RESTART)
    node.declare("other")
    node.start()
    node.until_running("web")
    other = node.until_running("other")
    for number in range(1, TIMES + 1):
        rig.until(proxy.streams.__len__, 20, "the stream is open")
        before = node.until_running("web")
        check.is_true(proxy.cut_streams() > 0, "a stream was cut")
        rig.docker.kill_main_process(before["Id"])
        fault.times += 1
        node.until_event("workload_started", "web", count=number + 1)
        check.equal(rig.docker.starts(before["Id"], rig.began_s), number + 1, "starts, by Docker's own count")
    check.same_run(other, node.until_running("other"))
    check.equal(len(node.events("workload_exited", "web")), TIMES, "exits told")
    check.equal(len(node.containers("web")), 1, "containers")
