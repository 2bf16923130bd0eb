"""An agent that stands still is killed by systemd's watchdog and started again; its container goes on untouched."""
import signal

from hosts_lib.host import UNIT
from lib import check

ABOUT_S = 15
WATCHDOG_S = 4   # as a drop-in; the package's own is longer


def run(rig):
    host = rig.host()
    host.declare()
    host.install()
    host.until_ready()
    machine = host.machine
    check.is_true(machine.unit(UNIT, "WatchdogUSec")["WatchdogUSec"] not in ("0", "infinity"), "the unit has a watchdog")
    host.drop_in(UNIT, "watchdog", f"[Service]\nWatchdogSec={WATCHDOG_S}\n")
    machine.run("systemctl", "restart", UNIT)
    host.until_ready()
    before, old = host.until_running(), host.main_pid()

    # While it makes progress it is fed, for more than one of its periods.
    rig.stays(lambda: host.main_pid() == old, 2 * WATCHDOG_S, "a working agent is left alone")
    rig.fault("the agent hangs on a host with systemd", "SIGSTOP of the unit's main process",
              "the watchdog killed it, systemd started it again; same container, same start")
    machine.run("kill", f"-{int(signal.SIGSTOP)}", str(old))
    rig.until(lambda: host.main_pid() not in (0, old), 10 * WATCHDOG_S, "systemd started another",
              lambda: machine.unit(UNIT, "SubState", "Result"))
    host.until_ready()
    check.same_run(before, host.until_running())
    told = machine.messages("-b", f"UNIT={UNIT}")
    check.is_true(any("Watchdog timeout" in line for line in told), "the journal says so", told[-8:])
    check.is_true(any("Failed with result 'watchdog'" in line for line in told), "the result", told[-8:])
