"""What clang-format, clang-tidy, shellcheck and Python's compiler say."""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import include_rules
import sources

# clang-format's output changes between versions; one of them is the reference.
FORMAT_MAJOR = 14
# What clang-tidy reads: the pure and the storing parts. Asio's and Beast's templates cost it minutes.
TIDY = re.compile(r"(common/[a-z_]+|common/protocol/.*|agent/(reconcile|store|config)/.*|control/fleet/.*)\.cpp$")
TIDY_NEVER = re.compile(r"boost/(asio|beast)")
TIDY_DEADLINE_S = 300
STAMPS = sources.ROOT / "build" / "lint"


def run(command, **options):
    return subprocess.run(command, cwd=sources.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def major_version(tool):
    match = re.search(r"version (\d+)", run([tool, "--version"]).stdout)
    return int(match.group(1)) if match else 0


def formatter():
    """The reference clang-format, or None where this machine has another one."""
    for tool in (f"clang-format-{FORMAT_MAJOR}", "clang-format"):
        if shutil.which(tool) and major_version(tool) == FORMAT_MAJOR:
            return tool
    return None


def formatting():
    output = run([formatter(), "--dry-run", "-Werror", *sources.cpp()]).stdout
    places = re.findall(r"^(\S+?):(\d+):\d+: error", output, re.M)
    first = {}
    for path, line in places:
        first.setdefault(path, line)
    return [f"{path}:{line}: not formatted: run 'tests/lint/run --format'" for path, line in first.items()]


def format_in_place():
    run([formatter(), "-i", *sources.cpp()])


@functools.lru_cache(maxsize=None)
def reached(path):
    """All that `path` includes, directly or through project headers: (project files, outside headers)."""
    project, outside, waiting = {path}, set(), [path]
    while waiting:
        for _, target, is_project in include_rules.includes(sources.text(waiting.pop())):
            if is_project and (sources.ROOT / target).is_file():
                if target not in project:
                    project.add(target)
                    waiting.append(target)
            else:
                outside.add(target)
    return frozenset(project), frozenset(outside)


def compile_arguments():
    """{path: arguments after the compiler}, from the dev preset's compile commands."""
    database = sources.ROOT / "build" / "dev" / "compile_commands.json"
    arguments = {}
    for entry in json.loads(database.read_text(encoding="utf-8")):
        words = entry["command"].split()
        # In front of the compiler may stand a launcher (ccache and its environment).
        compiler = max(i for i, word in enumerate(words) if re.search(r"(^|/)(c\+\+|g\+\+|clang\+\+)[-0-9]*$", word))
        path = os.path.relpath(entry["file"], sources.ROOT)
        kept, skip = [], False
        for word in words[compiler + 1:]:
            if skip:
                skip = False
            elif word in ("-o", "-c", "-MF", "-MT", "-MQ"):
                skip = word != "-c"
            elif re.match(r"-(I|D|isystem|iquote|std=)", word) or (kept and kept[-1] == "-isystem"):
                kept.append(word)
        arguments[path] = kept
    return arguments


def tidy_stamp(path, arguments, version):
    digest = hashlib.sha256(repr((version, sources.text(".clang-tidy"), arguments)).encode())
    for file in sorted(reached(path)[0]):
        digest.update(sources.text(file).encode())
    return STAMPS / "tidy" / f"{path.replace('/', '_')}.{digest.hexdigest()[:24]}"


def tidy_one(path, arguments, version):
    stamp = tidy_stamp(path, arguments, version)
    if stamp.exists():
        return []
    try:
        result = run(["clang-tidy", "--quiet", path, "--", *arguments, "-Wno-everything"], timeout=TIDY_DEADLINE_S)
    except subprocess.TimeoutExpired:
        return [f"{path}: clang-tidy needs more than {TIDY_DEADLINE_S} s: keep heavy headers out of it"]
    if result.returncode == 0:
        for old in stamp.parent.glob(f"{path.replace('/', '_')}.*"):
            old.unlink()
        stamp.touch()
        return []
    errors = re.findall(r"^(\S+?:\d+:\d+: (?:error|warning): .*)$", result.stdout, re.M)
    return sorted({os.path.relpath(line, sources.ROOT) if line.startswith("/") else line for line in errors}) or \
        [f"{path}: clang-tidy failed: {result.stdout.strip()[-300:]}"]


def tidy():
    """Only for files that changed, or whose headers did, since they last passed."""
    try:
        arguments = compile_arguments()
    except OSError:
        return ["build/dev/compile_commands.json is missing: run 'cmake --preset dev'"]
    paths = [p for p in sources.cpp() if TIDY.match(p) and p not in include_rules.EXEMPT
             and not any(TIDY_NEVER.match(header) for header in reached(p)[1])]
    found = [f"{path}: no CMakeLists.txt compiles it" for path in paths if path not in arguments]
    (STAMPS / "tidy").mkdir(parents=True, exist_ok=True)
    version = major_version("clang-tidy")
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for result in pool.map(lambda path: tidy_one(path, arguments[path], version), [p for p in paths if p in arguments]):
            found += [line for line in result if line not in found]
    return found


def shell_syntax():
    found = []
    for path in sources.scripts("bash"):
        shell = "sh" if re.match(r"#!.*/sh\b", sources.text(path)) else "bash"
        result = run([shell, "-n", path])
        if result.returncode != 0:
            found.append(result.stdout.strip())
    return found


def shellcheck():
    paths = sources.scripts("bash")
    output = run(["shellcheck", "--severity=warning", "--format=gcc", *paths]).stdout if paths else ""
    return [line for line in output.splitlines() if line.strip()]


def python_syntax():
    found = []
    for path in sources.scripts("python"):
        try:
            compile(sources.text(path), path, "exec")
        except SyntaxError as error:
            found.append(f"{path}:{error.lineno}: {error.msg}")
    return found
