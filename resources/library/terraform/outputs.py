"""What a module answers, read from its state; what it calls sensitive is left where it is."""

import json
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from resources.errors import OrbitsError

FORMAT = 4
"""The format of states since Terraform 0.12, in which outputs have not changed."""


class TerraformOutputs(BaseModel):
    """The outputs of a module by their names, as JSON values.

    Of those that the module declares sensitive only the names are known: they are recorded
    nowhere but in the state.
    """

    model_config = ConfigDict(frozen=True)

    values: Mapping[str, JsonValue] = {}
    sensitive: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> JsonValue:
        """Answer an output; raises `OrbitsError` where there is none that may be known."""
        if name in self.values:
            return self.values[name]
        if name in self.sensitive:
            raise OrbitsError(
                f"The output `{name}` is sensitive, so it is not recorded. Let the module put it "
                "into a store of secrets, and answer the reference to it."
            )
        known = ", ".join(f"`{each}`" for each in sorted(self.values)) or "none"
        raise OrbitsError(
            f"The module has no output `{name}`; it has {known}. Add an `output` to the module, "
            "or correct the name."
        )


class _Output(BaseModel):
    value: JsonValue = None
    sensitive: bool = False


class _State(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    version: int
    outputs: dict[str, _Output] = {}


class Serial(BaseModel):
    """Which state a plan was made on."""

    serial: int = 0
    lineage: str = ""


def outputs_in(identity: str, state: bytes | None) -> TerraformOutputs:
    """Answer the outputs in a state; none where there is no state yet."""
    if state is None:
        return TerraformOutputs()
    try:
        read = _State.model_validate_json(state)
    except ValidationError:
        read = None
    if read is None or read.version != FORMAT:
        raise OrbitsError(
            f"The outputs of {identity} cannot be read: its state has another format than "
            f"{FORMAT}. A state that is encrypted by its module is not understood."
        )
    return TerraformOutputs(
        values={name: each.value for name, each in read.outputs.items() if not each.sensitive},
        sensitive=tuple(name for name, each in read.outputs.items() if each.sensitive),
    )


def serial_of(state: bytes | None) -> Serial:
    """Answer which state it is."""
    return Serial() if state is None else Serial.model_validate(json.loads(state))
