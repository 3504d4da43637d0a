"""Where mail is handed in."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. Without `tls` it goes as it is, which is for this machine alone.

    `implicit`: the connection is encrypted from its first byte (`smtps`), not after STARTTLS.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = True
    implicit: bool = False
