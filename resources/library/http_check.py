"""Asks a service over HTTP whether it is well, and fails a deployment where it stays unwell."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resources.errors import OrbitsError
from resources.executors.failures import duration
from resources.library.http_exchange import Answer, NoAnswer, Request, ask, is_address
from resources.model.action import Action
from resources.secrets import Secret

MOST_REDIRECTS = 5
EXCERPT = 200
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _is_address(url: str) -> str:
    """Refuse what is no address; a password would stand in every error."""
    if not is_address(url):
        raise ValueError(
            "an address begins with http:// or https://, and holds no blank and no password; "
            "a password is given by `secret_headers`"
        )
    return url


def _is_word(text: str) -> str:
    if not text.isprintable() or not text.isascii():
        raise ValueError("a header is one line of ASCII text")
    return text


HttpAddress = Annotated[str, AfterValidator(_is_address)]
HeaderText = Annotated[str, AfterValidator(_is_word)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class HttpCheckFailed(OrbitsError):
    """A service did not answer as it should, however often it was asked."""


class HttpHealth(BaseModel):
    """How a service that is well answered, and the how-manieth try that was."""

    model_config = ConfigDict(frozen=True)

    status: int
    tries: int


class HttpCheck(Action):
    """Ask an address again and again until it answers as it should, or the time is up.

        await self.do("health-check", HttpCheck(
            url="http://backend.internal:8080/health", contains="ok", within=timedelta(minutes=2),
        ))

    It fails the step with what came last, so a deployment ends where a service does not come up.
    Asked is from where the bot runs, past any proxy. Private addresses are asked as well, since
    that is where services live: say `private=False` where a tenant chooses the address. Those
    that hand out a machine's credentials (169.254.0.0/16, fe80::/10) are never asked.
    """

    url: HttpAddress
    statuses: Annotated[tuple[int, ...], Field(min_length=1)] = (200,)
    contains: str = ""
    """What stands in the first 64 KiB of the answer."""
    within: timedelta = timedelta(minutes=1)
    every: timedelta = timedelta(seconds=2)
    one_within: timedelta = timedelta(seconds=10)
    """How long one try may take."""
    headers: Mapping[HeaderName, HeaderText] = {}
    secret_headers: Mapping[HeaderName, Secret] = {}
    """Headers such as `Authorization`; on a redirect they go to the same host only."""
    redirects_to: tuple[str, ...] = ()
    """Other hosts to which a redirect is followed; to the same host it always is."""
    private: bool = True

    async def run(self) -> HttpHealth:
        """Answer how it was well; raises `HttpCheckFailed`, `SecretNotFound`."""
        secret = {name: await self.reveal(held) for name, held in self.secret_headers.items()}
        loop = asyncio.get_running_loop()
        ends, tries, told = loop.time() + self.within.total_seconds(), 0, ""
        while True:
            tries += 1
            left = max(ends - loop.time(), 0.001)
            problem = await self._try(secret, min(left, self.one_within.total_seconds()))
            if isinstance(problem, int):
                return HttpHealth(status=problem, tries=tries)
            self.log(f"try {tries}: {problem}\n")
            if loop.time() + self.every.total_seconds() >= ends:
                # What was only cut short by the end tells less than what came before.
                cut_short = loop.time() >= ends and told
                raise self._failed(tries, told if cut_short else problem)
            told = problem
            await asyncio.sleep(self.every.total_seconds())

    async def _try(self, secret: Mapping[str, str], seconds: float) -> int | str:
        """Answer the status of a good answer, or what is wrong."""
        try:
            async with asyncio.timeout(seconds):
                return self._judged(await self._follow(secret))
        except TimeoutError:
            return f"no answer within {duration(timedelta(seconds=round(seconds, 3)))}"
        except NoAnswer as none:
            return f"no answer: {none}"

    async def _follow(self, secret: Mapping[str, str]) -> Answer:
        url = self.url
        for _ in range(MOST_REDIRECTS + 1):
            same = urlsplit(url).netloc == urlsplit(self.url).netloc
            headers = {**self.headers, **(secret if same else {})}
            answer = await ask(Request(url, headers=headers, private=self.private))
            to = answer.headers.get("location", "")
            if answer.status in self.statuses or answer.status not in REDIRECTS or not to:
                return answer
            url = self._redirected(url, to)
        raise NoAnswer(f"more than {MOST_REDIRECTS} redirects")

    def _redirected(self, url: str, to: str) -> str:
        there = urljoin(url, to)
        if not is_address(there):
            raise NoAnswer("it redirects to what is no address")
        before, after = urlsplit(url), urlsplit(there)
        if before.scheme == "https" and after.scheme == "http":
            raise NoAnswer("it redirects to a connection that is not secure")
        if after.hostname not in {urlsplit(self.url).hostname, *self.redirects_to}:
            raise NoAnswer(f"it redirects to {after.hostname}, which is not in `redirects_to`")
        return there

    def _judged(self, answer: Answer) -> int | str:
        text = " ".join(answer.text.split())
        begins = f"; it begins with: {text[:EXCERPT]}" if text else "; it is empty"
        if answer.status not in self.statuses:
            wanted = " or ".join(map(str, self.statuses))
            return f"the answer was {answer.status} and not {wanted}{begins}"
        if self.contains not in answer.text:
            return f"the answer was {answer.status}, without `{self.contains}`{begins}"
        return answer.status

    def _failed(self, tries: int, problem: str) -> HttpCheckFailed:
        parts = urlsplit(self.url)
        shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
        often = "once" if tries == 1 else f"{tries} times"
        summary = f"{shown} is not well: asked {often} in {duration(self.within)}."
        return HttpCheckFailed(
            f"{summary} At last, {problem}. Look at the service's own log, mend it, and retry.",
            summary=summary,
            tail=problem,
        )
