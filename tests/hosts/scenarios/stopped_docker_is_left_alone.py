"""A Docker that somebody stopped is not woken by the agent, nor by a restart of the agent; status says who must start it, and
once it is started what ran runs again."""
from hosts_lib.host import UNIT
from lib import check

ABOUT_S = 20
LEFT_ALONE_S = 6


def run(rig):
    host = rig.node(web={})
    machine = host.machine
    before = host.until_running()
    # The socket goes on listening: one word to it would start Docker.
    rig.fault("Docker is stopped by an administrator", "systemctl stop docker.service, its socket still active",
              "not woken, told with the remedy; what ran runs again after systemctl start docker")
    machine.run("systemctl", "stop", "docker.service")
    check.equal(machine.active("docker.socket"), "active", "docker.socket")

    def left_alone(when):
        rig.stays(lambda: machine.active("docker.service") == "inactive", LEFT_ALONE_S, f"Docker stays stopped {when}",
                  lambda: host.log()[-8:])
        rig.until(lambda: "systemctl start docker" in host.cli("status").stdout, 20, f"status names the remedy {when}",
                  lambda: host.cli("status").stdout)
        check.equal(host.cli("status").returncode, 1, f"status is not well {when}")
        check.equal(machine.active("docker.service"), "inactive", f"Docker after status {when}")

    left_alone("while the agent runs")
    machine.run("systemctl", "restart", UNIT)
    left_alone("after a restart of the agent")

    machine.run("systemctl", "start", "docker.service")
    after = host.until_ready().until_running()
    check.other_run(before, after)
