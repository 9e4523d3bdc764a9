"""Settings: environment (`GROUNDSKEEPER_*`), then `groundskeeper.toml`, then these defaults."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from ingest.errors import SettingsError

SETTINGS_FILE = "groundskeeper.toml"
ENV_PREFIX = "GROUNDSKEEPER_"
# What other programs call a setting of ours.
COMMON_NAMES = {"ollama_host": "OLLAMA_HOST", "database_url": "DATABASE_URL"}
# One source of the Content-Security-Policy's `frame-ancestors`.
FrameSource = Annotated[
    str, StringConstraints(pattern=r"^(\*|https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?)$")
]


class Settings(BaseSettings):
    """What an operator can choose; relative paths count from the working directory.

    `model`: "embedded", "ollama:NAME", or "PROVIDER:NAME" for any LangChain chat model.
    `embedding`: "embedded", "folder:PATH", "ollama:NAME" or "PROVIDER:NAME"; its two prompts stand
    in front of what it embeds, in place of those that the model's folder names. `reranker`:
    "features", "none", or "folder:PATH" of a cross-encoder. `guard_model`: empty, or
    "ollama:llama-guard3" or "ollama:granite3-guardian", which must then approve of each question
    and each answer. `answer_mode`: "compose" lets the model write sentences, each of which is then
    verified; "choose" lets it only choose sentences of the evidence, which are quoted; "auto" lets
    all compose but the embedded one and those of an Ollama server with less than two billion
    weights. `data_dir` holds the index and the reports, one folder for each domain. Times
    are in seconds.

    `questions_per_minute` is for each session, `address_questions_per_minute` for all sessions
    of one address together. `address_header` names the header in which a proxy in front of the
    app tells the visitor's address ("X-Forwarded-For"); leave it empty where there is none, for
    anybody can send a header. `concurrent_answers`: for how many evidence is looked for at once,
    and how many are written at once, 0 for as many as there are processor cores; `queue_length`
    more may wait, for `queue_seconds`, before either.
    `answer_seconds` bounds a whole answer, `model_timeout` the silence of a model.
    A report that a moderator has claimed is free again `claim_minutes` after the last change.
    `reports_retention_days`: how long `reports purge` keeps what closed reports say.
    `open_topics_days`: how long is kept what was asked about and left open; 0 keeps nothing.
    `public_url` is where people reach the app, for links in what it sends. Reports at least as bad
    as `notify_from_severity` are told to `webhook_url`, signed with `webhook_secret` (both as
    Standard Webhooks has them), and by mail to `mail_to` (several parted by commas). With
    `smtp_url` ("smtps://user:password@host:465", "smtp://…:587" for STARTTLS, "smtp+plain://…")
    and `mail_from` mail is sent, also to who left an address with a report that was closed.
    `address_reports_per_hour` is how many reports one address may send.
    `embedded_on`: the sites whose pages may show the chat alone (`?embed=true`) in a frame, as
    "https://www.example.edu" or "https://*.example.edu"; "*" for any, an empty list for none.
    `database_url`: empty, or the PostgreSQL database that holds the reports in place of a file
    (postgresql://user:password@host/database); also read from DATABASE_URL. The index stays in
    `data_dir`.
    `chroma_url`: empty, or a Chroma server that holds the vectors in place of our own on loopback,
    asked with `chroma_headers` (docs/operating.md). `embedding_cache_megabytes`: how much is kept
    of the vectors of texts that are not in the corpus any more, for when they come back.
    A sign-in ends after `session_minutes`, or `session_idle_minutes` after its last page. With an
    identity provider (docs/moderators.md) whoever has an address among `oidc_moderators` or
    `oidc_administrators` signs in there, or a group among `oidc_moderator_groups` or
    `oidc_administrator_groups` in the claim `oidc_group_claim`; `local_accounts` then may be off.
    `phone_region`: in which country a telephone number without a country code is (ISO 3166).
    `allow_remote_models`: whether an Ollama server may send prompts on to somebody else's.

    A document that is over one of its limits is marked failed (docs/formats.md): the size of its
    file, the pages of a PDF, the time and the memory that reading it takes, the files in an
    archive, their size unpacked, and the archives within archives. `document_passwords` are tried
    on locked files; `ocr_languages` are Tesseract's names for the languages of scanned pages.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, toml_file=SETTINGS_FILE, extra="forbid", frozen=True
    )

    domain: Path = Path("corpus/colleges")
    data_dir: Path = Path(".groundskeeper")
    database_url: SecretStr = SecretStr("")
    chroma_url: str = Field("", pattern=r"^(https?://[^\s?#@]+)?$")
    chroma_headers: dict[str, SecretStr] = Field(default_factory=dict)
    embedding_cache_megabytes: int = Field(256, ge=0, le=1_000_000)
    model: str = Field("embedded", pattern=r"^(embedded|[a-z_]+:\S+)$")
    embedding: str = Field("embedded", pattern=r"^(embedded|folder:.+|[a-z_]+:\S+)$")
    embedding_query_prompt: str | None = Field(None, max_length=1_000)
    embedding_passage_prompt: str | None = Field(None, max_length=1_000)
    guard_model: str = Field("", pattern=r"^(ollama:\S+)?$")
    reranker: str = Field("features", pattern=r"^(features|none|folder:.+)$")
    models_file: Path = Path("models.toml")
    ollama_host: str = "http://127.0.0.1:11434"
    answer_mode: Literal["auto", "choose", "compose"] = "auto"
    model_timeout: float = Field(60.0, gt=0, le=3600)
    question_max_chars: int = Field(2_000, ge=50, le=100_000)
    questions_per_minute: int = Field(30, ge=1, le=10_000)
    address_questions_per_minute: int = Field(120, ge=1, le=1_000_000)
    address_header: str = ""
    concurrent_answers: int = Field(0, ge=0, le=1_000)
    queue_length: int = Field(50, ge=0, le=10_000)
    queue_seconds: float = Field(60.0, gt=0, le=3600)
    answer_seconds: float = Field(120.0, gt=0, le=3600)
    reports_retention_days: int = Field(365, ge=0, le=36_500)
    open_topics_days: int = Field(90, ge=0, le=3_660)
    claim_minutes: int = Field(30, ge=1, le=10_080)
    public_url: str = Field("", pattern=r"^(https?://[^\s?#]+)?$")
    notify_from_severity: Literal["low", "normal", "high", "urgent"] = "high"
    webhook_url: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    mail_to: str = ""
    address_reports_per_hour: int = Field(30, ge=1, le=1_000_000)
    phone_region: str = Field("US", pattern=r"^[A-Z]{2}$")
    allow_remote_models: bool = False
    document_megabytes: int = Field(100, ge=1, le=4_096)
    document_pages: int = Field(5_000, ge=1, le=1_000_000)
    document_seconds: float = Field(60.0, gt=0, le=86_400)
    document_memory_megabytes: int = Field(1_024, ge=64, le=1_048_576)
    document_passwords: tuple[SecretStr, ...] = ()
    ocr_languages: str = Field("eng", pattern=r"^[A-Za-z_]+(\+[A-Za-z_]+)*$")
    archive_files: int = Field(10_000, ge=1, le=1_000_000)
    archive_megabytes: int = Field(400, ge=1, le=65_536)
    archive_depth: int = Field(2, ge=1, le=10)
    session_minutes: int = Field(60, ge=1, le=10_080)
    session_idle_minutes: int = Field(30, ge=1, le=10_080)
    local_accounts: bool = True
    oidc_moderators: tuple[str, ...] = ()
    oidc_administrators: tuple[str, ...] = ()
    oidc_group_claim: str = ""
    oidc_moderator_groups: tuple[str, ...] = ()
    oidc_administrator_groups: tuple[str, ...] = ()
    embedded_on: tuple[FrameSource, ...] = ("*",)
    host: str = "localhost"
    port: int = Field(8501, ge=0, le=65_535)

    @field_validator("ollama_host", mode="before")
    @classmethod
    def _with_scheme(cls, host: object) -> object:
        """OLLAMA_HOST is often given as host:port, as Ollama itself accepts it."""
        if not isinstance(host, str) or "://" in host:
            return host
        name, _, port = host.partition(":")
        # An address to listen on; to connect, it means this machine.
        name = "127.0.0.1" if name in ("", "0.0.0.0") else name  # noqa: S104
        return f"http://{name}:{port or '11434'}"

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if text and not re.match(r"postgres(ql)?(\+\w+)?://", text):
            raise ValueError("it should begin with postgresql://; leave it out for a file")
        try:
            clear = text.count("@") < 2 and urlsplit(text).port != 0
        except ValueError:
            clear = False
        if not clear:
            raise ValueError(
                "host and port cannot be told; @ / ? # in a password are written %40 %2F %3F %23"
            )
        return url

    @model_validator(mode="after")
    def _somebody_can_sign_in(self) -> Settings:
        groups = self.oidc_moderator_groups + self.oidc_administrator_groups
        if bool(groups) != bool(self.oidc_group_claim):
            raise ValueError(
                "'oidc_group_claim' goes with 'oidc_moderator_groups' or"
                " 'oidc_administrator_groups'"
            )
        if not (self.local_accounts or groups or self.oidc_moderators or self.oidc_administrators):
            raise ValueError(
                "without 'local_accounts' nobody could sign in: name 'oidc_administrators'"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` (from the command line) win, None means not given.

    Raises SettingsError, which names the key, the bad value and what it should be.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    for key, name in COMMON_NAMES.items():
        if name in os.environ and f"{ENV_PREFIX}{key.upper()}" not in os.environ:
            given.setdefault(key, os.environ[name])
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(e) for e in error.errors())) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{SETTINGS_FILE} is not valid TOML: {error}.") from None
    except UnreadableVariable as error:
        raise _not_json(error) from None


def _not_json(error: UnreadableVariable) -> SettingsError:
    """Name the environment variable that should hold JSON; its value may be a secret."""
    quoted = re.search(r'field "(\w+)"', str(error))
    name = f"{ENV_PREFIX}{quoted[1].upper()}" if quoted else "An environment variable"
    return SettingsError(
        f"{name} is not valid JSON.",
        hint='A list is written ["one", "two"], a table {"Name": "value"}.',
    )


def _explain(error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"Unknown setting {key!r} in {SETTINGS_FILE}."
    if not key:  # of all settings together, secret ones among them
        return f"Settings: {error['msg'].removeprefix('Value error, ')}."
    field = Settings.model_fields.get(str(error["loc"][0]))
    if field is not None and SecretStr.__name__ in repr(field.annotation):
        return f"Setting {key!r}: {error['msg'].removeprefix('Value error, ')}."
    return f"Setting {key!r} has the value {error['input']!r}: {error['msg']}."
