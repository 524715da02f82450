"""Who else needs a data set. Rooms that use data sets declare a question here; this room does not know them."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.shared.errors import Conflict

Usage = Callable[[AsyncSession, Principal, str], Awaitable[str | None]]
"""Given the name of a data set, answers who needs it now, in words ("run 3"), or None."""

_usages: list[Usage] = []


def declare_usage(usage: Usage) -> None:
    """Have `usage` asked before a data set is deleted."""
    if usage not in _usages:
        _usages.append(usage)


async def refuse_if_used(session: AsyncSession, principal: Principal, name: str) -> None:
    """Raise `Conflict` when something that goes on needs the data set."""
    for usage in _usages:
        user = await usage(session, principal, name)
        if user is not None:
            raise Conflict(
                f"This data set is in use by {user}.",
                expected="a data set that no run is reading",
                received=user,
                hint="Stop the run, or wait until it has ended, and delete the data set then.",
            )
