"""A new stack or resource and its test, as files in a folder."""

from importlib.resources import files
from pathlib import Path

from bot.new.names import Kind, Name, name_of
from resources.errors import Refused

_NEXT = {
    Kind.RESOURCE: "Then give it fields and hooks of your own, and do it in a step of a stack.",
    Kind.STACK: "Then say in it where its code is, and `export ORBITS_STACKS={module}:fleet`.",
}


def write_new(kind: Kind, typed: str, folder: Path) -> str:
    """Write both files, and answer what to do next; raises `Refused` where one is there already."""
    name = name_of(kind, typed)
    paths = (folder / f"{name.module}.py", folder / f"test_{name.module}.py")
    for path in paths:
        if path.exists():
            raise Refused(
                f"{path.name} is there already, and is kept. Choose another name, or move it away. "
                "Nothing was written."
            )
    for path, template in zip(paths, (kind, f"test_{kind}"), strict=True):
        path.write_text(_filled_in(template, name))
    first, second = (path.name for path in paths)
    then = _NEXT[kind].format(module=name.module)
    return f"Wrote {first} and {second}.\nNext: `pytest {second}`. {then}"


def _filled_in(template: str, name: Name) -> str:
    text = (files("bot.new") / "templates" / f"{template}.py.txt").read_text()
    text = text.replace("example_name", name.snake).replace("ExampleName", name.camel)
    return text.replace("example-name", name.kebab)
