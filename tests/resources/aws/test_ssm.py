"""Scripts run on a machine by way of SSM: hidden on their way, heard, ended, and found again."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from resources.aws import AwsConnection
from resources.aws.ssm.executor import SsmExecutor
from resources.errors import ScriptFailed
from resources.executors import Script
from resources.executors.remote_command import sent_ahead
from tests.resources.aws.script_places import Host
from tests.resources.aws.working_ssm import HERE, UNKNOWN, WorkingSsm
from tests.resources.scripts import Witness, files_in, shell


async def failure(executor: SsmExecutor, script: Script) -> str:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(script)
    return str(failed.value)


async def test_a_script_runs_with_all_that_it_needs(host: Host) -> None:
    pieces: list[str] = []
    script = shell(
        'cat; cat deep/b; echo "$STAGE of $TENANT"; cp deep/b made',
        stdin="from stdin\n\n",
        files={"deep/b": b"from a file\n"},
        environment={"STAGE": "test 'one'"},
        outputs=("made",),
    )

    result = await host.executor(environment={"TENANT": "acme"}).execute(script, pieces.append)

    assert result.output == "".join(pieces)
    assert result.output == "from stdin\n\nfrom a file\ntest 'one' of acme\n"
    assert result.files == {"made": b"from a file\n"}


async def test_nothing_that_ssm_was_told_tells_what_a_script_was_given(host: Host) -> None:
    script = shell(
        "true correct-horse-1",
        stdin="correct-horse-2",
        files={"a": b"correct-horse-3"},
        environment={"TOKEN": "correct-horse-4"},
        key="run-7f3c.hidden",
    )

    await host.executor().execute(script)

    assert "run-7f3c.hidden" in WorkingSsm.sent[0]
    assert "correct-horse" not in "".join(WorkingSsm.sent)
    assert await host.objects() == []
    assert files_in(host.folder) == []


@pytest.mark.thorough
async def test_no_shell_reads_the_arguments(host: Host) -> None:
    arguments = ("$HOME", "; touch mark", "`id`", "it's", 'say "hi"\n!')

    result = await host.executor().execute(Script(argv=("printf", "%s|", *arguments)))

    assert result.output == "".join(f"{argument}|" for argument in arguments)


@pytest.mark.thorough
async def test_a_status_and_a_signal_are_told_with_the_last_lines(host: Host) -> None:
    status = await failure(host.executor(), shell("echo one; printf two >&2; exit 3"))
    signal = await failure(host.executor(), shell("kill -9 $$"))

    assert status == (
        "`sh -c 'echo one; printf two >&2; exit 3'` ended with status 3. Its last lines:\none\ntwo"
    )
    assert signal == "`sh -c 'kill -9 $$'` was ended by the signal SIGKILL. It printed nothing."


@pytest.mark.thorough
async def test_a_missing_program_folder_or_output_is_named(host: Host) -> None:
    executor = host.executor()
    program = await failure(executor, Script(argv=("alembik",)))
    folder = await failure(executor, Script(argv=("true",), cwd=Path("/no")))
    output = await failure(executor, Script(argv=("true",), outputs=("plan.json",)))

    assert program == (
        "`alembik` could not be started: there is no program `alembik`. Install it, or put it on "
        "PATH."
    )
    assert folder == (
        f"`true` could not be started: the folder /no on the machine {HERE} to run it in "
        "is not there."
    )
    assert output == (
        "`true` ended with status 0, but its output plan.json is not there. It printed nothing."
    )


@pytest.mark.thorough
async def test_of_much_output_the_end_is_heard_and_all_is_counted(host: Host) -> None:
    heard: list[str] = []
    script = Script(argv=("seq", "200000"), kept=30_000)

    result = await host.executor().execute(script, heard.append)

    expected = "".join(f"{number}\n" for number in range(1, 200_001))
    assert result.total_bytes == len(expected)
    assert result.output == expected[-30_000:]
    assert expected.endswith("".join(heard)[-200_000:])


async def test_a_script_that_was_begun_before_a_crash_is_waited_for(host: Host) -> None:
    executor, name = host.executor(), "run-7f3c.twice"
    log = host.folder.parent / "log"
    script = shell('echo begun >> "$0"; echo first; sleep 0.3; echo last', str(log), key=name)
    remote = await executor._remote(name)
    await remote.start(script, sent_ahead(script, executor.cwd, executor.environment))

    result = await executor.execute(script)

    assert result.output == "first\nlast\n"
    assert log.read_text() == "begun\n"


@pytest.mark.thorough
async def test_the_timeout_ends_the_whole_tree(host: Host, witness: Witness) -> None:
    executor = host.executor(grace=timedelta(milliseconds=150))

    told = await failure(executor, witness.script(timeout=timedelta(seconds=0.8)))

    assert "took longer than 0.8 seconds, and was ended with all that it had started" in told
    await witness.departure()


@pytest.mark.thorough
async def test_cancellation_ends_the_whole_tree(host: Host, witness: Witness) -> None:
    executor = host.executor(grace=timedelta(milliseconds=150))
    running = asyncio.create_task(executor.execute(witness.script(escapes=True)))
    await witness.arrival()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await witness.departure()
    assert files_in(host.folder) == []


NOT_REACHED = {
    "i-00000000000000001": (
        "SSM says of i-00000000000000001: Undeliverable: it cannot be delivered. See that the "
        "machine runs, and that its SSM agent is online."
    ),
    "i-00000000000000002": (
        "SSM says of i-00000000000000002: DeliveryTimedOut: its agent did not fetch it in time. "
        "See that the machine runs, and reaches SSM."
    ),
    "i-00000000000000003": (
        "SSM says of i-00000000000000003: InvalidPlatform: AWS-RunShellScript is for Linux. Name "
        "a machine that runs it."
    ),
    "i-00000000000000009": (
        "SSM reaches no machine i-00000000000000009. See that it runs, that its agent is online, "
        "that its role has AmazonSSMManagedInstanceCore, and that the region and the account are "
        "right."
    ),
}


@pytest.mark.parametrize("instance", NOT_REACHED)
async def test_a_machine_that_is_not_reached_is_told(host: Host, instance: str) -> None:
    executor = host.executor(instance=instance, patience=timedelta(0))

    failed = await failure(executor, Script(argv=("true",)))

    assert failed == f"`true` could not be started: {NOT_REACHED[instance]}"
    assert await host.objects() == []


async def test_a_command_that_ssm_never_knows_is_not_waited_for_without_end(host: Host) -> None:
    executor = host.executor(
        instance=UNKNOWN, deliver_within=timedelta(seconds=0.1), patience=timedelta(0)
    )

    before, _, after = (await failure(executor, Script(argv=("true",)))).partition(" for i-")

    assert before.startswith("`true` could not be started: SSM took the command ")
    assert after == (
        "00000000000000004, and has not known it for 0.1 seconds. See its command history, and "
        "retry."
    )
    assert await host.objects() == []


async def test_a_machine_that_is_lost_is_told_with_what_will_become_of_the_script(
    host: Host,
) -> None:
    heard = asyncio.Event()
    executor = host.executor(patience=timedelta(0))
    script = shell("echo begun; sleep 60", timeout=timedelta(minutes=1), key="run-7f3c.lost")
    running = asyncio.create_task(executor.execute(script, lambda _: heard.set()))
    await heard.wait()

    WorkingSsm.gone = True
    with pytest.raises(ScriptFailed) as failed:
        await running
    WorkingSsm.gone = False

    assert str(failed.value) == (
        "`sh -c 'echo begun; sleep 60'` was begun on the machine i-0a1b2c3d4e5f60718, and was "
        "lost: SSM reaches no machine i-0a1b2c3d4e5f60718. See that it runs, that its agent is "
        "online, that its role has AmazonSSMManagedInstanceCore, and that the region and the "
        "account are right. Once it answers, retry: the script is waited for, and not begun "
        "again. Its last lines:\nbegun"
    )
    heard.clear()
    found = asyncio.create_task(executor.execute(script, lambda _: heard.set()))
    await heard.wait()
    found.cancel()
    await asyncio.wait([found])
    assert files_in(host.folder) == []


async def test_a_machine_without_the_aws_cli_is_told(host: Host) -> None:
    WorkingSsm.environment["PATH"] = str(host.folder)
    host.folder.mkdir()
    (host.folder / "sh").symlink_to("/bin/sh")

    told = await failure(host.executor(), Script(argv=("true",)))

    assert told == (
        f"`true` could not be started: {HERE} has no program `aws`, by which scripts get there and "
        "files back. Install the AWS CLI on it."
    )


async def test_a_machine_that_may_not_read_the_bucket_is_told(host: Host) -> None:
    # Its program `aws` finds nothing there.
    WorkingSsm.environment["AWS_ENDPOINT_URL"] += "/elsewhere"

    told = await failure(host.executor(), Script(argv=("true",)))

    assert told == (
        f"`true` could not be started: {HERE} did not do it: fatal error: HTTP Error 404: NOT "
        "FOUND. It needs a `sh`, the usual programs, a folder that can be written to, and a role "
        "that may read and write in the bucket."
    )


async def test_a_bucket_that_is_not_there_is_told(host: Host) -> None:
    told = await failure(host.executor(bucket="gone"), Script(argv=("true",)))

    assert told == (
        "`true` could not be started: AWS refused PutObject: NoSuchBucket: The specified bucket "
        "does not exist. See that the bucket `gone` is there, in the account and the region that "
        "are asked, or name the right one, and retry."
    )


@pytest.mark.parametrize("instance", ["", "i-1", "i-0a1b2c3d4e5f60718; reboot", "localhost"])
def test_what_is_no_machine_is_refused(instance: str) -> None:
    with pytest.raises(ValidationError):
        SsmExecutor(
            connection=AwsConnection(region="eu-west-1"), instance=instance, bucket="acme-scripts"
        )
