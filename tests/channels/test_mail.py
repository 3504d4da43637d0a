"""The door to a mail server."""

from dataclasses import replace

import pytest

from bot.channels.failures import ChannelFailed
from bot.channels.mail import Mail
from bot.channels.mail_server import MailServer
from tests.channels.conftest import FAILED, now
from tests.channels.mail_server import MailHost

OPS = "ops@agency.example"


def server(host: MailHost) -> MailServer:
    return MailServer("127.0.0.1", host.port, "orbits@agency.example", tls=False)


async def refused(host: MailHost, at: MailServer | None = None) -> ChannelFailed:
    with pytest.raises(ChannelFailed) as failed:
        await Mail(at or server(host), now=now).post(OPS, FAILED, key="mail/ops/rollout/7/failed")
    return failed.value


async def test_a_mail_is_handed_in(mail_host: MailHost) -> None:
    mail = Mail(server(mail_host), now=now)
    for verdict in ("failing", "failed"):
        await mail.post(OPS, FAILED, key=f"mail/ops/rollout/7/{verdict}")

    first, second = mail_host.taken
    assert (first["From"], first["To"]) == ("orbits@agency.example", OPS)
    assert first["Subject"] == FAILED.title
    assert first["Date"] == "Sun, 01 Mar 2026 09:00:00 +0000"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().replace("\r\n", "\n") == FAILED.text
    assert mail_host.recipients == [OPS, OPS]
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


async def test_a_user_logs_in(mail_host: MailHost) -> None:
    at = replace(server(mail_host), user="orbits", password="hunter22")
    await Mail(at, now=now).post(OPS, FAILED, key="7")

    assert mail_host.logins == ["\0orbits\0hunter22"]


async def test_a_server_without_encryption_is_not_used(mail_host: MailHost) -> None:
    failed = await refused(mail_host, replace(server(mail_host), tls=True, user="orbits"))

    assert str(failed) == (
        "The alert could not be sent to ops@agency.example: the server offers no encryption, or no "
        "login; ORBITS_MAIL_SERVER names it."
    )
    assert (mail_host.taken, mail_host.logins) == ([], [])


@pytest.mark.parametrize(
    ("word", "answer", "why", "passing"),
    [
        (
            "AUTH",
            "535 no",
            "refused it (535). Look at ORBITS_MAIL_SERVER's user, and at ORBITS_MAIL_PASSWORD.",
            False,
        ),
        (
            "RCPT",
            "550 who?",
            "refused it (550). Look at the address, and at ORBITS_MAIL_FROM.",
            False,
        ),
        ("DATA", "451 later", "is not able to just now (451).", True),
        ("MAIL", "421 later", "is not able to just now (421).", True),
    ],
)
async def test_a_refusal_says_what_to_do(
    mail_host: MailHost, word: str, answer: str, why: str, passing: bool
) -> None:
    mail_host.refuses[word] = answer

    failed = await refused(
        mail_host, replace(server(mail_host), user="orbits", password="hunter22")
    )

    assert str(failed) == (
        f"The alert could not be sent to ops@agency.example: the mail server {why}"
    )
    assert failed.passing is passing


async def test_an_answer_that_is_lost_may_have_been_sent(mail_host: MailHost) -> None:
    mail_host.hangs_up = True

    failed = await refused(mail_host)

    assert failed.status is None
    assert len(mail_host.taken) == 1


async def test_no_server_is_there(mail_host: MailHost) -> None:
    failed = await refused(mail_host, replace(server(mail_host), port=9))

    assert failed.status is None
