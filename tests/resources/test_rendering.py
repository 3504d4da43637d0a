"""Templates and variables in, files out."""

from pathlib import Path

import pytest

from resources.errors import Refused
from resources.library.rendering import File, read_files, rendered


def one(template: str, **variables: str | int | bool | None) -> str:
    files = rendered({"app.conf": File(template.encode())}, variables)
    return files["app.conf"].content.decode()


def test_variables_are_filled_in() -> None:
    assert one("name=$tenant, ${tenant}s", tenant="acme") == "name=acme, acmes"


def test_what_is_no_text_is_written_as_json() -> None:
    text = one("$workers $debug $nothing", workers=4, debug=True, nothing=None)

    assert text == "4 true null"


def test_two_dollar_signs_are_one() -> None:
    assert one("price: $$5") == "price: $5"


def test_a_missing_variable_is_named_with_its_file() -> None:
    with pytest.raises(Refused) as refused:
        one("$tenant $ring", tenant="acme")

    assert str(refused.value) == (
        "The template app.conf asks for the variable `ring`, which has no value. Give it one, or "
        "write `$$` for a dollar sign. Nothing was changed."
    )
    assert refused.value.facts == {"file": "app.conf", "variable": "ring"}


def test_a_lone_dollar_sign_is_refused_with_its_place() -> None:
    with pytest.raises(Refused) as refused:
        one("a\n$(id)")

    assert str(refused.value) == (
        "The template app.conf cannot be read: Invalid placeholder in string: line 2, col 1. "
        "Write `$$` for a dollar sign. Nothing was changed."
    )


@pytest.mark.parametrize("content", [b"\x89PNG $x \xff", b"zero \0 $x"])
def test_what_is_not_text_is_copied(content: bytes) -> None:
    assert rendered({"logo.png": File(content)}, {}) == {"logo.png": File(content)}


def test_a_script_stays_executable(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "run").write_text("echo $tenant")
    (tmp_path / "bin" / "run").chmod(0o755)

    files = rendered(read_files(tmp_path), {"tenant": "acme"})

    assert files == {"bin/run": File(b"echo acme", executable=True)}


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "passwd").symlink_to("/etc/passwd")

    with pytest.raises(Refused, match=r"passwd in .* is a symbolic link"):
        read_files(tmp_path)


def test_a_long_file_is_shown_by_its_checksum() -> None:
    assert File(b"short").shown() == "short"
    assert File(b"x" * 3_000).shown().startswith("sha256:")
    assert File(b"x" * 3_000).shown().endswith("(3,000 bytes)")
