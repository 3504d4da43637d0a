"""The executor that is picked by what a stack's infrastructure answers."""

from pathlib import Path

import pytest

from resources.errors import OrbitsError
from resources.executors import Script
from resources.library import CloudExecutor, Environment
from tests.resources.executors.conftest import demand_bubblewrap
from tests.resources.executors.ssh_server import SshServer
from tests.resources.scripts import shell


def environment(folder: Path, **options: object) -> Environment:
    (folder / "backend").mkdir()
    place = {"directory": folder / "backend", "database": folder / "backend/db"}
    return Environment.model_validate({**place, "variables": {"STAGE": "test"}, **options})


@pytest.mark.parametrize("kind", ["local", "sandbox"])
async def test_on_this_machine_a_script_is_kept_to_its_folder(tmp_path: Path, kind: str) -> None:
    demand_bubblewrap()
    executor = CloudExecutor(environment(tmp_path, kind=kind))

    result = await executor.execute(shell("pwd; echo $STAGE; touch inside ../outside"))

    assert result.output == f"{tmp_path}/backend\ntest\n"
    assert (tmp_path / "backend/inside").exists()
    assert not (tmp_path / "outside").exists()


async def test_without_a_sandbox_the_kind_local_does_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    executor = CloudExecutor(environment(tmp_path))

    result = await executor.execute(shell("echo $STAGE"))

    assert result.output == "test\n"


async def test_a_script_runs_on_the_host_that_the_outputs_name(
    server: SshServer, tmp_path: Path
) -> None:
    executor = server.executor(tmp_path)
    access = executor.model_dump(include={"host", "user", "known_hosts", "port", "identity_file"})
    outputs = environment(tmp_path, kind="ssh", ssh=access)

    result = await CloudExecutor(outputs).execute(shell("pwd; echo $STAGE"))

    assert result.output == f"{tmp_path}/backend\ntest\n"


async def test_a_script_runs_in_the_image_that_the_outputs_name(image: str, tmp_path: Path) -> None:
    access = {"image": image, "network": "none"}
    outputs = environment(tmp_path, kind="docker", docker=access)

    with pytest.raises(OrbitsError, match="there is no program `alembic`"):
        await CloudExecutor(outputs).execute(Script(argv=("alembic",)))


async def test_an_unknown_kind_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    outputs = environment(tmp_path, kind="moon")

    with pytest.raises(OrbitsError) as error:
        await CloudExecutor(outputs).execute(Script(argv=("true",)))

    assert str(error.value) == (
        f"No script can run in the environment {tmp_path}/backend: its kind is `moon`, and "
        "CloudExecutor knows `docker`, `ecs`, `local`, `sandbox`, `ssh`, `ssm`. Nothing was "
        "changed."
    )


async def test_outputs_that_say_too_little_are_told(tmp_path: Path) -> None:
    outputs = environment(tmp_path, kind="ssh")

    with pytest.raises(OrbitsError) as error:
        await CloudExecutor(outputs).execute(Script(argv=("true",)))

    assert str(error.value) == (
        f"No script can run in the environment {tmp_path}/backend: its kind is `ssh`, and its "
        "outputs have no `ssh` that says how to get there. Add it to what the infrastructure "
        "answers. Nothing was changed."
    )
