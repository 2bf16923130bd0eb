"""An upgrade of three nodes whose package crashes on the second: the first has it, the second has gone back, the third was left
alone, and the playbook says which one ended it."""
from hosts_lib import upgrades
from lib import check
from provision_lib import usual

ABOUT_S = 130
DEADLINE_S = 420


def run(rig):
    hosts = [rig.fresh(f"node{n}", tailnet=False) for n in (1, 2, 3)]
    operator = rig.operator(*hosts)
    usual.alone(rig, operator)
    operator.play("site")
    runs = {}
    for host in hosts:
        upgrades.judge_within(host, 15)
        runs[host] = host.until_running()
    before = upgrades.installed(hosts[0])
    # The same package for all: what is wrong with it shows on the second alone.
    later, good = rig.later_version(1)
    bad = rig.script_version(later, '[ "$(cat /etc/hostname)" != node2 ] || { echo broken; exit 3; }\nexec $REAL "$@"', good)
    rig.fault("a new version of the agent crashes on one node of three while a playbook upgrades them", "the playbook upgrade",
              "the node went back, the one after it was not touched; same containers, same starts")

    play = operator.play("upgrade", "-e", f"aura_upgrade_package={bad}", check=False)
    check.is_true(play.code != 0, "the playbook calls it done", play.text[-2000:])
    check.contains(play.words, f"node2 does not have {later}", "which one ended it")
    check.equal(upgrades.installed(hosts[0]), f"{later} installed", "the first")
    check.equal(upgrades.installed(hosts[1]), before, f"the second: {upgrades.story(hosts[1])}")
    check.equal(upgrades.installed(hosts[2]), before, "the third")
    check.equal(play.recap("node3"), {}, "what was done to the third")
    for host in hosts:
        host.until_state("running")
        check.same_run(runs[host], host.container())

    again = operator.play("upgrade", "-e", f"aura_upgrade_package={bad}", "--limit", "node1")
    usual.nothing_changed(again, hosts[0])
