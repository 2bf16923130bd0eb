"""The collection: clean for ansible-lint's production profile without a skip, every role's variables described with the defaults that
hold, built as an artefact, and usable by its full name where only the artefact was installed."""
import glob
import os
import shutil
import subprocess

import yaml

from lib import check
from provision_lib import usual
from provision_lib.ansible import COLLECTION

ABOUT_S = 60
DEADLINE_S = 300


def run(rig):
    operator = rig.operator(installed=True)
    # Only what is kept in git: what a developer has lying about is no part of it.
    source = operator.path("collections", "ansible_collections", "aura", "node")
    shutil.copytree(COLLECTION, source, ignore=shutil.ignore_patterns(".ansible", "*.tar.gz", "__pycache__"))
    subprocess.run(["git", "init", "-q", source], check=True, timeout=30)
    done = operator.program("ansible-lint", "--offline", "--profile", "production", "--strict", "--project-dir", source, source, check=False)
    check.equal(done.returncode, 0, f"ansible-lint: {done.stdout[-4000:]}")
    skips = subprocess.run(["grep", "-rnE", "noqa|skip_list|warn_list", COLLECTION], capture_output=True, text=True, check=False).stdout
    check.equal(skips, "", "what keeps ansible-lint from looking")
    shutil.rmtree(os.path.join(source, ".git"))
    for role in sorted(glob.glob(os.path.join(source, "roles", "*"))):
        described(role)

    operator.program("ansible-galaxy", "collection", "build", source, "--output-path", rig.dir)
    shutil.rmtree(source)
    [artefact] = glob.glob(os.path.join(rig.dir, "aura-node-*.tar.gz"))
    operator.program("ansible-galaxy", "collection", "install", artefact, "--offline", "-p", operator.path("collections"))
    host = rig.fresh("deb12", tailnet=False)
    operator.manage(host)
    usual.alone(rig, operator)
    operator.play("site")
    host.until_running()


def described(role):
    """argument_specs.yml against defaults/main.yml: the same variables, and the same defaults where they are plain."""
    def load(*parts):
        with open(os.path.join(role, *parts), encoding="utf-8") as file:
            return yaml.safe_load(file)
    options = load("meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load("defaults", "main.yml")
    name = os.path.basename(role)
    required = [variable for variable, option in options.items() if option.get("required")]
    check.equal(sorted(options), sorted([*defaults, *required]), f"the variables of {name}")
    for variable, option in options.items():
        check.is_true(len(str(option.get("description", ""))) > 20, f"{variable} is described", option)
        plain = "{{" not in str(defaults.get(variable))
        check.is_true("default" in option or not plain or option.get("required"), f"the default of {variable} is described")
        if "default" in option:
            check.equal(option["default"], defaults[variable], f"the default of {variable}")
