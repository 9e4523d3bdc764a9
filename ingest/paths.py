"""Where a domain's index and reports are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from ingest.domain import DomainCard
from ingest.settings import Settings

IDENTIFIER_CHARS = 63  # PostgreSQL cuts longer names off


@dataclass(frozen=True)
class DatabaseSchema:
    """A schema of its own in a PostgreSQL database; the URL may hold a password."""

    url: str = field(repr=False)
    schema: str


@dataclass(frozen=True)
class ChromaServer:
    """A Chroma server that somebody else runs, and the headers that its proxy wants."""

    url: str
    headers: Mapping[str, SecretStr] = field(default_factory=dict, repr=False, hash=False)


ReportsLocation = Path | DatabaseSchema


@dataclass(frozen=True)
class DomainPaths:
    """The files of one domain under `data_dir`.

    All but `reports`, `counts` and `eval_history` can be made again. `database_url` names the
    PostgreSQL database that holds the reports in place of a file, `chroma_server` a server that
    holds the vectors in place of one of our own.
    """

    folder: Path
    database_url: str = field(default="", repr=False)
    chroma_server: ChromaServer | None = None

    @property
    def database(self) -> Path:
        """The index's SQL database."""
        return self.folder / "index.sqlite3"

    @property
    def chroma(self) -> Path:
        """The folder of Chroma and its server."""
        return self.folder / "chroma"

    @property
    def lexical(self) -> Path:
        """The folder of the full-text index."""
        return self.folder / "lexical"

    @property
    def index_id(self) -> Path:
        """By what name this index is known to a Chroma server that holds others' too."""
        return self.folder / "index.id"

    @property
    def staging(self) -> Path:
        """What a reindex has read and not yet shown; of no use to anybody else."""
        return self.folder / "staging.sqlite3"

    def vectors(self, collection: str) -> Path:
        """The file with the vectors of a collection, for comparing them one by one."""
        return self.folder / f"{collection}.f32"

    @property
    def reindex_lock(self) -> Path:
        """Held by the one reindex that may run; released by the kernel if it dies."""
        return self.folder / "reindex.lock"

    @property
    def reports(self) -> ReportsLocation:
        """Where the review queue is: an SQLite file, or the domain's own schema in PostgreSQL."""
        if self.database_url:
            return DatabaseSchema(self.database_url, schema_name(self.folder.name))
        return self.folder / "reports.sqlite3"

    @property
    def trials(self) -> Path:
        """What trying rules on the pack's own questions worked out."""
        return self.folder / "trials.sqlite3"

    @property
    def counts(self) -> Path:
        """How many questions a day were answered or not, and why not."""
        return self.folder / "counts.sqlite3"

    @property
    def eval_history(self) -> Path:
        """What evaluations measured, one JSON object a line."""
        return self.folder / "eval-history.jsonl"


def domain_paths(settings: Settings, card: DomainCard) -> DomainPaths:
    """Return where the given domain is kept."""
    url = settings.database_url.get_secret_value()
    server = ChromaServer(settings.chroma_url, settings.chroma_headers)
    folder = settings.data_dir / card.domain.id
    return DomainPaths(folder, url, server if settings.chroma_url else None)


def schema_name(domain: str) -> str:
    """Return the name of the schema for a domain's reports; no two domains share one."""
    name = f"groundskeeper_{domain}"
    if len(name) <= IDENTIFIER_CHARS:
        return name
    digest = hashlib.sha256(domain.encode()).hexdigest()[:8]
    return f"{name[: IDENTIFIER_CHARS - 9]}_{digest}"
