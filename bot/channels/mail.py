"""E-mail, by the operator's own server: plain text, encrypted on its way there."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from bot.channels.failures import BROKEN, REFUSED, ChannelFailed, lost
from bot.channels.mail_server import MailServer
from bot.channels.message import Message

_WITHIN_SECONDS = 20


class Mail:
    """A server that takes mail; `to` is an address.

    Where an answer is lost, a mail may come twice, under the same `Message-ID`.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server = server
        self._now = now

    async def post(self, to: str, message: Message, *, key: str) -> int:
        """Send a mail. What is said of one thing carries the same reference, as `key` begins."""
        mail = self._mail(to, message, key)
        try:
            await asyncio.to_thread(self._hand_in, mail)
        except smtplib.SMTPResponseException as error:
            raise _refused(to, error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refused(to, codes[0] if codes else 550) from None
        except smtplib.SMTPNotSupportedError:
            why = "the server offers no encryption, or no login; ORBITS_MAIL_SERVER names it."
            raise ChannelFailed(to, why, REFUSED) from None
        except ssl.SSLCertVerificationError:
            why = "the certificate of the server cannot be trusted. Nothing was sent."
            raise ChannelFailed(to, why, REFUSED) from None
        except (OSError, smtplib.SMTPException) as error:
            raise lost(to, error) from None
        return 0

    def _mail(self, to: str, message: Message, key: str) -> EmailMessage:
        domain = self._server.sender.rpartition("@")[2].strip("> ") or "localhost"
        subject = key.rpartition("/")[0] or key
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._server.sender, to, message.title
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{_print_of(key)}@{domain}>"
        mail["References"] = f"<{_print_of(subject)}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail

    def _hand_in(self, mail: EmailMessage) -> None:
        server, context = self._server, ssl.create_default_context()
        with _connected(server, context) as connection:
            if server.tls and not server.implicit:
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(mail)


def _connected(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.implicit:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_WITHIN_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_WITHIN_SECONDS)


def _print_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]


def _refused(to: str, code: int) -> ChannelFailed:
    if code in {421, 450, 451, 452, 454} or code < 0:
        return ChannelFailed(to, f"the mail server is not able to just now ({code}).", BROKEN)
    hint = "Look at the address, and at ORBITS_MAIL_FROM."
    if code in {530, 534, 535, 538}:
        hint = "Look at ORBITS_MAIL_SERVER's user, and at ORBITS_MAIL_PASSWORD."
    return ChannelFailed(to, f"the mail server refused it ({code}). {hint}", REFUSED)
