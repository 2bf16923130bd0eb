"""The files of the tree, found without git, so that a copied tree is checked like a clone."""
import functools
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What is made, not written: relative to the root.
GENERATED = {"build", ".git", "tests/artifacts"}


@functools.lru_cache(maxsize=None)
def files():
    """Every text file, as paths relative to the root."""
    found = []
    for folder, names, leaves in os.walk(ROOT):
        here = pathlib.Path(folder).relative_to(ROOT)
        names[:] = sorted(n for n in names if n != "__pycache__" and (here / n).as_posix() not in GENERATED)
        for leaf in sorted(leaves):
            path = here / leaf
            if not (ROOT / path).is_symlink() and is_text(path):
                found.append(path.as_posix())
    return found


def is_text(path):
    with open(ROOT / path, "rb") as file:
        return b"\0" not in file.read(4096)


@functools.lru_cache(maxsize=None)
def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def cpp():
    return [path for path in files() if re.search(r"\.(cpp|hpp)$", path)]


def scripts(language):
    """Files whose first line calls for "bash" (or sh) or "python"."""
    wanted = {"bash": r"#!.*\b(ba)?sh\b", "python": r"#!.*\bpython3?\b"}[language]
    suffix = {"bash": ".sh", "python": ".py"}[language]
    return [path for path in files() if path.endswith(suffix) or re.match(wanted, text(path))]
