"""What every executor promises about what a script prints, and about what it reads."""

import asyncio
import resource

import pytest

from resources.executors import DockerExecutor, Executor, Script
from resources.masking import MaskedStream, Masks
from tests.resources.executors.conftest import Tried
from tests.resources.scripts import python, shell

LONGEST_PIECE = 1_000_000


class Ears:
    """Hears what is printed, and keeps only how much that was."""

    def __init__(self) -> None:
        self.heard = 0
        self.longest = 0

    def __call__(self, text: str) -> None:
        self.heard += len(text)
        self.longest = max(self.longest, len(text))


async def test_what_a_script_prints_is_answered(executor: Executor) -> None:
    result = await executor.execute(shell("echo out; echo err >&2"))

    lines = result.output.splitlines()
    if isinstance(executor, DockerExecutor):
        # They come by two lines of its own.
        lines.sort(reverse=True)
    assert (result.status, lines, result.total_bytes) == (0, ["out", "err"], 8)


async def test_a_million_lines_are_streamed_in_order(executor: Executor) -> None:
    pieces: list[str] = []
    printed = "".join(f"{number}\n" for number in range(1, 1_000_001))

    await executor.execute(Script(argv=("seq", "1000000")), pieces.append)

    assert "".join(pieces) == printed


async def test_lines_that_are_flushed_one_by_one_come_in_order(executor: Executor) -> None:
    pieces: list[str] = []

    await executor.execute(python("for n in range(3000): print(n, flush=True)"), pieces.append)

    assert "".join(pieces).split() == [str(number) for number in range(3000)]


async def test_lines_of_five_megabytes_come_in_pieces(executor: Executor) -> None:
    ears = Ears()
    program = "for n in range(3): print('x' * 5_000_000)"

    result = await executor.execute(python(program, kept=10), ears)

    assert (result.output, result.total_bytes, ears.heard) == (
        "xxxxxxxxx\n",
        15_000_003,
        15_000_003,
    )
    assert ears.longest < LONGEST_PIECE


async def test_output_comes_while_the_script_still_runs(executor: Executor) -> None:
    heard = asyncio.Event()

    running = asyncio.create_task(
        executor.execute(shell("echo ready; sleep 60"), lambda _: heard.set())
    )

    async with asyncio.timeout(20):
        await heard.wait()
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


async def _prints(executor: Executor, size: int) -> None:
    ears = Ears()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    result = await executor.execute(
        Script(argv=("head", "-c", str(size), "/dev/zero"), kept=5_000), ears
    )

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (len(result.output), result.total_bytes, ears.heard) == (5_000, size, size)
    assert result.cut_bytes == size - 5_000
    assert ears.longest < LONGEST_PIECE
    assert grown < 64_000, f"{grown:,} KiB of memory were needed"


async def test_much_output_takes_no_memory(tried: Tried) -> None:
    await _prints(tried.executor, tried.much)


@pytest.mark.thorough
async def test_ten_gigabytes_take_no_memory(tried: Tried) -> None:
    # By SSH, whose ciphers take their time, it is a quarter of that.
    await _prints(tried.executor, 50 * tried.much)


async def test_the_end_is_kept(executor: Executor) -> None:
    program = "import sys\nfor n in range(10_000): sys.stdout.write(f'{n:999}\\n')"

    result = await executor.execute(python(program, kept=5_000))

    assert result.output.split() == ["9995", "9996", "9997", "9998", "9999"]
    assert (result.total_bytes, result.cut_bytes) == (10_000_000, 9_995_000)


async def test_a_cut_in_the_middle_of_a_character_loses_that_character(executor: Executor) -> None:
    result = await executor.execute(Script(argv=("printf", "%s", "€€€"), kept=4))

    assert (result.output, result.total_bytes, result.cut_bytes) == ("€", 9, 6)


async def test_what_is_not_utf8_is_replaced(executor: Executor) -> None:
    pieces: list[str] = []

    result = await executor.execute(shell(r"printf 'caf\351 \342\202'"), pieces.append)

    assert result.output == "".join(pieces) == "caf� �"


SPLIT = """
import sys
for part in sys.stdin.buffer.read().split(b"|"):
    sys.stdout.buffer.write(part)
    sys.stdout.flush()
    open("/dev/null").close()
"""


async def test_a_character_in_two_writes_is_heard_whole(executor: Executor) -> None:
    pieces: list[str] = []
    first, rest = "€".encode()[:1], "€".encode()[1:]
    program = (
        f"import sys, time\nfor part in ({first!r}, {rest!r}):\n"
        " sys.stdout.buffer.write(part); sys.stdout.flush(); time.sleep(0.05)"
    )

    await executor.execute(python(program), pieces.append)

    assert pieces == ["€"]


async def test_a_secret_in_two_writes_is_masked(executor: Executor) -> None:
    masks = Masks()
    masks.add("correct-horse")
    stream = MaskedStream(masks)
    told: list[str] = []
    script = python(SPLIT, stdin="it is correct|-horse, is it|\n")

    await executor.execute(script, lambda piece: told.append(stream.take(piece)))

    assert "".join([*told, stream.flush()]) == "it is [masked], is it\n"


async def test_five_megabytes_go_in_and_come_out(executor: Executor) -> None:
    text = "0123456789abcde\n" * (5_000_000 // 16)

    result = await executor.execute(Script(argv=("cat",), stdin=text, kept=6_000_000))

    assert result.output == text


async def test_input_that_nobody_reads_is_let_go(executor: Executor) -> None:
    result = await executor.execute(Script(argv=("echo", "hello"), stdin="x" * 5_000_000))

    assert result.output == "hello\n"


async def test_without_input_there_is_an_end_of_file_at_once(executor: Executor) -> None:
    assert (await executor.execute(Script(argv=("cat",)))).output == ""


async def test_no_shell_reads_the_arguments(executor: Executor) -> None:
    arguments = ("$HOME", "*", "; touch mark", "`id`", "a b", "", "it's", 'say "hi"\n!', "\\", "-n")
    program = "import os, sys; print([sys.argv[1:], os.path.exists('mark')])"

    result = await executor.execute(python(program, *arguments))

    assert result.output == f"{[list(arguments), False]}\n"
