"""systemctl reload tells systemd that it reloads and when it is done, takes up what changed, and leaves in force what a broken
file said before."""
from hosts_lib.host import ETC, UNIT
from lib import check

ABOUT_S = 12


def run(rig):
    host = rig.node(web={})
    machine = host.machine
    before, pid = host.until_running(), host.main_pid()
    machine.run("systemctl", "log-level", "debug")  # PID 1 then tells what it is told

    host.declare("late", command="exec sleep 3601")
    machine.run("systemctl", "reload", UNIT)
    late = host.until_running("late")
    heard = rig.until(lambda: notifications(machine), 20, "READY came after RELOADING", lambda: machine.messages("_PID=1")[-12:])
    check.contains(heard, "MONOTONIC_USEC=", "what systemd heard")

    machine.write(f"{ETC}/workloads.d/web.toml", "image = \n")
    machine.run("systemctl", "reload", UNIT)
    rig.until(lambda: host.cli("status").returncode == 1, 20, "status is not well", lambda: host.cli("status").stdout)
    check.contains(host.cli("status").stdout, "web.toml", "status names the broken file")
    check.same_run(before, host.container())
    machine.write(f"{ETC}/agent.toml.d/60-broken.toml", "[node\n")
    machine.run("systemctl", "reload", UNIT)
    rig.until(lambda: any("60-broken.toml" in line for line in host.log()), 20, "the journal names it", lambda: host.log()[-8:])
    check.equal(host.main_pid(), pid, "the agent's process")
    check.same_run(late, host.container("late"))


def notifications(machine):
    """The reload as PID 1 heard it, once it heard its end."""
    told = [line for line in machine.messages("_PID=1") if "otification message" in line]
    begun = [index for index, line in enumerate(told) if "RELOADING=1" in line]
    done = begun and any("READY=1" in line for line in told[begun[-1] + 1:])
    return told[begun[-1]] if done else None
