"""What is understood of what Terraform says, and what is answered of its outputs."""

import json
from pathlib import Path

import pytest

from resources.errors import OrbitsError
from resources.library import TerraformOutputs
from resources.library.terraform.events import Events


def test_outputs_that_are_not_there_or_not_to_be_known_are_told_apart() -> None:
    outputs = TerraformOutputs(values={"address": "a"}, sensitive=("password",))

    with pytest.raises(OrbitsError) as missing:
        outputs["adress"]
    assert str(missing.value) == (
        "The module has no output `adress`; it has `address`. Add an `output` to the module, or "
        "correct the name."
    )
    with pytest.raises(OrbitsError) as sensitive:
        outputs["password"]
    assert str(sensitive.value) == (
        "The output `password` is sensitive, so it is not recorded. Let the module put it into a "
        "store of secrets, and answer the reference to it."
    )


@pytest.mark.parametrize("cut", [1, 7, 100_000])
def test_events_are_understood_however_they_are_cut(cut: int) -> None:
    told: list[str] = []
    events = Events(told.append, Path("/x/deploy"))
    resource = {"resource": {"addr": "a.b"}, "action": "replace", "reason": "cannot_update"}
    wrong = {"severity": "error", "summary": "Bad", "detail": "It is\nbad."}
    at = {"filename": "../main.tf", "start": {"line": 3}}
    said = [
        {"@level": "info", "@message": "Terraform 1", "type": "version"},
        {"@level": "info", "@message": "a.b: Plan", "type": "planned_change", "change": resource},
        {"@level": "error", "@message": "E", "type": "diagnostic", "diagnostic": wrong},
        {"@level": "error", "type": "diagnostic", "diagnostic": {**wrong, "range": at}},
    ]
    text = "plain\n" + "\n".join(json.dumps(each) for each in said)

    for start in range(0, len(text), cut):
        events.hear(text[start : start + cut])
    events.end()

    assert "".join(told) == (
        "plain\na.b: Plan\nError: Bad. It is bad.\n/x/main.tf:3: Error: Bad. It is bad.\n"
    )
    assert [str(change) for change in events.changes] == ["replace a.b (cannot update)"]
    assert events.changes[0].destroys
