"""`groundskeeper models`: which models are in use, and are they the ones that were pinned?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from ingest import model_folder
from ingest.errors import ModelError, ModelIntegrityError, UsageError
from ingest.model_pins import EMBEDDED, MINILM, SMOLLM2, ModelPins, PinnedFiles, PinnedFolder
from ingest.models import pinned_model
from ingest.ollama_server import PREFIX, OllamaModel
from ingest.ollama_store import check_store
from ingest.settings import Settings
from ui.context import AppContext
from ui.output import JsonOption, note, print_json, say

SHORT = len("sha256:") + 12

app = typer.Typer(help="See, verify and trust models.", no_args_is_help=True)


@dataclass(frozen=True)
class ModelState:
    """One model in use: `state` is verified, unverifiable, mismatch or unavailable."""

    role: str
    name: str
    state: str
    digest: str = ""
    files: int = 0
    detail: str = ""


@app.command("list")
def list_models(context: typer.Context, as_json: JsonOption = False) -> int:
    """Show the models that the settings name, with their digests."""
    settings = _settings(context)
    states = list(_states(settings, deep=False))
    if as_json:
        print_json({"models": [asdict(state) for state in states]})
        return 0
    for state in states:
        say(f"{state.role:<10} {state.name}  {state.digest[:SHORT]}  {state.state}".rstrip())
        if state.detail:
            say(f"{'':<10} {state.detail}")
    return 0


@app.command("verify")
def verify(
    context: typer.Context,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Hash an Ollama server's files as well, where they are on this machine."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Hash the files of the models in use, ask the server for its digests, and compare.

    An Ollama server does not look again at files that it has; --deep does, which takes a second
    or two for each gigabyte.
    """
    states = list(_states(_settings(context), deep=deep))
    fine = all(state.state in ("verified", "unverifiable") for state in states)
    if as_json:
        print_json({"ok": fine, "models": [asdict(state) for state in states]})
    else:
        for state in states:
            say(_told(state))
    return 0 if fine else 1


@app.command("trust")
def trust(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The model, for example ollama:llama3.2.")],
) -> int:
    """Pin the digest that a model has now, in models.toml."""
    settings = _settings(context)
    model = pinned_model(name, MINILM, settings) if name != "embedded" else None
    if model is None:
        known = ", ".join([*EMBEDDED, f"{model_folder.PREFIX}PATH", f"{PREFIX}NAME"])
        raise UsageError(f"There is no digest to trust for {name!r}: give one of {known}.")
    found = model.found()
    pins = ModelPins(settings.models_file)
    if pins.pinned(name) == found:
        say(f"{name} is trusted already.")
        return 0
    pins.trust(name, found)
    for key, digest in found.items():
        say(f"{name} ({key}): {digest}")
    note(f"Pinned in {settings.models_file}. An index made by another model needs a reindex.")
    return 0


def _settings(context: typer.Context) -> Settings:
    state: AppContext = context.obj
    return state.settings


def _states(settings: Settings, *, deep: bool) -> Iterator[ModelState]:
    roles = [("answering", settings.model, SMOLLM2), ("embedding", settings.embedding, MINILM)]
    if settings.reranker.startswith(model_folder.PREFIX):
        roles.append(("reranking", settings.reranker, MINILM))
    if settings.guard_model:
        roles.append(("guarding", settings.guard_model, SMOLLM2))
    for role, name, embedded in roles:
        try:
            model = pinned_model(name, embedded, settings)
            if model is None:
                detail = f"The provider of {name} tells no digest, so it cannot be verified."
                yield ModelState(role, name, "unverifiable", detail=detail)
            else:
                yield _verified(role, model, settings, deep)
        except ModelError as error:
            name = embedded.name if name == "embedded" else name
            state = "mismatch" if isinstance(error, ModelIntegrityError) else "unavailable"
            yield ModelState(role, name, state, detail=str(error))


def _verified(
    role: str, model: PinnedFiles | PinnedFolder | OllamaModel, settings: Settings, deep: bool
) -> ModelState:
    """Return the state of a model that is the pinned one; raises ModelError if it is not."""
    if isinstance(model, PinnedFiles | PinnedFolder):
        model.verify()
        return ModelState(role, model.name, "verified", model.digest, len(model.found()))
    digest = model.verify()
    files = check_store(model.name, digest) if deep and model.is_local else 0
    return ModelState(role, model.name, "verified", digest, files, _on_whose_word(files, deep))


def _on_whose_word(files: int, deep: bool) -> str:
    if files:
        return ""
    if deep:
        return "Its files cannot be read here: this is the server's word."
    return "This is the server's word; --deep hashes its files."


def _told(state: ModelState) -> str:
    if state.state in ("mismatch", "unavailable"):
        return f"FAIL  {state.role}: {state.detail}"
    hashed = {0: "", 1: ", 1 file hashed"}.get(state.files, f", {state.files} files hashed")
    digest = f", {state.digest}" if state.digest else ""
    return (
        f"ok    {state.role}: {state.name}, {state.state}{digest}{hashed}. {state.detail}".rstrip()
    )
