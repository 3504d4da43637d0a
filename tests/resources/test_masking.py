"""No secret gets out, however it is written and wherever the text is cut."""

import base64
import json
import pickle
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.masking import PASSING, MaskedStream, Masks, forms_of

PASSWORD = "Tr0ub4dor&3/+ß?"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n"


def masks_of(*values: str) -> Masks:
    masks = Masks()
    for value in values:
        masks.add(value)
    return masks


def streamed(masks: Masks, pieces: list[str]) -> str:
    stream = MaskedStream(masks)
    return "".join([*(stream.take(piece) for piece in pieces), stream.flush()])


def test_a_password_in_a_line_of_output_is_masked() -> None:
    masks = masks_of("hunter22")

    assert masks.mask("login with hunter22: ok, hunter22!") == (
        "login with [masked]: ok, [masked]!"
    )


def test_a_text_without_secrets_is_left_as_it_is() -> None:
    assert Masks().mask("hunter22") == "hunter22"
    assert masks_of("hunter22").mask("hunter 22, hunter2") == "hunter 22, hunter2"


@pytest.mark.parametrize(
    "written",
    [
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.b64encode(PASSWORD.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
        base64.urlsafe_b64encode(PASSWORD.encode()).decode().rstrip("="),
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote(PASSWORD, safe="").lower().replace("tr0", "Tr0"),
        quote_plus(PASSWORD),
        json.dumps(PASSWORD)[1:-1],
        json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
    ],
)
def test_a_password_is_masked_however_it_is_written(written: str) -> None:
    assert masks_of(PASSWORD).mask(f"<{written}>") == "<[masked]>"


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "admin:"])
@pytest.mark.parametrize("after", ["", "\n", "@host", "12345"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_something_longer_hides_the_password_in_it(
    user: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    secret = "correct horse?>~ battery"
    header = encode(f"{user}{secret}{after}".encode()).decode()

    told = masks_of(secret).mask(f"Authorization: Basic {header}")

    assert "[masked]" in told
    left = told.removeprefix("Authorization: Basic ").partition("[masked]")
    assert len(left[0]) <= len(user) * 4 / 3 + 1
    assert len(left[2]) <= len(after) * 4 / 3 + 4


def test_a_key_is_masked_as_a_whole_and_by_each_of_its_lines() -> None:
    masks = masks_of(KEY)

    assert masks.mask(f"key: {KEY}.") == "key: [masked]."
    assert masks.mask("  MIIEvQIBADAN\n") == "  [masked]\n"
    assert masks.mask(json.dumps({"key": KEY})) == '{"key": "[masked]"}'
    assert masks.mask("\r\n".join(KEY.splitlines())) == "\r\n".join(["[masked]"] * 4)


def test_a_secret_that_was_read_with_its_newline_is_masked_without_it() -> None:
    assert masks_of("hunter22\n").mask("it is hunter22.") == "it is [masked]."


@pytest.mark.parametrize("value", ["", "443", "no\n", "     ", "\n\n\n\n", "mask"])
def test_what_is_too_short_to_be_a_secret_is_let_through(value: str) -> None:
    text = f"port 443, no    \n\n\n\n {value} mask"

    assert masks_of(value).mask(text) == text


def test_four_characters_are_enough() -> None:
    assert masks_of("abcd").mask("abcde abc") == "[masked]e abc"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    masks = masks_of("hunter", "hunter22hunter")

    assert masks.mask("hunter22hunter, hunter22") == "[masked], [masked]22"


def test_secrets_that_overlap_become_one_mask() -> None:
    assert masks_of("abcdef", "efghij").mask("-abcdefghij-abcdef-") == "-[masked]-[masked]-"


def test_secrets_side_by_side_become_two_masks() -> None:
    assert masks_of("abcdef").mask("abcdefabcdef") == "[masked][masked]"


def test_a_secret_is_masked_though_it_comes_in_pieces() -> None:
    stream = MaskedStream(masks_of("hunter22"))

    told = [stream.take(piece) for piece in ("it is hun", "ter", "22, hu", "rry")]

    assert told == ["it is ", "", "[masked], ", "hurry"]
    assert stream.flush() == ""


def test_what_could_have_become_a_secret_comes_with_the_end() -> None:
    stream = MaskedStream(masks_of("hunter22"))

    assert stream.take("the hunter2") == "the "
    assert stream.flush() == "hunter2"
    assert stream.take("2") == "2"


def test_a_stream_holds_no_more_than_a_secret_is_long() -> None:
    stream = MaskedStream(masks_of("a" * 50))

    told = "".join(stream.take("a") for _ in range(10_000))

    assert told + stream.flush() == "[masked]"
    assert len(stream.take("a" * 30 + "b" * 500)) == 530


def test_a_secret_that_is_learnt_in_the_middle_is_masked_from_then_on() -> None:
    masks = masks_of("hunter22")
    stream = MaskedStream(masks)
    told = stream.take("hunter22 battery hun")
    masks.add("hunger")

    told += stream.take("ger battery hunter22") + stream.flush()

    assert told == "[masked] battery [masked] battery [masked]"


def passing_values(number: int) -> list[str]:
    return [sha256(f"{turn}".encode()).hexdigest() for turn in range(number)]


def test_of_values_that_pass_the_newest_thousand_are_masked_and_of_others_all() -> None:
    masks, values = masks_of("hunter22"), passing_values(2 * PASSING)
    for value in values[:PASSING]:
        masks.add(value, passing=True)
    size = len(pickle.dumps(masks))
    masks.mask("")

    for value in values[PASSING:]:
        masks.add(value, passing=True)
        masks.add(values[0], passing=True)

    assert masks.mask(" ".join(values[-PASSING + 1 :])) == " ".join(["[masked]"] * (PASSING - 1))
    assert masks.mask(f"hunter22 {values[0]}") == "[masked] [masked]"
    older = " ".join(values[1 : PASSING + 1])
    assert masks.mask(older) == streamed(masks, [older]) == older
    assert len(pickle.dumps(masks)) < 1.1 * size


def test_a_value_that_passes_leaves_the_others_as_they_are() -> None:
    masks = masks_of("battery staple")
    masks.add("battery staple\n", passing=True)
    masks.add("correct horse", passing=True)
    masks.add("correct horse")
    for value in passing_values(PASSING):
        masks.add(value, passing=True)

    assert masks.mask("battery staple, correct horse") == "[masked], [masked]"


def test_what_is_not_valid_unicode_does_no_harm() -> None:
    masks = masks_of("p\ud800ssword\0!")

    assert masks.mask("p\ud800ssword\0! \udfff") == "[masked] \udfff"


# No letter of `[masked]`: a secret made of these could seem to stand in the mask itself.
ALPHABET = "bcv:/+&é\n \"'%=xyz"
SECRETS = st.lists(st.text(ALPHABET, min_size=4, max_size=12), min_size=1, max_size=4)
CUTS = st.lists(st.integers(min_value=0, max_value=200), max_size=12)


@st.composite
def texts_with(draw: st.DrawFn, secrets: list[str]) -> str:
    """A text in which the secrets, whole, in part and encoded, stand between other things."""
    forms = [form for secret in secrets for form in sorted(forms_of(secret))]
    whole = st.sampled_from(forms) if forms else st.nothing()
    part = whole.flatmap(lambda form: st.integers(0, len(form)).map(lambda end: form[:end]))
    return "".join(draw(st.lists(whole | part | st.text(ALPHABET, max_size=5), max_size=10)))


@given(st.data())
def test_no_secret_gets_out_wherever_the_text_is_cut(data: st.DataObject) -> None:
    secrets = data.draw(SECRETS)
    text = data.draw(texts_with(secrets))
    cuts = sorted({0, *(min(cut, len(text)) for cut in data.draw(CUTS)), len(text)})
    masks = masks_of(*secrets)

    told = streamed(masks, [text[start:end] for start, end in pairwise(cuts)])

    whole = masks.mask(text)
    assert told == whole
    kept = whole.split("[masked]")
    assert not [form for secret in secrets for form in forms_of(secret) for k in kept if form in k]


@given(st.text(min_size=4), st.text(), st.text())
def test_any_value_at_all_is_masked(value: str, before: str, after: str) -> None:
    told = masks_of(value).mask(before + value + after)

    if forms_of(value):
        assert "[masked]" in told
    else:
        assert told == before + value + after
