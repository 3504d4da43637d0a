"""Templates brought into a folder that others use as well."""

from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.library import FileTree
from resources.library.rendering import read_files
from resources.model.resource import Difference


def contents(folder: Path) -> dict[str, str]:
    """Answer the files that are not the owner's own notes."""
    return {
        path: file.content.decode()
        for path, file in read_files(folder).items()
        if not path.startswith(".")
    }


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "app.conf").write_text("tenant=$tenant\n")
    (folder / "start.sh").write_text("echo $tenant\n")
    return folder


@pytest.fixture
def tree(templates: Path, tmp_path: Path) -> FileTree:
    return FileTree(
        name="backend-acme",
        templates=templates,
        target=tmp_path / "target",
        variables={"tenant": "acme"},
    )


async def test_templates_are_filled_in(engine: Engine, tree: FileTree) -> None:
    environment = await engine.run(tree)

    assert environment.directory == tree.target
    assert contents(tree.target) == {
        "conf/app.conf": "tenant=acme\n",
        "start.sh": "echo acme\n",
    }


async def test_a_plan_says_what_would_be_written_and_writes_nothing(
    engine: Engine, tree: FileTree
) -> None:
    plan = await engine.run(tree, "plan")

    assert plan.changes == (
        Difference(path="files/conf/app.conf", desired="tenant=acme\n", observed=None),
        Difference(path="files/start.sh", desired="echo acme\n", observed=None),
    )
    assert not tree.target.exists()


async def test_only_what_differs_is_written(engine: Engine, tree: FileTree) -> None:
    await engine.run(tree)
    untouched = (tree.target / "start.sh").stat()  # its access time may move: it is read
    (tree.templates / "conf" / "app.conf").write_text("tenant=$tenant, better\n")

    await engine.run(tree, force=True)

    assert contents(tree.target)["conf/app.conf"] == "tenant=acme, better\n"
    after = (tree.target / "start.sh").stat()
    assert (after.st_ino, after.st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)


async def test_a_file_that_left_the_templates_is_removed_with_its_folder(
    engine: Engine, tree: FileTree
) -> None:
    await engine.run(tree)
    (tree.templates / "conf" / "app.conf").unlink()

    await engine.run(tree, force=True)

    assert contents(tree.target) == {"start.sh": "echo acme\n"}
    assert not (tree.target / "conf").exists()


async def test_the_files_of_others_are_left_alone(engine: Engine, tree: FileTree) -> None:
    await engine.run(tree)
    (tree.target / "conf" / "database").write_text("theirs")

    await engine.run(tree, "uninstall")

    assert contents(tree.target) == {"conf/database": "theirs"}


async def test_changes_by_hand_are_found_and_mended(engine: Engine, tree: FileTree) -> None:
    await engine.run(tree)
    assert await engine.run(tree, "cycle") == []
    (tree.target / "conf" / "app.conf").write_text("tenant=evil\n")
    (tree.target / "start.sh").unlink()

    assert await engine.run(tree, "cycle") == [
        Difference(path="files/conf/app.conf", desired="tenant=acme\n", observed="tenant=evil\n"),
        Difference(path="files/start.sh", desired="echo acme\n", observed=None),
    ]
    await engine.run(tree, force=True)
    assert await engine.run(tree, "cycle") == []


async def test_lost_permissions_are_found(engine: Engine, tree: FileTree) -> None:
    (tree.templates / "start.sh").chmod(0o755)
    await engine.run(tree)
    (tree.target / "start.sh").chmod(0o644)

    assert await engine.run(tree, "cycle") == [
        Difference(path="files/start.sh", desired="permissions 755", observed="permissions 644")
    ]


async def test_a_missing_variable_changes_nothing(engine: Engine, tree: FileTree) -> None:
    (tree.templates / "last.conf").write_text("$ring")

    with pytest.raises(StepFailed, match=r"The template last\.conf asks for the variable `ri"):
        await engine.run(tree)

    assert not tree.target.exists()


async def test_missing_templates_change_nothing(
    engine: Engine, tree: FileTree, tmp_path: Path
) -> None:
    await engine.run(tree)

    with pytest.raises(StepFailed, match="files-backend-acme has no templates"):
        await engine.run(tree.model_copy(update={"templates": tmp_path / "nowhere"}))

    assert len(contents(tree.target)) == 2


async def test_a_folder_that_was_removed_is_made_again(engine: Engine, tree: FileTree) -> None:
    await engine.run(tree)
    await engine.run(tree, "uninstall")

    await engine.run(tree)

    assert len(contents(tree.target)) == 2


async def test_a_folder_may_become_a_file(engine: Engine, tree: FileTree) -> None:
    await engine.run(tree)
    (tree.templates / "conf" / "app.conf").unlink()
    (tree.templates / "conf").rmdir()
    (tree.templates / "conf").write_text("one file for $tenant")

    await engine.run(tree, force=True)

    assert contents(tree.target)["conf"] == "one file for acme"


@pytest.mark.parametrize("taken", [".owned.json", "database.sqlite3"])
async def test_a_template_may_not_take_the_place_of_what_lives_there(
    engine: Engine, tree: FileTree, taken: str
) -> None:
    (tree.templates / taken).write_text("mine")

    with pytest.raises(StepFailed, match="the name is taken"):
        await engine.run(tree)

    assert not tree.target.exists()
