"""What goes on of a script on the bot's machine is ended before the same one begins anew."""

import asyncio
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import LocalExecutor
from tests.resources.executors.conftest import GRACE
from tests.resources.executors.test_ssh import Heard, waiting
from tests.resources.scripts import Witness, shell

HERE = LocalExecutor(grace=GRACE)

ASKED = """
trap 'echo leader was asked; exit 7' TERM
sh -c 'trap "echo child was asked" TERM; echo begun; while :; do sleep 0.02; done' &
while :; do sleep 0.02; done
"""


async def test_what_a_script_left_in_the_background_is_ended_before_it_begins_again(
    witness: Witness,
) -> None:
    script = witness.script("true", escapes=True, key="run-7f3c.background")
    await HERE.execute(script)
    await witness.arrival()
    assert witness.sees_it

    await HERE.execute(shell("true", key="run-7f3c.background"))

    await witness.departure()


async def test_a_script_whose_key_begins_alike_goes_on(tmp_path: Path) -> None:
    heard = Heard()
    running = asyncio.create_task(HERE.execute(waiting(tmp_path, key="run-7f3c.11"), heard))
    await heard.at_least(6)

    await HERE.execute(shell("true", key="run-7f3c.1"))
    (tmp_path / "go").touch()

    assert (await running).output == "first\nlast\n"


@pytest.mark.parametrize("orderly", [False, True])
async def test_of_an_orderly_script_only_the_leader_is_asked(*, orderly: bool) -> None:
    heard = Heard()
    script = shell(ASKED, key=f"run-7f3c.asked-{orderly}", orderly=orderly)
    running = asyncio.create_task(HERE.execute(script, heard))
    await heard.at_least(6)

    await HERE.execute(shell("true", key=script.key, orderly=orderly))

    with pytest.raises(ScriptFailed) as failed:
        await running
    assert failed.value.status == 7
    assert "leader was asked" in heard.text
    assert ("child was asked" in heard.text) != orderly
