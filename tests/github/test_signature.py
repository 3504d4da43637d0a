"""Which deliveries are GitHub's own."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.github.signature import signs

BODY = b'{"zen":"Keep it logically awesome."}'


def signature(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}=" + hmac.new(secret.encode(), body, algorithm).hexdigest()


def test_the_example_of_githubs_documentation_holds() -> None:
    header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signs("It's a Secret to Everybody", b"Hello, World!", header)


@settings(deadline=None)
@given(st.text(min_size=1), st.binary())
def test_what_a_secret_signs_is_accepted(secret: str, body: bytes) -> None:
    header = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert signs(secret, body, header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        signature("other", BODY),
        signature("secret", BODY + b" "),
        signature("secret", BODY, "sha1"),
        signature("secret", BODY).removeprefix("sha256="),
        signature("secret", BODY).upper(),
        signature("secret", BODY)[:-1],
        signature("secret", BODY) + " ",
        "sha256=" + "é" * 64,
        "sha256=" + "\udcff" * 64,
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    assert not signs("secret", BODY, header)


def test_an_empty_secret_signs_nothing() -> None:
    assert not signs("", BODY, signature("", BODY))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_no_header_at_all_breaks_it(header: str) -> None:
    assert not signs("secret", BODY, header)
