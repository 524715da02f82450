"""The bus wakes whoever listens, never waits for them, and is never the truth."""

import asyncio

import pytest

from app.infra.bus import MAX_MESSAGE, QUEUE_LENGTH, BusClosed, LocalBus


async def test_each_subscriber_of_the_topic_gets_the_message() -> None:
    bus = LocalBus()
    async with bus.subscribe("a") as first, bus.subscribe("a") as second, bus.subscribe("b") as other:
        await bus.publish("a", "one")
        await bus.publish("b", "two")
        assert [await first.get(), await second.get(), await other.get()] == ["one", "one", "two"]


async def test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up() -> None:
    bus = LocalBus()
    async with bus.subscribe("a") as slow:
        for number in range(QUEUE_LENGTH + 3):
            await bus.publish("a", str(number))
        assert await slow.get() == "3"


async def test_nobody_listens_and_nothing_is_kept() -> None:
    bus = LocalBus()
    await bus.publish("a", "unheard")
    async with bus.subscribe("a") as late:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late.get(), 0.01)


async def test_closing_wakes_every_subscriber() -> None:
    bus = LocalBus()
    async with bus.subscribe("a") as subscription:
        await bus.close()
        for _ in range(2):
            with pytest.raises(BusClosed):
                await subscription.get()


async def test_a_message_is_short() -> None:
    with pytest.raises(ValueError, match="at most"):
        await LocalBus().publish("a", "x" * (MAX_MESSAGE + 1))
