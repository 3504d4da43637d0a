"""What is kept of differences: short, and without secrets."""

from bot.drift.bounds import LONGEST_PATH, LONGEST_VALUE, kept, kept_problem, other_lines
from resources.masking import Masks
from resources.model.resource import Difference, Severity


def test_what_is_short_is_kept_as_it_is() -> None:
    difference = Difference(
        path="files/a", desired={"a": [1, None]}, observed=None, severity=Severity.CRITICAL
    )

    assert kept(Masks(), [difference]) == (difference,)


def test_what_is_long_is_cut_and_says_so() -> None:
    difference = Difference(path="p" * 500, desired="d" * 5_000, observed={"text": ["v" * 5_000]})

    (short,) = kept(Masks(), [difference])

    assert len(short.path) == LONGEST_PATH
    assert isinstance(short.desired, str)
    assert isinstance(short.observed, str)
    assert len(short.desired) == len(short.observed) == LONGEST_VALUE
    assert short.desired == f"{'d' * 371} … (cut, sha256:{short.desired[-13:-1]})"
    assert short.observed.startswith('{"text": ["vvv')


def test_two_that_begin_alike_are_told_apart() -> None:
    both = [Difference(path="a", desired="x" * 1_000 + end, observed=None) for end in "yz"]

    first, second = kept(Masks(), both)

    assert first != second


def test_secrets_are_masked_before_anything_is_cut() -> None:
    masks = Masks()
    masks.add("correct-horse-battery")
    text = "x" * (LONGEST_VALUE - 40) + "correct-horse-battery" + "y" * 100

    (difference,) = kept(masks, [Difference(path="a", desired=[text], observed={"k": text})])

    assert "horse" not in str(difference)
    assert kept_problem(masks, "it says correct-horse-battery") == "it says [masked]"


def test_what_is_called_a_secret_is_not_shown_because_it_was_cut() -> None:
    variables = {"A_PASSWORD": "hunter2", "B": "v" * 1_000}
    within = Difference(path="backend/environment", desired=None, observed=variables)
    below = Difference(path="p" * 300 + "/A_PASSWORD", desired="hunter2", observed="hunter3")

    differences = kept(Masks(), [within, below])

    assert "hunter" not in str(differences)
    assert '"A_PASSWORD"' in str(differences[0].observed)


def test_of_two_long_texts_the_lines_that_differ_are_told() -> None:
    desired = "# backend\nregion = eu\nworkers = 4\nlog = on\n"
    assert other_lines(desired, desired.replace("4", "40")) == (
        "line 3: workers = 4",
        "line 3: workers = 40",
    )
    assert other_lines(desired, desired + "debug = on\n") == ("", "line 5: debug = on")
    assert other_lines(desired, "# backend\nlog = on\n") == (
        "line 2: region = eu\nline 3: workers = 4",
        "",
    )


def test_texts_that_differ_in_their_ends_of_lines_alone_are_told_whole() -> None:
    assert other_lines("a\nb\n", "a\nb") == ("a\nb\n", "a\nb")


def test_texts_of_too_many_lines_are_not_compared() -> None:
    desired = "\n".join(map(str, range(5_000)))
    assert other_lines(desired, desired + "\nmore") == (desired, desired + "\nmore")
