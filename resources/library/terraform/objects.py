"""The objects in a state, and which of them were made since there was another state."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from resources.errors import OrbitsError
from resources.library.terraform.events import Change, Place


class Object(NamedTuple):
    """An object at its place; `id` is the attribute, `None` where its kind has none."""

    place: Place
    id: str | None


class _Instance(BaseModel):
    index_key: int | str | None = None
    attributes: dict[str, Any] | None = None


class _Resource(BaseModel):
    module: str = ""
    mode: str
    type: str
    name: str
    instances: list[_Instance]


class _State(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    version: Literal[4]
    resources: list[_Resource]


def objects_in(identity: str, state: bytes | None) -> frozenset[Object]:
    """Answer what a module has made, or taken over; raises `OrbitsError` where none can tell."""
    if state is None:
        return frozenset()
    try:
        read = _State.model_validate_json(state)
    except ValidationError:
        raise OrbitsError(
            f"The objects of {identity} cannot be read: its state has another format than 4, or is "
            "encrypted by its module. So nobody can tell which of them were made since the last "
            "success. Nothing was changed."
        ) from None
    return frozenset(
        Object(Place(each.module, each.type, each.name, instance.index_key), _id_of(instance))
        for each in read.resources
        if each.mode == "managed"
        for instance in each.instances
    )


def made_since(
    changes: Sequence[Change],
    then: Collection[Object],
    now: Collection[Object],
    imported: Collection[str],
) -> list[Change]:
    """Answer the changes of objects that did not exist `then`, in another place neither.

    What was there then and is not in its place any more may have moved: whatever has its id,
    or has none as well, counts as that. What was imported existed before its module had it.
    """
    places = {each.place for each in then}
    gone = {each.id for each in then if each not in now}
    ids: dict[Place, set[str | None]] = defaultdict(set)
    for each in now:
        ids[each.place].add(each.id)
    return [
        change
        for change in changes
        if change.place in ids
        and change.place not in places
        and not ids[change.place] & gone
        and change.address not in imported
    ]


def _id_of(instance: _Instance) -> str | None:
    known = (instance.attributes or {}).get("id")
    return None if known is None else str(known)
