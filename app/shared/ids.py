"""Identifiers that cannot be guessed."""

import secrets


def new_id() -> str:
    """Return a 128-bit random identifier as 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


def new_secret() -> str:
    """Return a 256-bit random secret as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)
