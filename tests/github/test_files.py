"""Files and branches are read as they are at a commit."""

import base64
from typing import Any

import pytest

from bot.github.failures import FileNotReadable
from tests.github.conftest import NAME, Agency, answering


async def test_a_file_is_read_as_it_is_at_a_commit(agency: Agency) -> None:
    first = await agency.maya.pushes(agency.repository, {"etc/orbits.toml": "waves = 3 # ☕\n"})
    await agency.maya.pushes(agency.repository, {"etc/orbits.toml": "waves = 4\n"})

    assert await agency.door.file_at(NAME, "etc/orbits.toml", first) == "waves = 3 # ☕\n"
    assert await agency.door.file_at(NAME, "etc/orbits.toml", "main") == "waves = 4\n"


async def test_an_odd_name_leads_to_its_file_and_nowhere_else(agency: Agency) -> None:
    await agency.maya.pushes(agency.repository, {"a dir/100%?ref=x#1.txt": "odd\n"})

    assert await agency.door.file_at(NAME, "a dir/100%?ref=x#1.txt", "main") == "odd\n"


async def test_a_file_that_is_not_there_is_none(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")

    assert await agency.door.file_at(NAME, "orbits.toml", sha) is None
    assert await agency.door.file_at(NAME, "src/app.py", "f" * 40) is None


async def test_a_large_file_is_not_read(agency: Agency) -> None:
    files: dict[str, str | bytes | None] = {"fits.txt": "x" * 65536, "large.txt": "x" * 65537}
    await agency.maya.pushes(agency.repository, files)

    assert await agency.door.file_at(NAME, "fits.txt", "main") == "x" * 65536
    with pytest.raises(FileNotReadable) as refused:
        await agency.door.file_at(NAME, "large.txt", "main")
    assert str(refused.value) == (
        "`large.txt` of agency/backend at main cannot be read: it has 65,537 bytes, and at most "
        "65,536 are read. A small text file belongs there."
    )


async def test_a_directory_and_bytes_are_no_text(agency: Agency) -> None:
    await agency.maya.pushes(agency.repository, {"logo.png": b"\x89PNG"})

    with pytest.raises(FileNotReadable, match=r"`src` of agency/backend at main .* a directory"):
        await agency.door.file_at(NAME, "src", "main")
    with pytest.raises(FileNotReadable, match="it is not text in UTF-8"):
        await agency.door.file_at(NAME, "logo.png", "main")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"type": "symlink", "size": 9, "target": "/etc/passwd"}, "it is a symbolic link"),
        ({"type": "submodule", "size": 0, "submodule_git_url": None}, "it is a submodule"),
        ({"type": "file", "size": 2_000_000, "encoding": "none", "content": ""}, "2,000,000 bytes"),
        ({"type": "file", "size": 1, "encoding": "base64", "content": "A"}, "not text in UTF-8"),
    ],
)
async def test_what_only_looks_like_a_file_is_not_read(
    content: dict[str, Any], reason: str
) -> None:
    """As GitHub answers for what the simulated one cannot hold."""
    async with answering(content) as door:
        with pytest.raises(FileNotReadable, match=reason):
            await door.file_at(NAME, "orbits.toml", "main")


@pytest.mark.parametrize("path", ["", "/orbits.toml", "../secrets", "a/./b", "a//b"])
async def test_a_path_that_leads_elsewhere_is_refused_before_anything_is_sent(
    agency: Agency, path: str
) -> None:
    with pytest.raises(ValueError, match="empty part"):
        await agency.door.file_at(NAME, path, "main")
    assert agency.simulator.requests == []


async def test_base64_is_read_however_it_is_broken_into_lines() -> None:
    text = "x" * 1000
    encoded = base64.encodebytes(text.encode()).decode()
    body = {"type": "file", "size": 1000, "encoding": "base64", "content": encoded}
    async with answering(body) as door:
        assert await door.file_at(NAME, "orbits.toml", "main") == text


async def test_a_branch_tells_its_newest_commit(agency: Agency) -> None:
    sha = await agency.maya.pushes(agency.repository, {"a.py": "1\n"}, branch="feature/one")

    assert await agency.door.head_of(NAME, "feature/one") == sha
    assert await agency.door.head_of(NAME, "feature") is None
    assert await agency.door.head_of(NAME, "gone") is None


async def test_a_repository_without_commits_has_no_branch() -> None:
    async with answering({"message": "Git Repository is empty."}, 409) as door:
        assert await door.head_of(NAME, "main") is None
