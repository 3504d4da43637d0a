"""An author begins a stack or a resource on the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.new.names import Kind, name_of
from resources.errors import Refused


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the author types."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def types(*words: str) -> str:
    """Answer what is printed; raise what is refused."""
    result = CliRunner().invoke(app, ["new", *words], catch_exceptions=False)
    return result.stdout


def test_a_stack_is_written_with_its_test(folder: Path) -> None:
    assert types("stack", "customer-site") == (
        "Wrote customer_site_stack.py and test_customer_site_stack.py.\n"
        "Next: `pytest test_customer_site_stack.py`. Then say in it where its code is, and "
        "`export ORBITS_STACKS=customer_site_stack:fleet`.\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        "customer_site_stack.py",
        "test_customer_site_stack.py",
    ]
    text = (folder / "customer_site_stack.py").read_text()
    assert "class CustomerSiteStack(TenantStack):" in text


def test_a_resource_is_written_with_its_test(folder: Path) -> None:
    assert types("resource", "bucket") == (
        "Wrote bucket_resource.py and test_bucket_resource.py.\n"
        "Next: `pytest test_bucket_resource.py`. Then give it fields and hooks of your own, and do "
        "it in a step of a stack.\n"
    )
    assert "class BucketResource(Resource):" in (folder / "bucket_resource.py").read_text()


@pytest.mark.parametrize("there", ["bucket_resource.py", "test_bucket_resource.py"])
def test_what_is_there_already_is_kept(folder: Path, there: str) -> None:
    (folder / there).write_text("mine")
    with pytest.raises(Refused) as refused:
        types("resource", "bucket")
    assert str(refused.value) == (
        f"{there} is there already, and is kept. Choose another name, or move it away. Nothing was "
        "written."
    )
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]


def test_the_kind_need_not_be_said_twice() -> None:
    assert name_of(Kind.STACK, "site-stack").module == "site_stack"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("CustomerSite", "customer-site"),
        ("customer_site", "customer-site"),
        ("AWSBucketResource", "aws-bucket"),
        ("my site", "my-site"),
    ],
)
def test_another_spelling_is_understood_and_refused(typed: str, meant: str) -> None:
    with pytest.raises(Refused) as refused:
        name_of(Kind.RESOURCE, typed)
    assert str(refused.value) == (
        f"`{typed}` is no name for a resource: it begins with a letter and has at most 20 "
        "lower-case letters, digits and dashes, such as `customer-site`. Did you mean "
        f"`{meant}`? Nothing was written."
    )


@pytest.mark.parametrize("typed", ["", "9lives", "../site", "ü", "a" * 21, "site\n"])
def test_what_can_be_no_name_is_refused(folder: Path, typed: str) -> None:
    with pytest.raises(Refused, match="is no name for a stack"):
        types("stack", typed)
    assert list(folder.iterdir()) == []
