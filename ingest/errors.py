"""Every error that Groundskeeper raises on purpose.

    GroundskeeperError                what happened, in one sentence, and what to do about it
    ├── UsageError                    the caller asked for something that cannot be done (exit 2)
    │   ├── SettingsError             a setting has a bad value
    │   ├── DomainCardError           domain.toml is not well-formed; lists file, line and mistake
    │   └── CorpusError               the corpus folder is missing or holds nothing to index
    ├── DocumentError                 one document cannot be read; the rest of the corpus can
    │   ├── EncryptedDocument
    │   └── UnsupportedDocument
    ├── IndexUnavailable              there is no index that can answer
    │   ├── IndexMissing              nothing was indexed yet
    │   ├── IndexMismatch             built by another embedding model or schema
    │   ├── IndexBusy                 another process is reindexing
    │   └── IndexDamaged              the files are there and cannot be used
    ├── ModelError                    a model cannot be used
    │   ├── ModelMissing              not installed, not pulled, no such file
    │   ├── ModelUnsupported          its files ask for something that we cannot do
    │   ├── ModelIntegrityError       its digest is not the pinned one
    │   ├── ModelUnavailable          its server is down or refuses
    │   └── ModelTimeout              it took longer than it may
    ├── LimitExceeded                 a question too long, a queue too full
    └── ReviewError                   the review queue says no
        ├── NotSignedIn               no session, or one that has ended
        ├── ReportNotFound
        ├── ReportConflict            another moderator was faster
        └── InvalidTransition         this state cannot follow that one

Foreign exceptions (SQLAlchemy's, Chroma's, OpenVINO's, pypdf's, Ollama's) become one of these
at the boundary where the library is called; whatever else escapes is our own bug and is loud.
"""

from __future__ import annotations


class GroundskeeperError(Exception):
    """A failure that a person can understand and act on.

    `message` says what happened; `hint` says what to do and may be empty. `str()` joins them.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(GroundskeeperError):
    """The caller asked for something that cannot be done."""


class SettingsError(UsageError):
    """A setting has a value that cannot be used."""


class DomainCardError(UsageError):
    """The domain card is not well-formed.

    `mistakes` holds one line each, as `path:line: what is wrong`.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class CorpusError(UsageError):
    """The corpus folder is missing or holds nothing that can be indexed."""


class DocumentError(GroundskeeperError):
    """One document cannot be read."""


class EncryptedDocument(DocumentError):
    """The document is locked by a password."""


class UnsupportedDocument(DocumentError):
    """No loader reads this kind of file."""


class IndexUnavailable(GroundskeeperError):
    """There is no index that can answer."""


class IndexMissing(IndexUnavailable):
    """Nothing was indexed yet."""


class IndexMismatch(IndexUnavailable):
    """The index was built by another embedding model or schema."""


class IndexBusy(IndexUnavailable):
    """Another process is reindexing this domain."""


class IndexDamaged(IndexUnavailable):
    """The index files are there and cannot be used."""


class StillOpening(GroundskeeperError):
    """The index and the models are being opened, which takes a few seconds."""


class ModelError(GroundskeeperError):
    """A model cannot be used."""


class ModelMissing(ModelError):
    """The model is not installed, not pulled, or its file is not there."""


class ModelUnsupported(ModelError):
    """The model's files are there and ask for something that we cannot do."""


class ModelIntegrityError(ModelError):
    """The model's digest is not the pinned one."""


class ModelUnavailable(ModelError):
    """The model's server is down or refuses."""


class ModelTimeout(ModelError):
    """The model took longer than it may."""


class LimitExceeded(GroundskeeperError):
    """A question is too long or too many came at once."""


class ReviewError(GroundskeeperError):
    """The review queue refuses what was asked of it."""


class NotSignedIn(ReviewError):
    """No session, or one that has ended, or a role that may not do this."""


class ReportNotFound(ReviewError):
    """No report has this reference."""


class ReportConflict(ReviewError):
    """Another moderator changed the report in the meantime."""


class ReportHeld(ReviewError):
    """Another moderator has claimed the report."""


class InvalidTransition(ReviewError):
    """The report's state does not allow this step."""
