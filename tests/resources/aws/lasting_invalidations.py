"""CloudFront whose invalidations take their time: moto's, where they are done at once.

As at AWS, a reference is good for one invalidation, and too many at once are refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.cloudfront import urls
from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend, Invalidation, cloudfront_backends

LOOKS = 2
MOST_WILDCARDS = 15


class LastingInvalidations(CloudFrontBackend):
    """moto's CloudFront; an invalidation is done when it was looked at often enough."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._looks: dict[str, int] = {}

    @property
    def _url_module(self) -> Any:
        return urls

    def create_invalidation(self, dist_id: str, paths: list[str], caller_ref: str) -> Invalidation:
        self.get_distribution(dist_id)
        known = self.invalidations.get(dist_id, [])
        for each in known:
            if each.caller_ref == caller_ref:
                if each.paths != paths:
                    said = "The reference was used for other paths."
                    raise CloudFrontException("InvalidArgument", said)
                return each
        going_on = [path for each in known if each.status == "InProgress" for path in each.paths]
        if sum(path.endswith("*") for path in [*going_on, *paths]) > MOST_WILDCARDS:
            raise CloudFrontException("TooManyInvalidationsInProgress", "Too many wildcards.")
        made = super().create_invalidation(dist_id, paths, caller_ref)
        made.status = "InProgress"
        self._looks[made.id] = 0
        return made

    def get_invalidation(self, dist_id: str, id: str) -> Invalidation:  # noqa: A002 (moto's)
        found = super().get_invalidation(dist_id, id)
        self._looks[id] += 1
        if self._looks[id] >= LOOKS:
            found.status = "Completed"
        return found


@contextmanager
def lasting_invalidations() -> Iterator[None]:
    """Let moto's server, which has no distribution yet, have such a CloudFront for a while."""
    before = cloudfront_backends.backend
    cloudfront_backends.clear()
    cloudfront_backends.backend = LastingInvalidations
    try:
        yield
    finally:
        cloudfront_backends.backend = before
        cloudfront_backends.clear()
