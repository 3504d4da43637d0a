"""The private key of a GitHub App, as it stands in its PEM file."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


@lru_cache(maxsize=4)
def private_key(pem: str) -> RSAPrivateKey:
    """Answer the key of a PEM text; raises `ValueError` where it is no RSA key that can be read.

    Whether its numbers belong together is looked at as well, which takes tens of milliseconds.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise ValueError("It is protected by a password.") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("It is no RSA key.")  # noqa: TRY004 (of a text, not of an argument)
    return key
