"""The server's side of the analysis processes: a few that answer, one kept warm, none that can hang a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, overload

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from app.infra.zygote import START_SECONDS, AnalysisChild, Zygote
from app.messages.analysis import (
    Analysis,
    AnalysisRequest,
    AnalyzeRequest,
    AppliedCode,
    ApplyCodeRequest,
    DescribeDataRequest,
    DrawPlotRequest,
    ExportedModel,
    ExportModelRequest,
    ImportedModel,
    ImportModelRequest,
    InspectTableRequest,
    Refusal,
)
from app.messages.data import DatasetDescription
from app.messages.weights import WeightsContents
from app.shared.errors import Invalid, Unavailable

DEFAULT_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 1.0

_ANSWERS: Final[dict[str, TypeAdapter[Any]]] = {
    "analyze": TypeAdapter(Analysis),
    "describe_data": TypeAdapter(DatasetDescription),
    "inspect_table": TypeAdapter(dict[str, JsonValue]),
    "import_model": TypeAdapter(ImportedModel),
    "run_script": TypeAdapter(ImportedModel),
    "export_model": TypeAdapter(ExportedModel),
    "draw_plot": TypeAdapter(ExportedModel),
    "apply_code": TypeAdapter(AppliedCode),
    "convert_weights": TypeAdapter(WeightsContents),
}


class Refused(Invalid):
    """A worker process could not do what it was asked; `code` and words are its own."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, expected=refusal.expected, received=refusal.received, hint=refusal.hint)
        self.refusal = refusal

    def as_dict(self) -> dict[str, str]:
        return {**super().as_dict(), "code": self.refusal.code}


