"""Settings, read from the environment once (prefix `LAYERLOOM_`)."""

import re
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.messages.sandbox import SandboxLimits
from app.shared.errors import Invalid

_PREFIX = "LAYERLOOM_"


class WrongSetting(Invalid):
    """A variable of the environment that sets up the server says something that cannot be."""

    code = "wrong_setting"


class Settings(BaseSettings):
    """How this server is set up; raises `WrongSetting`. `data` holds the database, uploads, runs and sockets.

    `keras_home` is where Keras looks for its data sets, from the variable that Keras itself reads: `KERAS_HOME`.
    `egress_hosts` names, with commas, the hosts (`metrics.example`, `metrics.example:9000`) that runs may send their
    metrics to; none unless set. What starts with `sandbox_` limits a run, or an analysis, that executes Python which
    somebody wrote.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", validate_by_name=True)

    data: Path = Path(".data")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    upload_limit_bytes: int = Field(default=512 * 2**20, gt=0)
    analysis_seconds: float = Field(default=10.0, gt=0)
    analysis_processes: int = Field(default=2, ge=1, le=64)
    egress_hosts: str = ""
    sandbox_memory_bytes: int = Field(default=8 * 2**30, ge=2**28)
    sandbox_analysis_bytes: int = Field(default=4 * 2**30, ge=2**28)
    sandbox_disk_bytes: int = Field(default=4 * 2**30, ge=2**20)
    sandbox_hours: float = Field(default=24.0, gt=0)
    keras_home: Path = Field(default=Path("~/.keras"), validation_alias="KERAS_HOME")

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False)[0]
            name = str(fault["loc"][0]) if fault["loc"] else ""
            secret = name == "database_url"
            raise WrongSetting(
                f"The setting {name if name.isupper() else f'{_PREFIX}{name.upper()}'} cannot be so.",
                expected=fault["msg"].removeprefix("Value error, "),
                received="another one" if secret else repr(fault["input"])[:200],
                hint="Set the variable to another value, or remove it from the environment.",
            ) from error

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        if url and not re.match(r"(sqlite|postgresql)(\+\w+)?://", url):
            raise ValueError("sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/NAME")
        return url

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
        if url and not (plain and parts.path in {"", "/"}):
            raise ValueError("an address such as https://layerloom.example.org, without a path")
        return url

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
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise WrongSetting(
                f"The setting {_PREFIX}DATA names a folder that cannot be made.",
                expected="a folder that this user may write to",
                received=str(error),
                hint="Set the variable to another folder.",
            ) from error
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
