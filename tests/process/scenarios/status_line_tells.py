"""What systemctl status shows of the node is a sentence, and is told anew when it changes and not otherwise."""
from lib import check
from lib.notify import Notify


def run(rig):
    node = rig.node()
    notify = Notify(node, watchdog_us=30_000_000)
    told = []

    def lines():
        for message in notify.read():
            told.extend(line[len("STATUS="):] for line in message.decode().splitlines() if line.startswith("STATUS="))
        return told

    node.declare("web")
    node.declare("api")
    node.start()
    rig.until(lambda: "All 2 workloads run." in lines(), 30, "all run", lambda: told)
    rig.stays(lambda: lines()[-1] == "All 2 workloads run.", 3, "it stays")
    check.is_true(all(one != other for one, other in zip(told, told[1:])), "no sentence is told twice in a row", told)
    check.equal(node.outcome("stop", "workload:api")["kind"], "succeeded", "stop")
    rig.until(lambda: lines()[-1] == "1 workload runs.", 10, "one rests", lambda: told)
    node.declare("worker", command="exit 3")
    node.command("reload")
    rig.until(lambda: any(line.startswith("1 of 2 workloads run; worker does not: ") for line in lines()), 20,
              "a crash is told with its reason", lambda: told)
