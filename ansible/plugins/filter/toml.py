# Copyright: Aura. Apache License 2.0.
"""TOML as aura-node reads it: written from values, and read."""
import base64
import json
import os
import re
import tomllib

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: toml
short_description: values as TOML text, and back
version_added: 0.1.0
author: Aura
description:
  - C(aura.node.to_toml) writes a dictionary as a TOML document, keys in their order, plain values before tables.
  - C(aura.node.from_toml) reads a TOML document.
  - C(aura.node.workloads_of) reads slurped workload files and changes them.
options:
  _input:
    description: a dictionary, or TOML text
    type: raw
    required: true
"""

BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_of(key):
    return key if BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def value_of(value, path):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(value_of(one, path) for one in value) + "]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key_of(str(key))} = {value_of(one, f'{path}.{key}')}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    raise AnsibleFilterError(f"{path or 'the value'} is {value!r}, which TOML has no word for: leave the key out, or give it a value")


def to_toml(document):
    if not isinstance(document, dict):
        raise AnsibleFilterError(f"to_toml takes a dictionary, not {document!r}")
    lines = [f"{key_of(str(key))} = {value_of(value, str(key))}" for key, value in document.items() if not isinstance(value, dict)]
    for name, table in document.items():
        if isinstance(table, dict):
            lines += ["", f"[{key_of(str(name))}]"]
            lines += [f"{key_of(str(key))} = {value_of(value, f'{name}.{key}')}" for key, value in table.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def from_toml(text):
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise AnsibleFilterError(f"this is no TOML: {error}") from error


def merged(values, changes):
    result = dict(values)
    for key, change in changes.items():
        both = isinstance(change, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], change) if both else change
    return result


def workloads_of(slurped, changes):
    """The workloads of files that ansible.builtin.slurp read in a loop, by their names, with what is to be otherwise."""
    found = {}
    for one in slurped:
        name = os.path.splitext(os.path.basename(one["source"]))[0]
        text = base64.b64decode(one["content"]).decode()
        found[name] = merged(from_toml(text), changes.get(name) or {})
    return found


class FilterModule:
    def filters(self):
        return {"to_toml": to_toml, "from_toml": from_toml, "workloads_of": workloads_of}
