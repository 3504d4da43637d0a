"""Which tenants and services somebody means: `acme`, `ring:canary tag:retail`, `all !shop-*`.

| word | stands for |
|---|---|
| `acme`, `shop-*` | the tenant of that name, or those whose names fit; `tenant:acme` is the same |
| `all` | every tenant |
| `tag:retail` | the tenants with that tag |
| `ring:canary` | the tenants in that ring |
| `service=backend` | that service alone; this restricts services and says nothing of tenants |
| `!` before any of them | not these |

Words are separated by blanks or commas. Words of one kind add up (`acme globex` is both), kinds
narrow each other (`ring:canary tag:retail` is who is in that ring and has that tag), and `!` takes
out at the end, wherever it stands. `*` is any characters and `?` is one, in every kind. Letters
are small or large alike; `:` and `=` are the same.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property

from bot.report.suggestions import closest, in_code, listed
from bot.rollouts.affected import TenantFacts
from resources.errors import Refused

MOST_WORDS = 100

WITH_A_MEANING = frozenset({"all", "to", "because"})
"""Words that mean something else than a tenant; one of that name is written `tenant:to`."""

_SEPARATORS = re.compile(r"[\s,]+")
_KIND_ENDS = re.compile(r"[:=]")
_NAME = re.compile(r"[\w*?][\w.+/*?-]{,255}")
_LABEL = re.compile(r"[\w*?][\w.+/:=*?-]{,255}")
_EVERY = "*"


class Kind(StrEnum):
    """What a word of a selector speaks of."""

    TENANT = "tenant"
    TAG = "tag"
    RING = "ring"
    SERVICE = "service"


@dataclass(frozen=True)
class Term:
    """One word of a selector. `pattern` is in small letters."""

    kind: Kind
    pattern: str
    excluded: bool = False

    def matches(self, name: str) -> bool:
        """Answer whether a name, in small letters, fits."""
        if "*" in self.pattern or "?" in self.pattern:
            return fnmatchcase(name, self.pattern)
        return name == self.pattern

    def __str__(self) -> str:
        return ("!" if self.excluded else "") + self._unsigned()

    def _unsigned(self) -> str:
        if self.kind is not Kind.TENANT:
            separator = "=" if self.kind is Kind.SERVICE else ":"
            return f"{self.kind}{separator}{self.pattern}"
        if self.pattern == _EVERY:
            return "all"
        return f"tenant:{self.pattern}" if self.pattern in WITH_A_MEANING else self.pattern


_Sides = tuple[tuple[Term, ...], tuple[Term, ...]]
"""The words of one kind: those that take in, those that leave out."""


@dataclass(frozen=True)
class Selector:
    """A choice of tenants and services, before it is known which there are.

    One that says only who or what is left out, or only services, names no tenants: it
    narrows what is meant anyway, and `select` starts from everyone.
    """

    terms: tuple[Term, ...] = ()

    @property
    def names_tenants(self) -> bool:
        """Whether it says which tenants are meant."""
        return any(not term.excluded and term.kind is not Kind.SERVICE for term in self.terms)

    @property
    def names_services(self) -> bool:
        """Whether it says which services are meant."""
        return bool(self.wanted(Kind.SERVICE))

    def wanted(self, kind: Kind) -> tuple[Term, ...]:
        """Answer the words of a kind that take in."""
        return self.sides[kind][0]

    def unwanted(self, kind: Kind) -> tuple[Term, ...]:
        """Answer the words of a kind that leave out."""
        return self.sides[kind][1]

    @cached_property
    def sides(self) -> Mapping[Kind, _Sides]:
        """The words by kind; sorted once, for it is asked about each of thousands of tenants."""
        found: dict[Kind, tuple[list[Term], list[Term]]] = {kind: ([], []) for kind in Kind}
        for term in self.terms:
            found[term.kind][term.excluded].append(term)
        return {kind: (tuple(taken), tuple(left)) for kind, (taken, left) in found.items()}

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))


def parse_selector(text: str) -> Selector:
    """Read a selector; an empty text is the one that narrows nothing.

    Raises `Refused` with what is wrong and what to type; who asks adds what was not done.
    """
    words = [word for word in _SEPARATORS.split(text) if word]
    if len(words) > MOST_WORDS:
        raise Refused(
            f"A selector has at most {MOST_WORDS} words, and this one has {len(words)}: give the "
            "tenants a tag, and type `tag:...`."
        )
    selector = Selector(tuple(_term(word) for word in words))
    tenants = selector.wanted(Kind.TENANT)
    others = [term for term in tenants if term.pattern != _EVERY]
    if others and len(others) < len(tenants):
        raise Refused(
            f"`all` and {in_code(str(others[0]))} contradict each other: `all` is every tenant. "
            "Type one of them."
        )
    return selector


def select(selector: Selector, tenants: Iterable[TenantFacts]) -> tuple[str, ...]:
    """Answer the names of the tenants that are meant, in the order in which they are given.

    Give every tenant that exists, and narrow the answer: a name that is not among them counts
    as mistyped. Raises `Refused` where a word fits nobody, one that leaves out included, and
    where nobody is left. What is meant of services is for `select_services` to say.
    """
    everyone = list(tenants)
    known = {kind: _known(kind, everyone) for kind in (Kind.TENANT, Kind.TAG, Kind.RING)}
    _refuse_unknown(selector, known)
    chosen = tuple(tenant.name for tenant in everyone if _is_meant(tenant, selector.sides))
    if not chosen:
        raise Refused(_nobody(selector, known[Kind.TENANT]))
    return chosen


def select_services(selector: Selector, services: Iterable[str]) -> tuple[str, ...]:
    """Answer the services that are meant, all where none is named; raises `Refused`."""
    known = {Kind.SERVICE: list(services)}
    _refuse_unknown(selector, known)
    sides = selector.sides[Kind.SERVICE]
    chosen = tuple(name for name in known[Kind.SERVICE] if _fits([name.lower()], sides))
    if not chosen:
        raise Refused(
            f"{in_code(str(selector), 200)} leaves no service. "
            f"There are: {listed(known[Kind.SERVICE]) or 'none'}."
        )
    return chosen


def _term(word: str) -> Term:
    if word.startswith("-"):
        without = in_code("!" + word.lstrip("-"))
        raise Refused(
            f"{in_code(word)} is no selector. To leave it out, type {without}; an option begins "
            "with two hyphens."
        )
    *kinds, pattern = _KIND_ENDS.split(word.lower().removeprefix("!"), maxsplit=1)
    kind = kinds[0] if kinds else None
    if kind is not None and kind not in set(Kind):
        raise Refused(f"{in_code(word)} is no selector. {_forms(kind)}")
    if not (_NAME if kind is None else _LABEL).fullmatch(pattern):
        raise Refused(f"{in_code(word)} is no selector. {_forms('')}")
    if kind is None and pattern == "all":
        pattern = _EVERY
    return Term(Kind(kind or Kind.TENANT), pattern, excluded=word.startswith("!"))


def _forms(kind: str) -> str:
    meant = closest(kind, Kind)
    guess = f"Did you mean `{meant}:`? " if meant else ""
    return (
        f"{guess}Type a tenant's name, `all`, `tag:retail`, `ring:canary` or `service=backend`; "
        "a `!` before it leaves out."
    )


def _known(kind: Kind, tenants: Iterable[TenantFacts]) -> list[str]:
    if kind is Kind.TENANT:
        return [tenant.name for tenant in tenants]
    if kind is Kind.RING:
        return list(dict.fromkeys(tenant.ring for tenant in tenants))
    return sorted({tag for tenant in tenants for tag in tenant.tags})


def _is_meant(tenant: TenantFacts, sides: Mapping[Kind, _Sides]) -> bool:
    return (
        _fits((tenant.name.lower(),), sides[Kind.TENANT])
        and _fits([tag.lower() for tag in tenant.tags], sides[Kind.TAG])
        and _fits((tenant.ring.lower(),), sides[Kind.RING])
    )


def _fits(values: Collection[str], sides: _Sides) -> bool:
    wanted, unwanted = sides
    taken_in = not wanted or any(term.matches(value) for term in wanted for value in values)
    return taken_in and not any(term.matches(value) for term in unwanted for value in values)


def _refuse_unknown(selector: Selector, known: Mapping[Kind, Collection[str]]) -> None:
    problems = []
    for kind, names in known.items():
        small = {name.lower() for name in names}
        terms = [term for term in selector.terms if term.kind is kind]
        unknown = [term.pattern for term in terms if not _exists(term, small)]
        if unknown:
            problems.append(_unknown(kind, list(dict.fromkeys(unknown)), names))
    if problems:
        raise Refused(" ".join(problems))


def _exists(term: Term, names: Collection[str]) -> bool:
    return term.pattern == _EVERY or term.pattern in names or any(map(term.matches, names))


def _unknown(kind: Kind, patterns: list[str], names: Collection[str]) -> str:
    meant = [name for name in (closest(pattern, names) for pattern in patterns[:3]) if name]
    guess = f" Did you mean {listed(dict.fromkeys(meant))}?" if meant else ""
    there_are = f" There are: {listed(names) or 'none'}."
    return f"No {kind} is called {listed(patterns, 'or')}.{guess}{there_are}"


def _nobody(selector: Selector, names: Collection[str]) -> str:
    if not names:
        return "There are no tenants yet."
    return (
        f"{in_code(str(selector), 200)} reaches no tenant: words of one kind add up, kinds narrow "
        f"each other, and `!` leaves out. The tenants are: {listed(names)}."
    )
