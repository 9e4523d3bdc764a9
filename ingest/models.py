"""From a model's name in the settings to the model behind its pin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ingest import model_folder
from ingest.errors import GroundskeeperError, SettingsError
from ingest.model_pins import EMBEDDED, EmbeddedModel, ModelPins, PinnedFiles, PinnedFolder
from ingest.ollama_server import PREFIX, OllamaModel
from ingest.settings import Settings


def pinned_model(
    name: str, embedded: EmbeddedModel, settings: Settings
) -> PinnedFiles | PinnedFolder | OllamaModel | None:
    """Return the files or the server's model that a name means; None for other providers.

    `name` is "embedded", which means `embedded`, the name of an embedded model, "folder:PATH" or
    "ollama:NAME". Nothing is verified yet. Raises ModelMissing and SettingsError.
    """
    pins = ModelPins(settings.models_file)
    if name == "embedded" or name in EMBEDDED:
        return PinnedFiles(EMBEDDED.get(name, embedded), pins)
    if name.startswith(model_folder.PREFIX):
        return PinnedFolder(name, pins)
    if name.startswith(PREFIX):
        return OllamaModel(
            name.removeprefix(PREFIX),
            settings.ollama_host,
            settings.model_timeout,
            pins,
            allow_remote=settings.allow_remote_models,
        )
    return None


@contextmanager
def provider_errors(setting: str, name: str) -> Iterator[None]:
    """Turn what LangChain raises while it sets up a provider's model into a SettingsError."""
    try:
        yield
    except GroundskeeperError:
        raise
    except ImportError as error:
        package = re.search(r"langchain-[a-z0-9-]+", str(error))
        hint = f"Run `.venv/bin/python -m pip install {package[0]}`." if package else ""
        raise SettingsError(
            f"Setting {setting!r} has the value {name!r}, whose package is not installed"
            + ("." if package else f" ({error})."),
            hint=hint,
        ) from error
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise SettingsError(f"Setting {setting!r} has the value {name!r}: {first}") from error