class AnalysisClient:
    """Asks analysis processes of `zygote`, at most `processes` at once, and keeps one more warm.

    A process that exceeds its time or dies is killed and replaced, and the request is answered with a `Refusal`
    (`analysis_timeout` or `analysis_died`); so is one that a newer request of the same `key` overtakes while it
    waits (`superseded`).
    """

    def __init__(self, zygote: Zygote, processes: int = 2) -> None:
        self.zygote = zygote
        self.processes = processes
        self._free: asyncio.Queue[AnalysisChild] = asyncio.Queue()
        self._slots = asyncio.Semaphore(processes)
        self._newest: dict[str, asyncio.Event] = {}
        self._openers: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begin to open the processes; returns at once."""
        for _ in range(self.processes + 1):
            self._replenish()

    async def close(self) -> None:
        """End every analysis process."""
        self._closed = True
        for opener in list(self._openers):
            opener.cancel()
        await asyncio.gather(*self._openers, return_exceptions=True)
        while not self._free.empty():
            child = self._free.get_nowait()
            child.close()
            with contextlib.suppress(OSError):
                await child.writer.wait_closed()

    @overload
    async def ask(self, request: AnalyzeRequest, timeout: float = ..., key: str | None = ...) -> Analysis | Refusal: ...
    @overload
    async def ask(
        self, request: DescribeDataRequest, timeout: float = ..., key: str | None = ...
    ) -> DatasetDescription | Refusal: ...
    @overload
    async def ask(
        self, request: InspectTableRequest, timeout: float = ..., key: str | None = ...
    ) -> dict[str, JsonValue] | Refusal: ...
    @overload
    async def ask(
        self, request: ImportModelRequest, timeout: float = ..., key: str | None = ...
    ) -> ImportedModel | Refusal: ...
    @overload
    async def ask(
        self, request: ExportModelRequest | DrawPlotRequest, timeout: float = ..., key: str | None = ...
    ) -> ExportedModel | Refusal: ...
    @overload
    async def ask(
        self, request: ApplyCodeRequest, timeout: float = ..., key: str | None = ...
    ) -> AppliedCode | Refusal: ...
    async def ask(
        self, request: AnalysisRequest, timeout: float = DEFAULT_SECONDS, key: str | None = None
    ) -> BaseModel | dict[str, JsonValue] | Refusal:
        """Return the answer to `request`, or a `Refusal`.

        `timeout` counts from when a process takes the request up; waiting for one to be free, or for the first one
        to start, has its own limit. Of the requests with one `key` (a design's id), only the newest waits.
        """
        async with self._slot(key) as taken:
            if not taken:
                return Refusal(code="superseded", message="A newer version of this design is being analysed.")
            try:
                answer: BaseModel | dict[str, JsonValue] = await self._ask(request, timeout)
                return answer
            except Unavailable as error:
                return Refusal(**error.as_dict())

    async def _ask(self, request: AnalysisRequest, timeout: float) -> Any:
        child = await self._take()
        healthy = False
        try:
            async with asyncio.timeout(timeout):
                line = await child.ask(request.model_dump_json(by_alias=True).encode())
            answer = read_answer(request.request, line)
            healthy = True
            return answer
        except TimeoutError:
            return Refusal(
                code="analysis_timeout",
                message="Keras did not come to an end with this design.",
                expected=f"an answer within {timeout:g} s",
                received="none; the process was replaced",
                hint="Undo the last change, or make very large parameters smaller.",
            )
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
            return Refusal(
                code="analysis_died",
                message="The process that ran Keras ended on this design.",
                expected="an answer",
                received=str(error)[:500],
                hint="Undo the last change, or make very large parameters smaller.",
            )
        finally:
            await self._give_back(child, healthy)

    async def _take(self) -> AnalysisChild:
        """Return a free process that is alive, waiting for it as long as `Zygote` waits to start."""
        while True:
            if self._free.empty() and not self._openers:
                self._replenish()
            try:
                async with asyncio.timeout(START_SECONDS):
                    child = await self._free.get()
            except TimeoutError as error:
                raise Unavailable(
                    "No process that runs Keras could be had.",
                    expected=f"one within {START_SECONDS:.0f} s",
                    received="none",
                    hint="Look at the server's log, and try again.",
                ) from error
            if not child.reader.at_eof():
                return child
            child.close()
            self._replenish()

    async def _give_back(self, child: AnalysisChild, healthy: bool) -> None:
        if healthy and not self._closed:
            self._free.put_nowait(child)
            return
        child.close()
        self._replenish()
        await asyncio.shield(self.zygote.kill_analysis(child.pid))

    def _replenish(self) -> None:
        if not self._closed:
            opener = asyncio.create_task(self._open(), name="analysis process")
            self._openers.add(opener)
            opener.add_done_callback(self._openers.discard)

    async def _open(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                self._free.put_nowait(await self.zygote.open_analysis())
                return
            await asyncio.sleep(RETRY_SECONDS)

    @asynccontextmanager
    async def _slot(self, key: str | None) -> AsyncIterator[bool]:
        """Wait for one of the `processes` slots; yield False when a newer request of `key` came meanwhile."""
        overtaken = asyncio.Event()
        if key is not None:
            if key in self._newest:
                self._newest[key].set()
            self._newest[key] = overtaken
        slot = asyncio.ensure_future(self._slots.acquire())
        newer = asyncio.ensure_future(overtaken.wait())
        try:
            await asyncio.wait({slot, newer}, return_when=asyncio.FIRST_COMPLETED)
            yield slot.done() and not overtaken.is_set()
        finally:
            newer.cancel()
            if slot.done() and not slot.cancelled():
                self._slots.release()
            else:
                slot.cancel()
            if key is not None and self._newest.get(key) is overtaken:
                del self._newest[key]


def read_answer(request: str, line: bytes) -> Any:
    """Return what an analysis process answered to a `request`; raise `ValueError` for what is no answer to it."""
    try:
        answer: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(line)
        if "refusal" in answer:
            return Refusal.model_validate(answer["refusal"])
        return _ANSWERS[request].validate_python(answer["ok"])
    except (ValidationError, KeyError) as error:
        raise ValueError(f"An answer that is none: {error}") from error
