"""A VM whose auth key the tailnet does not take says so: the stage is failed, with the reason, and cloud-init ends with an error."""
from lib import check
from provision_lib.first_boot import Order

ABOUT_S = 40
DEADLINE_S = 240
WRONG = "hskey-auth-" + "a" * 12 + "-" + "b" * 64


def run(rig):
    order = Order(rig)
    host = order.buy(order.render(WRONG))
    rig.fault("the auth key of a new VM is wrong", "user-data with a key that the tailnet does not know",
              "the stage failed with the reason; cloud-init's error")
    status, said = order.cloud_init()
    check.is_true(status != 0 and "status: error" in said, "cloud-init", (status, said, order.output()[-2500:]))
    stages = order.stages()
    check.equal(stages[:2], ["provisioning", "networking"], "the stages before")
    check.equal(len(stages), 3, f"the stages: {stages}")
    check.contains(stages[2], "failed: networking: tailscale up: ", "what failed")
    check.is_true(len(stages[2]) < 240 and WRONG not in stages[2], "the reason is short and holds no secret", stages[2])
    check.contains(stages[2], host.machine.read("/run/aura-boot/failed").strip().lower().removesuffix("."), "the reason on the VM")
    check.equal(order.left_secrets(WRONG), [], "files with the key")
