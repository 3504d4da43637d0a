"""Holds the bot's requests against GitHub's own description of its REST API."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

_MANY_SEGMENTS = {"basehead", "branch", "path", "ref"}


class RequestRefused(AssertionError):
    """A request that GitHub's description does not know, or would not accept."""


def validate_request(
    method: str, path: str, query: Mapping[str, str] | None = None, json_body: Any = None
) -> None:
    """Raise RequestRefused unless GitHub describes such a request.

    `path` is without the API's root, such as `/repos/agency/backend/issues`.
    Parameters and properties that GitHub does not know are refused too:
    GitHub itself ignores them in silence. `tests/github_openapi.json` holds the
    operations that a bot needs; `tests/cut_github_openapi.py` lists them.
    """
    operation, template, values = _operation(method.lower(), path)
    problems = [
        *_parameter_problems(operation, values, dict(query or {})),
        *_body_problems(operation, template, method.lower(), json_body),
    ]
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise RequestRefused(f"{method.upper()} {path} does not fit {template}:\n{listed}")


def _operation(method: str, path: str) -> tuple[dict[str, Any], str, dict[str, str]]:
    known = []
    for template, pattern in _patterns():
        if found := pattern.fullmatch(path):
            operations = _description()["paths"][template]
            if method in operations:
                return operations[method], template, found.groupdict()
            known += [each.upper() for each in operations]
    allowed = f" It knows {', '.join(known)}." if known else ""
    raise RequestRefused(f"GitHub's description knows no {method.upper()} {path}.{allowed}")


@functools.cache
def _description() -> dict[str, Any]:
    text = Path(__file__).with_name("github_openapi.json").read_text()
    description: dict[str, Any] = json.loads(text)
    return description


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    # The most literal template first: `commits/{ref}/status` before `commits/{ref}`.
    templates = sorted(
        _description()["paths"], key=lambda each: (each.count("/"), -each.count("{")), reverse=True
    )
    return [(template, re.compile(_expression(template))) for template in templates]


def _expression(template: str) -> str:
    parts = re.split(r"\{(\w+)\}", template)
    texts = [re.escape(text) for text in parts[::2]]
    groups = [f"(?P<{name}>{'.+' if name in _MANY_SEGMENTS else '[^/]+'})" for name in parts[1::2]]
    return "".join(text + group for text, group in zip(texts, [*groups, ""], strict=True))


def _parameter_problems(
    operation: dict[str, Any], values: dict[str, str], query: dict[str, str]
) -> Iterator[str]:
    described = {(each["in"], each["name"]): each for each in operation["parameters"]}
    for name in query:
        if ("query", name) not in described:
            yield f"the query knows no {name}"
    for (place, name), parameter in described.items():
        found = values.get(name) if place == "path" else query.get(name)
        if found is None:
            if parameter["required"] and place == "query":
                yield f"the query lacks {name}"
            continue
        schema = parameter["schema"]
        for error in jsonschema_rs.Draft7Validator(schema).iter_errors(_read(found, schema)):
            yield f"{name} in the {place}: {error.message}"


def _read(word: str, schema: dict[str, Any]) -> Any:
    kinds = [schema, *schema.get("oneOf", []), *schema.get("anyOf", [])]
    types = {name for each in kinds for name in _type_names(each.get("type"))}
    if "integer" in types and word.lstrip("-").isdecimal():
        return int(word)
    if "boolean" in types and word in ("true", "false"):
        return word == "true"
    return word.split(",") if types == {"array"} else word


def _type_names(described: Any) -> list[Any]:
    return described if isinstance(described, list) else [described]


def _body_problems(
    operation: dict[str, Any], template: str, method: str, body: Any
) -> Iterator[str]:
    described = operation.get("requestBody")
    if described is None:
        if body:
            yield "no body is described"
        return
    if body is None:
        if described["required"]:
            yield "the body is missing"
        return
    for error in _body_validator(template, method).iter_errors(body):
        place = ".".join(str(step) for step in error.instance_path)
        yield f"{place}: {error.message}" if place else error.message
    yield from _unknown(described["schema"], body, "")


@functools.cache
def _body_validator(template: str, method: str) -> jsonschema_rs.Draft7Validator:
    schema = _description()["paths"][template][method]["requestBody"]["schema"]
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def _unknown(schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    variants = list(_variants(schema))
    if isinstance(value, list):
        items = [each["items"] for each in variants if "items" in each]
        for index, item in enumerate(value):
            yield from _unknown({"anyOf": items}, item, f"{place}[{index}]")
    if not isinstance(value, dict):
        return
    known: dict[str, list[dict[str, Any]]] = {}
    for variant in variants:
        for name, described in variant.get("properties", {}).items():
            known.setdefault(name, []).append(described)
    free = not known or any(isinstance(v.get("additionalProperties"), dict) for v in variants)
    for name, each in value.items():
        where = f"{place}.{name}" if place else name
        if name in known:
            yield from _unknown({"anyOf": known[name]}, each, where)
        elif not free:
            yield f"{where}: GitHub knows no such property"


def _variants(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(word, []):
            yield from _variants(each)
