"""JSON Schema, as far as the project's OpenAPI documents use it (2020-12); a keyword it does not know is an error."""
import json
import re

IGNORED = {"description", "title", "examples"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def has_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Document:
    """One OpenAPI 3.1 document."""

    def __init__(self, text):
        self.root = json.loads(text)

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.root
            for part in thing["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            thing = found
        return thing

    def operation(self, method, path):
        """The operation that a concrete path belongs to; a literal segment goes before a parameter."""
        wanted = path.split("?")[0].split("/")
        fits = []
        for template, item in self.root["paths"].items():
            parts = template.split("/")
            same = len(parts) == len(wanted) and all(a == b or a.startswith("{") for a, b in zip(parts, wanted))
            if same and method.lower() in item:
                fits.append((template.count("{"), template, item[method.lower()]))
        assert fits, f"{method} {path} is not in the document"
        return min(fits)[2]

    def problems(self, method, path, reply):
        """Why an answer is not as the document says; [] if it is."""
        responses = self.operation(method, path)["responses"]
        described = responses.get(str(reply.status))
        if described is None and reply.status >= 400:
            described = responses.get("default")
        if described is None:
            return [f"status {reply.status} is not described"]
        content = self.resolve(described).get("content", {})
        if not content:
            return [] if not reply.text else [f"status {reply.status} has a body"]
        media = reply.headers.get("content-type", "").split(";")[0]
        if media not in content:
            return [f"content type {media!r} is not described"]
        return self.check(reply.json, content[media]["schema"]) if media == "application/json" else []

    def check(self, value, schema, place="$"):
        if schema is True:
            return []
        if schema is False:
            return [f"{place} must not be there"]
        found = []
        for keyword, rule in schema.items():
            if keyword in IGNORED or keyword in ("then", "else", "additionalProperties"):
                continue  # the latter three belong to `if` and `properties`
            check = getattr(self, "on_" + keyword.strip("$"), None)
            assert check, f"this checker does not know the keyword {keyword}"
            found += check(value, rule, place, schema)
        if "additionalProperties" in schema and isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                found += self.check(value[name], schema["additionalProperties"], f"{place}.{name}")
        return found

    # -- one method a keyword -----------------------------------------------------------------------------------------

    def on_ref(self, value, rule, place, _):
        return self.check(value, self.resolve({"$ref": rule}), place)

    def on_type(self, value, rule, place, _):
        names = rule if isinstance(rule, list) else [rule]
        fits = any(has_type(value, name) for name in names)
        return [] if fits else [f"{place} is no {' or '.join(names)}: {value!r}"]

    def on_enum(self, value, rule, place, _):
        return [] if value in rule else [f"{place} is none of {rule}: {value!r}"]

    def on_const(self, value, rule, place, _):
        return [] if value == rule else [f"{place} is not {rule!r}: {value!r}"]

    def on_pattern(self, value, rule, place, _):
        fits = not isinstance(value, str) or re.search(rule, value)
        return [] if fits else [f"{place} does not match {rule}: {value!r}"]

    def on_minimum(self, value, rule, place, _):
        return [] if not has_type(value, "number") or value >= rule else [f"{place} is below {rule}: {value!r}"]

    def on_maximum(self, value, rule, place, _):
        return [] if not has_type(value, "number") or value <= rule else [f"{place} is above {rule}: {value!r}"]

    def on_minLength(self, value, rule, place, _):
        return [] if not isinstance(value, str) or len(value) >= rule else [f"{place} is shorter than {rule}"]

    def on_maxLength(self, value, rule, place, _):
        return [] if not isinstance(value, str) or len(value) <= rule else [f"{place} is longer than {rule}"]

    def on_maxItems(self, value, rule, place, _):
        return [] if not isinstance(value, list) or len(value) <= rule else [f"{place} has more than {rule} items"]

    def on_required(self, value, rule, place, _):
        missing = [name for name in rule if name not in value] if isinstance(value, dict) else []
        return [f"{place}.{name} is missing" for name in missing]

    def on_properties(self, value, rule, place, _):
        there = [name for name in rule if name in value] if isinstance(value, dict) else []
        return [one for name in there for one in self.check(value[name], rule[name], f"{place}.{name}")]

    def on_propertyNames(self, value, rule, place, _):
        names = value if isinstance(value, dict) else []
        return [one for name in names for one in self.check(name, rule, f"the name {place}.{name}")]

    def on_items(self, value, rule, place, _):
        items = value if isinstance(value, list) else []
        return [one for i, item in enumerate(items) for one in self.check(item, rule, f"{place}[{i}]")]

    def on_allOf(self, value, rule, place, _):
        return [one for part in rule for one in self.check(value, part, place)]

    def on_anyOf(self, value, rule, place, _):
        fits = any(not self.check(value, part, place) for part in rule)
        return [] if fits else [f"{place} fits none of anyOf: {value!r}"]

    def on_if(self, value, rule, place, schema):
        branch = "else" if self.check(value, rule, place) else "then"
        return self.check(value, schema.get(branch, True), place)
