"""Which objects of a state were made since there was another one."""

import json

import pytest

from resources.errors import OrbitsError
from resources.library.terraform.events import Change, Place
from resources.library.terraform.objects import Object, made_since, objects_in

BUCKET, QUEUE = Place("", "aws_s3_bucket", "files", None), Place("", "aws_sqs_queue", "q", 0)
FILES = Object(BUCKET, "acme-files")


def resource(mode: str = "managed", **more: object) -> dict[str, object]:
    return {"mode": mode, "type": "aws_sqs_queue", "name": "q", **more}


def found(then: set[Object], now: set[Object]) -> list[Place]:
    """Answer what was made since, of all that there is now."""
    changes = [Change("", "delete", place=place) for place, _ in now]
    return [change.place for change in made_since(changes, then, now, imported=())]


def test_the_objects_of_a_state_are_told_apart_by_module_and_key() -> None:
    nested = {**resource(), "module": 'module.a["x"]'}
    state = {
        "version": 4,
        "resources": [
            resource(instances=[{"index_key": 0, "attributes": {"id": "q0"}}, {"index_key": "0"}]),
            {**nested, "instances": [{"attributes": {"arn": "b", "id": None}}]},
            resource("data", instances=[{"attributes": {"id": "d"}}]),
        ],
    }

    assert objects_in("terraform-acme", json.dumps(state).encode()) == {
        Object(QUEUE, "q0"),
        Object(QUEUE._replace(key="0"), None),
        Object(Place('module.a["x"]', "aws_sqs_queue", "q", None), None),
    }
    assert objects_in("terraform-acme", None) == set()


@pytest.mark.parametrize("text", ['{"version": 3}', '{"encrypted_data": "x", "lineage": "a"}'])
def test_a_state_that_cannot_be_read_lets_nothing_go(text: str) -> None:
    with pytest.raises(OrbitsError) as failed:
        objects_in("terraform-acme", text.encode())

    assert str(failed.value) == (
        "The objects of terraform-acme cannot be read: its state has another format than 4, or is "
        "encrypted by its module. So nobody can tell which of them were made since the last "
        "success. Nothing was changed."
    )


def test_what_is_in_a_place_that_was_empty_is_new() -> None:
    assert found({FILES}, {FILES, Object(QUEUE, "q0")}) == [QUEUE]
    assert found(set(), {FILES}) == [BUCKET]
    assert found({FILES}, {Object(BUCKET, "acme-others")}) == []


def test_another_key_is_another_place() -> None:
    first, second = Object(QUEUE, "q0"), Object(QUEUE._replace(key="0"), "q1")

    assert found({first}, {first, second}) == [second.place]


def test_what_was_in_another_place_is_not_new() -> None:
    elsewhere = Place('module.files["acme"]', "aws_s3_bucket", "this", None)

    assert found({FILES}, {Object(elsewhere, "acme-files")}) == []
    # And something else has come to where it was.
    swapped = {Object(elsewhere, "acme-files"), Object(BUCKET, "acme-others")}
    assert found({FILES}, swapped) == []


def test_ids_that_many_share_tell_nothing_while_all_are_in_their_place() -> None:
    old, new = (Object(Place("", "random_password", name, None), "none") for name in "ab")

    assert found({old}, {old, new}) == [new.place]
    assert found({old}, {new}) == []


def test_what_has_no_id_may_be_any_other_that_is_not_in_its_place() -> None:
    old, new = (Object(Place("", "orbits_file", name, None), None) for name in "ab")

    assert found({old}, {old, new}) == [new.place]
    assert found({old}, {new}) == []


def test_what_is_in_no_state_is_not_known_to_be_new() -> None:
    change = Change("a.b", "delete")

    assert made_since([change], then=(), now={FILES}, imported=()) == []
    there = Change("aws_s3_bucket.files", "delete", place=BUCKET)
    assert made_since([there], then=(), now={FILES}, imported={there.address}) == []
    assert made_since([there], then=(), now={FILES}, imported=()) == [there]
