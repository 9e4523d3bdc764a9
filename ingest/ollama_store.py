"""A deep check of a model's files where Ollama's store is on this machine.

Ollama trusts a file of its store by its name (its issue 17520), so a file changed in place goes
unnoticed: its listing still tells the old digest. A model's digest is that of its manifest, and
the manifest names the digests of all its files, which lie in `blobs` as `sha256-...`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import ModelIntegrityError, ModelMissing
from ingest.model_pins import file_digest

# Where Ollama's FAQ says that models are: by setting, on macOS, on Linux.
DEFAULT_STORES = (Path("~/.ollama/models"), Path("/usr/share/ollama/.ollama/models"))
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")


def check_store(model: str, digest: str) -> int:
    """Hash the files of a model; return how many there were.

    0 if they are not on this machine or may not be read. `digest` is the one that the server
    lists. Raises ModelIntegrityError if a file is not what its name says, ModelMissing if one is
    damaged. A file that is not there is passed over: Ollama cannot run it either.
    """
    try:
        for store in _stores():
            if manifest := _manifest(store, digest):
                files = list(_files(store, manifest))
                for file in files:
                    _check(model, file)
                return len(files)
    except PermissionError:
        return 0
    except (OSError, ValueError) as error:
        raise ModelMissing(
            f"The files of the model {model} in Ollama's store cannot be read ({error}).",
            hint="Pull it again.",
        ) from error
    return 0


def _stores() -> Iterator[Path]:
    named = os.environ.get("OLLAMA_MODELS")
    for store in (Path(named),) if named else DEFAULT_STORES:
        if os.path.isdir(store.expanduser() / "blobs"):  # False, too, where it may not be read
            yield store.expanduser()


def _manifest(store: Path, digest: str) -> Path | None:
    """Find the manifest by its hash: it lies under the model's name or, newer, among the blobs."""
    blob = store / "blobs" / digest.replace(":", "-")
    if blob.is_file():
        return blob
    named = (path for path in store.glob("manifests*/**/*") if path.is_file())
    return next((path for path in named if file_digest(path) == digest), None)


def _files(store: Path, manifest: Path) -> Iterator[Path]:
    """Yield a manifest, if it is a blob, and all blobs that it names."""
    if manifest.parent.name == "blobs":
        yield manifest
    content = json.loads(manifest.read_text(encoding="utf-8"))
    for part in content.get("manifests", []):
        child = _blob(store, part)
        if child is not None:
            yield from _files(store, child)
    for part in [content.get("config"), *(content.get("layers") or [])]:
        blob = _blob(store, part)
        if blob is not None:
            yield blob


def _blob(store: Path, part: object) -> Path | None:
    found = _DIGEST.fullmatch(str(part.get("digest"))) if isinstance(part, dict) else None
    path = store / "blobs" / f"sha256-{found[1]}" if found else None
    return path if path is not None and path.is_file() else None


def _check(model: str, file: Path) -> None:
    expected = file.name.replace("-", ":")
    found = file_digest(file)
    if found != expected:
        raise ModelIntegrityError(
            f"A file of the model {model} was changed in Ollama's store: "
            f"expected {expected}, found {found}.",
            hint="Remove the model with `ollama rm` and pull it again.",
        )
