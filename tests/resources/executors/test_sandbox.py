"""What a script in a sandbox sees of the machine, and what it may change."""

import sys
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import SandboxExecutor, Script
from tests.resources.executors.conftest import demand_bubblewrap
from tests.resources.scripts import files_in, shell


@pytest.fixture(autouse=True)
def needed() -> None:
    demand_bubblewrap()


async def test_it_may_write_to_its_folder_and_to_those_given(tmp_path: Path) -> None:
    for name in ("own", "given", "other"):
        (tmp_path / name).mkdir()
    executor = SandboxExecutor(cwd=tmp_path / "own", writable=(tmp_path / "given",))

    result = await executor.execute(
        shell(
            f"touch a ../given/b; ls {tmp_path}; touch /c ../d /usr/e 2>/dev/null || echo refused"
        )
    )

    assert result.output == "given\nown\nrefused\n"
    assert [files_in(tmp_path / name) for name in ("own", "given", "other")] == [["a"], ["b"], []]
    assert sorted(files_in(tmp_path)) == ["given", "other", "own"]


async def test_it_may_read_what_it_is_given_and_not_write_to_it(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("select 1;\n")
    executor = SandboxExecutor(readable=(tmp_path,))

    result = await executor.execute(
        shell(f"cat {tmp_path}/schema.sql; touch {tmp_path}/x 2>/dev/null || echo refused")
    )

    assert result.output == "select 1;\nrefused\n"


async def test_each_run_has_a_home_and_a_tmp_of_its_own() -> None:
    script = shell("ls -A ~ /tmp; touch ~/mark /tmp/mark; echo $HOME")

    for _ in range(2):
        result = await SandboxExecutor().execute(script)
        assert result.output == "/home/orbits:\n\n/tmp:\n/home/orbits\n"


async def test_it_sees_no_secrets_of_the_machine_and_no_other_process() -> None:
    result = await SandboxExecutor().execute(
        shell("ls /etc/shadow /root/.ssh /var 2>/dev/null; ls -d /proc/[0-9]* | wc -l")
    )

    assert int(result.output) <= 5


async def test_it_has_the_python_of_the_bot_wherever_that_is() -> None:
    script = Script(argv=("python3", "-c", "import sys; print(sys.prefix)"))

    result = await SandboxExecutor(inherits=()).execute(script)

    assert result.output == f"{sys.prefix}\n"


async def test_it_reaches_no_network_where_it_has_none() -> None:
    result = await SandboxExecutor(network=False).execute(shell("cat /proc/net/dev | wc -l"))

    assert result.output.strip() == "3"  # two lines of a heading, and its own loopback


async def test_without_bubblewrap_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ScriptFailed) as failed:
        await SandboxExecutor().execute(Script(argv=("true",)))

    assert str(failed.value) == (
        "`true` could not be started: there is no program `bwrap` for its sandbox. Install it, "
        "on Debian with `apt install bubblewrap`, or use a LocalExecutor."
    )
