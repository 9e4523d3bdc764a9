from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from ingest.settings import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_environment_beats_file_beats_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().model == "embedded"
    (tmp_path / "groundskeeper.toml").write_text('model = "ollama:llama3.2"\nport = 9000\n')
    assert load_settings().model == "ollama:llama3.2"
    monkeypatch.setenv("GROUNDSKEEPER_MODEL", "ollama:qwen3")
    assert (load_settings().model, load_settings().port) == ("ollama:qwen3", 9000)
    assert load_settings(port=1234).port == 1234


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("http://gpu.local:80", "http://gpu.local:80"),
        ("127.0.0.1:4000", "http://127.0.0.1:4000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104
        ("gpu", "http://gpu:11434"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(
    host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert load_settings().ollama_host == url


def test_a_bad_value_is_named_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_PORT", "eighty")
    with pytest.raises(SettingsError, match="'port' has the value 'eighty'"):
        load_settings()


def test_an_unknown_key_and_broken_toml_are_errors(tmp_path: Path) -> None:
    file = tmp_path / "groundskeeper.toml"
    file.write_text('modle = "embedded"\n')
    with pytest.raises(SettingsError, match="Unknown setting 'modle'"):
        load_settings()
    file.write_text("model = \n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings()


@pytest.mark.parametrize("name", ["DATABASE_URL", "GROUNDSKEEPER_DATABASE_URL"])
def test_the_database_of_the_reports_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "postgres://birch:s3cret@localhost/reports")
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "postgres://birch:s3cret@localhost/reports"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///s3cret.db",
        "mysql://birch:s3cret@localhost/reports",
        "postgresql://birch:s3cret@more@localhost/reports",
        "postgresql://birch:s3cret/more@localhost/reports",
        "postgresql://birch:s3cret@localhost:port/reports",
    ],
)
def test_a_database_that_cannot_be_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match="'database_url'") as refused:
        load_settings()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("value", ["s3cret", '["s3cret"', '{"s3cret": 1}', "3141"])
def test_passwords_that_are_no_list_are_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DOCUMENT_PASSWORDS", value)
    with pytest.raises(SettingsError, match=r"(?i)document_passwords") as refused:
        load_settings()
    assert "s3cret" not in str(refused.value)
    assert "3141" not in str(refused.value)
