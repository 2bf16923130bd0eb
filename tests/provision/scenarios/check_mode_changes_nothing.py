"""A check of a fresh machine with --check --diff fails nowhere and changes nothing; nor does one of a machine that is a node."""
from lib import check
from provision_lib import usual

ABOUT_S = 60
DEADLINE_S = 300
# All but what a login, the clock and apt's lists write by themselves.
FILES = ("find /etc /srv /usr /opt /root /var/lib/aura-node /var/lib/dpkg /var/lib/docker/image -xdev -type f ! -name '*.pyc' "
         "! -path '/root/.ansible/*' -printf '%p %s %T@ %m %U\\n' 2>/dev/null | sort | sha256sum")


def run(rig):
    control = rig.start_tailnet()
    host = rig.fresh("deb13", "trixie")
    operator = rig.operator(host)
    usual.in_tailnet(rig, control, operator)
    for what in ("a fresh machine", "a node"):
        before = host.machine.shell(FILES).stdout
        play = operator.play("site", "--check", "--diff")
        check.equal(host.machine.shell(FILES).stdout, before, f"the files of {what}")
        check.is_true(operator.variables["tailscale_auth_key"] not in play.text, "a difference shows the key")
        check.is_true(operator.hosts["deb13"]["aura_node_enroll_code"] not in play.text, "a difference shows the code")
        if what == "a fresh machine":
            check.is_true(not host.machine.exists("/usr/bin/aura-node"), "it was installed")
            operator.play("site")
        else:
            check.equal(play.changed("deb13"), 0, f"changes that a check of a node announces: {play.changes()}")
