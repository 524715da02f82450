"""Settings, read from the environment once (prefix `LAYERLOOM_`)."""

from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.messages.sandbox import SandboxLimits


class Settings(BaseSettings):
    """How this server is set up. `data` holds the database, uploads, runs and sockets.

    `keras_home` is where Keras looks for its data sets, from the variable that Keras itself reads: `KERAS_HOME`.
    `egress_hosts` names, with commas, the hosts (`metrics.example`, `metrics.example:9000`) that runs may send their
    metrics to; none unless set. What starts with `sandbox_` limits a run, or an analysis, that executes Python which
    somebody wrote.
    """

    model_config = SettingsConfigDict(env_prefix="LAYERLOOM_", extra="ignore", validate_by_name=True)

    data: Path = Path(".data")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    upload_limit_bytes: int = 512 * 2**20
    analysis_seconds: float = 10.0
    analysis_processes: int = Field(default=2, ge=1, le=64)
    egress_hosts: str = ""
    sandbox_memory_bytes: int = Field(default=8 * 2**30, ge=2**28)
    sandbox_analysis_bytes: int = Field(default=4 * 2**30, ge=2**28)
    sandbox_disk_bytes: int = Field(default=4 * 2**30, ge=2**20)
    sandbox_hours: float = Field(default=24.0, gt=0)
    keras_home: Path = Field(default=Path("~/.keras"), validation_alias="KERAS_HOME")

    @property
    def sandbox_limits(self) -> SandboxLimits:
        return SandboxLimits(
            analysis_memory_bytes=self.sandbox_analysis_bytes,
            run_memory_bytes=self.sandbox_memory_bytes,
            run_disk_bytes=self.sandbox_disk_bytes,
            run_seconds=self.sandbox_hours * 3600,
        )

    @property
    def allowed_hosts(self) -> list[str]:
        """The entries of `egress_hosts`."""
        return [host.strip().lower() for host in self.egress_hosts.split(",") if host.strip()]

    @cached_property
    def folder(self) -> Path:
        """The data folder, absolute; made when it is missing, readable by its owner only."""
        folder = self.data.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @cached_property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'layerloom.db'}"

    @property
    def address_file(self) -> Path:
        """Holds the URL at which this server answers now; run launchers and the command line read it."""
        return self.folder / "address"

    @property
    def loopback(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def url(self, port: int) -> str:
        """Return the address that people open when the server listens on `port`."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}"

    @property
    def secure(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"
