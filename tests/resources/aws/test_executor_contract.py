"""What every executor promises, kept in AWS as well, but for what `CANNOT` says."""

import pytest

from bot.engine.engine import Engine
from resources.executors import Executor
from tests.resources.aws.script_places import Cluster, Host
from tests.resources.executors.conftest import GRACE, Tried
from tests.resources.executors.test_endings import (  # noqa: F401 (they run here as well)
    test_a_child_that_holds_the_pipe_does_not_hold_the_caller,
    test_a_missing_program_is_named,
    test_a_script_may_put_its_things_in_order_at_its_timeout,
    test_a_script_runs_in_its_folder,
    test_a_script_that_closes_its_output_is_waited_for,
    test_a_script_that_is_cancelled_as_it_begins_is_ended,
    test_a_signal_is_told_by_its_name,
    test_another_status_than_zero_is_told_with_the_last_lines,
    test_cancellation_ends_the_whole_tree,
    test_many_scripts_run_at_once,
    test_the_timeout_ends_the_whole_tree,
)
from tests.resources.executors.test_files import (  # noqa: F401
    test_a_script_with_files_has_a_folder_of_its_own,
    test_a_value_of_the_environment_arrives_as_it_is,
    test_an_output_that_is_no_file_is_refused,
    test_an_output_that_is_not_there_is_named,
    test_an_output_that_is_too_large_is_refused,
    test_files_go_in_and_out,
    test_the_environment_of_the_bot_does_not_leak,
)
from tests.resources.executors.test_output import (  # noqa: F401
    test_a_character_in_two_writes_is_heard_whole,
    test_a_cut_in_the_middle_of_a_character_loses_that_character,
    test_a_million_lines_are_streamed_in_order,
    test_a_secret_in_two_writes_is_masked,
    test_five_megabytes_go_in_and_come_out,
    test_input_that_nobody_reads_is_let_go,
    test_lines_of_five_megabytes_come_in_pieces,
    test_lines_that_are_flushed_one_by_one_come_in_order,
    test_much_output_takes_no_memory,
    test_no_shell_reads_the_arguments,
    test_output_comes_while_the_script_still_runs,
    test_ten_gigabytes_take_no_memory,
    test_the_end_is_kept,
    test_what_a_script_prints_is_answered,
    test_what_is_not_utf8_is_replaced,
    test_without_input_there_is_an_end_of_file_at_once,
)

pytestmark = pytest.mark.thorough

NO_FILES_BACK = "a task of ECS brings no files back, and says so"
TOO_MUCH_IN = "a task of ECS takes 400,000 bytes in, and says so"
EMPTY_LINES = "AWS's log driver leaves empty lines out"
IN_THIS_PROCESS = "what it prints is in the memory of moto, which is in this process"
PLAYED = "moto takes too long to read so long a log"
FALLS_BEHIND = "of what is printed faster than SSM brings it, only the end is heard"

CANNOT = {
    "ecs": {
        "test_a_value_of_the_environment_arrives_as_it_is": EMPTY_LINES,
        "test_files_go_in_and_out": NO_FILES_BACK,
        "test_an_output_that_is_not_there_is_named": NO_FILES_BACK,
        "test_an_output_that_is_no_file_is_refused": NO_FILES_BACK,
        "test_an_output_that_is_too_large_is_refused": NO_FILES_BACK,
        "test_five_megabytes_go_in_and_come_out": TOO_MUCH_IN,
        "test_input_that_nobody_reads_is_let_go": TOO_MUCH_IN,
        "test_a_million_lines_are_streamed_in_order": PLAYED,
        "test_much_output_takes_no_memory": IN_THIS_PROCESS,
        "test_ten_gigabytes_take_no_memory": IN_THIS_PROCESS,
    },
    "ssm": {
        "test_a_million_lines_are_streamed_in_order": FALLS_BEHIND,
        "test_lines_of_five_megabytes_come_in_pieces": FALLS_BEHIND,
        "test_much_output_takes_no_memory": FALLS_BEHIND,
        "test_ten_gigabytes_take_no_memory": FALLS_BEHIND,
    },
}


@pytest.fixture
async def in_ecs(cluster: Cluster, engine: Engine) -> Tried:
    return Tried(cluster.executor(await cluster.registered(engine)), leaves_children=False)


@pytest.fixture(params=["ecs", "ssm"])
def tried(request: pytest.FixtureRequest) -> Tried:
    reason = CANNOT[request.param].get(request.node.originalname)
    if reason is not None:
        pytest.skip(reason)
    if request.param == "ecs":
        cluster: Tried = request.getfixturevalue("in_ecs")
        return cluster
    host: Host = request.getfixturevalue("host")
    return Tried(host.executor(grace=GRACE), leaves_children=True)


@pytest.fixture
def executor(tried: Tried) -> Executor:
    return tried.executor


def test_what_they_cannot_do_is_asked_of_the_others() -> None:
    named = {name for names in CANNOT.values() for name in names}

    assert named <= set(globals())
