"""What the environment says, and what it is told when that cannot be."""

from pathlib import Path

import pytest

from app.main import bind, migrate
from app.settings import Settings, WrongSetting
from app.shared.errors import Unavailable


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "many", "Input should be a valid integer"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("UPLOAD_LIMIT_BYTES", "0", "greater than 0"),
        ("ANALYSIS_SECONDS", "-1", "greater than 0"),
        ("PUBLIC_URL", "layerloom.example.org", "https://layerloom.example.org"),
        ("PUBLIC_URL", "https://example.org/layerloom", "without a path"),
        ("DATABASE_URL", "mysql://me:secret@here/db", "postgresql://"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LAYERLOOM_{name}", value)
    with pytest.raises(WrongSetting, match=f"LAYERLOOM_{name}") as told:
        Settings()
    assert expected in told.value.expected
    assert "secret" not in str(told.value.as_dict())


@pytest.mark.parametrize(
    "url", ["", "https://example.org", "http://10.0.0.7:8000/", "sqlite:///x.db", "postgresql://x/y"]
)
def test_other_settings_are_taken(url: str) -> None:
    kind = "public_url" if url.startswith("http") else "database_url"
    assert getattr(Settings.model_validate({kind: url}), kind) == url


def test_a_data_folder_that_cannot_be_is_told(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(WrongSetting, match="LAYERLOOM_DATA"):
        _ = Settings(data=folder / "file" / "data").folder


def test_a_database_that_does_not_answer_is_told(folder: Path) -> None:
    (folder / "layerloom.db").mkdir()
    with pytest.raises(Unavailable, match="database cannot be used"):
        migrate(Settings(data=folder, database_url=""))


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(Unavailable, match=r"Nothing can listen on port 8000 of 192\.0\.2\.1"):
        bind("192.0.2.1", 8000)
