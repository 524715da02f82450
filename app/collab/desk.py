"""One open design: who edits it, who watches it, its debounced snapshot and what Keras says of it."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from app.collab.outbox import RESTARTED, Outbox
from app.designs import own_code
from app.designs import repository as designs
from app.designs.projection import project
from app.designs.schemas import Diagnostics
from app.document.digest import digest as digest_of
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.model import Problem
from app.infra.rooms import Snapshot
from app.infra.services import Services
from app.messages.analysis import Analysis, AnalyzeRequest, Refusal
from app.shared.errors import AppError, NotFound

if TYPE_CHECKING:
    from app.collab.editor import Editor

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 0.3
LATEST_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 5.0
"""How long a snapshot that failed waits for the next try."""
REMEMBERED: Final = 128
_NOT_OF_THE_DESIGN: Final = frozenset({"unavailable", "superseded"})


class Analyses:
    """What Keras said, by digest; the oldest are forgotten."""

    def __init__(self) -> None:
        self._by_digest: OrderedDict[str, Analysis] = OrderedDict()

    def find(self, digest: str) -> Analysis | None:
        return self._by_digest.get(digest)

    def keep(self, digest: str, analysis: Analysis) -> None:
        self._by_digest[digest] = analysis
        if len(self._by_digest) > REMEMBERED:
            self._by_digest.popitem(last=False)


class Desk:
    """Everybody who has one design open.

    `touch` says that it was edited: 300 ms after the last edit, and at most 2 s after the first, a snapshot of the
    room goes to the design's row, and a design of another digest to the analysis. `on_idle` is told when work has ended
    that was going on while nobody was here.
    """

    def __init__(
        self, design_id: str, services: Services, analyses: Analyses, on_idle: Callable[["Desk"], None]
    ) -> None:
        self.design_id = design_id
        self.services = services
        self.analyses = analyses
        self.visits = 0
        """How many are here, those included who have not joined yet."""
        self.editors: set[Editor] = set()
        self.watchers: set[Outbox] = set()
        self.diagnostics = Diagnostics(digest="", analysis=None, analyzing=False)
        self._on_idle = on_idle
        self._saved: Snapshot | None = None
        self._last_edit = self._first_edit = 0.0
        self._writers: set[str] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._analysis: asyncio.Task[None] | None = None
        self._snapshotting = asyncio.Lock()

    @property
    def idle(self) -> bool:
        return not (self.visits or _busy(self._keeper) or _busy(self._analysis))

    def join(self, editor: "Editor") -> None:
        self.editors.add(editor)

    def leave(self, editor: "Editor") -> None:
        self.editors.discard(editor)

    def watch(self, watcher: Outbox) -> None:
        self.watchers.add(watcher)
        watcher.send(self.diagnostics.model_dump_json(by_alias=True))

    def unwatch(self, watcher: Outbox) -> None:
        self.watchers.discard(watcher)

    def broadcast(self, frame: bytes, *, but: "Editor | None" = None) -> None:
        """Send a frame to every editor except `but`."""
        for editor in self.editors:
            if editor is not but:
                editor.outbox.send(frame)

    def touch(self, writer: str = "") -> None:
        """The design was edited, by the user `writer` where that is known: have it snapshot soon."""
        self._last_edit = monotonic()
        if writer:
            self._writers.add(writer)
        if not _busy(self._keeper):
            self._first_edit = self._last_edit
            self._keeper = self._begin(self._keep(), f"snapshot of {self.design_id}")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._on_idle(self))
        return task

    async def _keep(self) -> None:
        """Take snapshots until one holds every edit; one that fails is tried again."""
        while True:
            while (wait := self._seconds_until_due()) > 0:  # noqa: ASYNC110, it waits for silence, not for an event
                await asyncio.sleep(wait)
            seen = self._last_edit
            try:
                await self.snapshot()
            except NotFound:
                return
            except Exception:
                log.exception("the snapshot of design %s failed and is tried again", self.design_id)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._last_edit <= seen:
                return
            self._first_edit = self._last_edit

    def _seconds_until_due(self) -> float:
        return min(self._last_edit + QUIET_SECONDS, self._first_edit + LATEST_SECONDS) - monotonic()

    async def snapshot(self) -> None:
        """Bring the design's row and its diagnostics up to what the room holds now."""
        async with self._snapshotting:
            snapshot = await self.services.rooms.snapshot(self.design_id)
            if self._saved is not None and (snapshot.epoch, snapshot.seq) == (self._saved.epoch, self._saved.seq):
                return
            document = validate_document(snapshot.document)
            if snapshot.dropped:
                log.warning("design %s holds what is no design: %s", self.design_id, "; ".join(snapshot.dropped[:5]))
            columns = project(document)
            known = self.analyses.find(self._key(columns["digest"], document))
            if known is not None and known.nodes:
                columns["parameters"] = known.total_params
            writers, self._writers = self._writers, set()
            try:
                async with self.services.database.session() as session:
                    await designs.save_snapshot(session, self.design_id, {**columns, "epoch": snapshot.epoch})
                    await own_code.attribute(session, self.design_id, document, writers)
            except BaseException:
                self._writers |= writers
                raise
            self._saved = snapshot
            self._consider(columns["digest"], document)

    async def look(self) -> None:
        """Learn the present digest without waiting for an edit, and have it analysed."""
        if self._saved is None or self.diagnostics.analysis is None:
            snapshot = await self.services.rooms.snapshot(self.design_id)
            document = validate_document(snapshot.document)
            self._consider(digest_of(document), document)

    def _consider(self, digest: str, document: GraphDocument) -> None:
        if digest == self.diagnostics.digest and (self.diagnostics.analysis is not None or _busy(self._analysis)):
            return
        known = self.analyses.find(self._key(digest, document))
        self._publish(Diagnostics(digest=digest, analysis=known, analyzing=known is None))
        if known is None:
            self._analysis = self._begin(self._analyse(digest, document), f"analysis of {self.design_id}")

    def _key(self, digest: str, document: GraphDocument) -> str:
        """What Keras says follows from the digest alone, unless the sandbox has learned something for this design."""
        return f"{self.design_id} {digest}" if document.code else digest

    def tell(self, document: GraphDocument, diagnostics: Diagnostics) -> None:
        """Keep and publish what the sandbox said of the design; a design that has changed since is left alone."""
        assert diagnostics.analysis is not None
        self.analyses.keep(self._key(diagnostics.digest, document), diagnostics.analysis)
        if self.diagnostics.digest in ("", diagnostics.digest):
            self._publish(diagnostics)

    async def _analyse(self, digest: str, document: GraphDocument) -> None:
        async with self.services.database.session() as session:
            outcomes = await own_code.known_outcomes(session, self.design_id, document)
        answer = await self.services.analysis.ask(
            AnalyzeRequest(document=document, known=outcomes),
            timeout=self.services.analysis_seconds,
            key=self.design_id,
        )
        key = self._key(digest, document)
        if self.analyses.find(key) is None and (isinstance(answer, Analysis) or answer.code not in _NOT_OF_THE_DESIGN):
            self.analyses.keep(key, answer if isinstance(answer, Analysis) else _as_analysis(answer))
        if isinstance(answer, Analysis):
            async with self.services.database.session() as session:
                await designs.save_parameters(session, self.design_id, digest, answer.total_params)
        if digest != self.diagnostics.digest:
            return
        analysis = self.analyses.find(key) or (answer if isinstance(answer, Analysis) else _as_analysis(answer))
        self._publish(Diagnostics(digest=digest, analysis=analysis, analyzing=False))

    def _publish(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        text = diagnostics.model_dump_json(by_alias=True)
        for watcher in self.watchers:
            watcher.send(text)

    async def close(self) -> None:
        """Take the last snapshot that is due, and end."""
        for outbox in [editor.outbox for editor in self.editors] + list(self.watchers):
            outbox.close(RESTARTED, "The server is restarting.")
        if _busy(self._keeper):
            assert self._keeper is not None
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            with contextlib.suppress(AppError):
                await self.snapshot()
        if self._analysis is not None:
            self._analysis.cancel()
            await asyncio.gather(self._analysis, return_exceptions=True)


def _busy(task: "asyncio.Task[None] | None") -> bool:
    return task is not None and not task.done()


def _as_analysis(refusal: Refusal) -> Analysis:
    """Say in the list of problems why Keras said nothing."""
    problem = Problem(
        code=refusal.code,
        message=refusal.message,
        expected=refusal.expected,
        received=refusal.received,
        hint=refusal.hint,
    )
    return Analysis(nodes=[], total_params=0, trainable_params=0, problems=[problem])
