"""What `orbits tenants set` names, and what becomes of each tenant by it; the rest stays."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.report.suggestions import closest, in_code, listed
from bot.rollouts.profiles.differences import TenantChange
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.profiles.typed import refused

T = TypeVar("T")

UNDONE = "Nothing was changed."


@dataclass(frozen=True)
class Taken:
    """What is taken away from tenants, by name; with `all_services`, the choice of some."""

    tags: Sequence[str] = ()
    branches: Sequence[str] = ()
    variables: Sequence[str] = ()
    all_services: bool = False

    def __bool__(self) -> bool:
        return bool(self.tags or self.branches or self.variables or self.all_services)

    @property
    def small_tags(self) -> frozenset[str]:
        """The tags as they are compared: letters are small or large alike."""
        return frozenset(tag.lower() for tag in self.tags)


@dataclass(frozen=True)
class Changes:
    """What is changed of tenants: what is `named` comes to what they have, or replaces it.

    Services are replaced as a whole; tags, branches and variables are added one by one, and
    `taken` away by name.
    """

    named: Profile
    taken: Taken = Taken()

    def demand_sense(self) -> None:
        """Raise `Refused` where nothing is named, or something is both given and taken away."""
        named, taken = self.named, self.taken
        both = [
            *_both("--tag", named.tags, "--untag", taken.small_tags),
            *_both("--branch", named.branches, "--unbranch", taken.branches),
            *_both("--variable", named.variables, "--unset", taken.variables),
        ]
        if taken.all_services and named.services:
            both.append("`--service` and `--all-services` contradict each other.")
        if not taken and not named.model_fields_set:
            both.append("Say what to change, such as `--ring canary`.")
        if both:
            raise refused(both, UNDONE)

    def applied(self, profile: Profile) -> Profile:
        """Answer a profile with these changes."""
        named, taken = self.named, self.taken
        kept = [tag for tag in profile.tags if tag.lower() not in taken.small_tags]
        return Profile.model_construct(
            ring=named.ring if "ring" in named.model_fields_set else profile.ring,
            tags=tuple(sorted({*kept, *named.tags})),
            services=() if taken.all_services else named.services or profile.services,
            branches=_without(profile.branches, taken.branches) | named.branches,
            variables=_without(profile.variables, taken.variables) | named.variables,
        )


def changed(changes: Changes, tenants: Mapping[str, Profile]) -> list[TenantChange]:
    """Answer what becomes of these tenants, those included that are so already.

    Raises `Refused` where something is to be taken away that none of them has, or where one would
    track a branch of a service that it does not use.
    """
    changes.demand_sense()
    problems = list(_nowhere(changes, tenants.values()))
    every = [
        TenantChange(name, before, changes.applied(before)) for name, before in tenants.items()
    ]
    problems += [
        f"{each.name} would track {branch} of {service}, which it does not use: give "
        f"`--unbranch {service}`, or let it use {service}."
        for each in every
        if each.after is not None
        for service, branch in each.after.idle_branches.items()
    ]
    if problems:
        raise refused(problems, UNDONE)
    return every


def _both(given: str, names: Collection[str], taken: str, others: Collection[str]) -> Iterator[str]:
    for name in sorted({*names} & {*others}):
        one, other = in_code(f"{given} {name}"), in_code(f"{taken} {name}")
        yield f"{one} and {other} contradict each other."


def _nowhere(changes: Changes, profiles: Collection[Profile]) -> Iterator[str]:
    """Say what is to be taken away, and is not there: it is probably mistyped."""
    tags = {tag.lower() for profile in profiles for tag in profile.tags}
    yield from _unknown("--untag", "has the tag", changes.taken.small_tags, tags)
    tracked = {name for profile in profiles for name in profile.branches}
    yield from _unknown("--unbranch", "tracks a branch of", changes.taken.branches, tracked)
    known = {name for profile in profiles for name in profile.variables}
    yield from _unknown("--unset", "has the variable", changes.taken.variables, known)


def _unknown(
    option: str, has: str, names: Collection[str], known: Collection[str]
) -> Iterator[str]:
    for name in sorted(set(names) - set(known)):
        near = closest(name, known)
        guess = f" Did you mean {in_code(f'{option} {near}')}?" if near else ""
        there_are = listed(sorted(known)) or "none"
        yield f"Nobody of them {has} {in_code(name)}.{guess} There are: {there_are}."


def _without(entries: Mapping[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in entries.items() if name not in names}
