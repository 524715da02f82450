"""What the worker says of the sandbox of this machine."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class SandboxStatus(BaseModel):
    """How Python that people write is confined here; `none` means that it is not executed at all.

    `promises` are what the start-up probe tried with the real profile, and whether it held. `reason` says, of `none`
    and of `landlock`, why it is not more.
    """

    model_config = ConfigDict(extra="forbid")

    tier: Literal["bubblewrap", "landlock", "none"]
    reason: str = ""
    landlock: int = 0
    promises: dict[str, bool] = {}


class SandboxLimits(BaseModel):
    """What sandboxed processes may use: an analysis, and a run. Bytes and seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    analysis_memory_bytes: int = 4 * 2**30
    run_memory_bytes: int = 8 * 2**30
    run_disk_bytes: int = 4 * 2**30
    run_seconds: float = 24 * 3600.0
