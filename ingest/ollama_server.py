"""What an Ollama server says about a model, and what its failures mean for a person.

The endpoints and their fields are those of Ollama's API reference (docs/api.md in its
repository): `GET /api/tags` lists the pulled models with their digests, `GET /api/ps` those that
are loaded, `POST /api/show` tells of one. A digest names a model's manifest, and so its weights,
template and parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

import httpx

from ingest.errors import ModelError, ModelMissing, ModelTimeout, ModelUnavailable
from ingest.model_pins import DIGEST, DIGEST_FORM, ModelPins

PREFIX = "ollama:"
CONNECT_TIMEOUT = 5.0
DEFAULT_TAG = ":latest"


@dataclass(frozen=True)
class OllamaFacts:
    """What a server tells of a model: its context in tokens, and whether it can think aloud.

    `parameters` is how many weights it has, 0 where the server does not tell.
    """

    context_tokens: int
    thinks: bool
    parameters: int = 0


class OllamaModel:
    """One model of an Ollama server, behind its pin; safe to share between threads.

    `timeout` is how many seconds the server may be silent; `client_options` are for other HTTP
    clients of the same server. `allow_remote`: also a model that the server only passes prompts
    on to. Not covered: what a server says of itself is believed; `groundskeeper models verify
    --deep` hashes its files where they are local. Of a remote model the digest names no weights.
    """

    def __init__(
        self,
        name: str,
        host: str,
        timeout: float,
        pins: ModelPins,
        *,
        allow_remote: bool = False,
    ) -> None:
        self.model = name
        self.name = PREFIX + name
        self.host = host
        self.client_options: dict[str, Any] = {
            "timeout": httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT)),
            # A connection is opened for each call: nobody has to close what is never kept.
            "limits": httpx.Limits(max_keepalive_connections=0),
            # A proxy of the environment cannot know this machine's loopback.
            "trust_env": not self.is_local,
        }
        self._timeout = timeout
        self._pins = pins
        self._allow_remote = allow_remote
        self._client = httpx.Client(base_url=host, follow_redirects=True, **self.client_options)

    def found(self) -> dict[str, str]:
        """Return the digest that the server lists; raises ModelError if it cannot be used."""
        entry = self._entry()
        if self._is_remote(entry) and not self._allow_remote:
            raise ModelError(
                f"The model {self.model!r} does not run on your Ollama server but on somebody "
                "else's, to which your questions and documents would be sent.",
                hint="Choose a model that is pulled, or allow it: `allow_remote_models`.",
            )
        digest = _digest(entry)
        if not DIGEST_FORM.fullmatch(digest):
            raise ModelUnavailable(f"{self._server} tells no digest of {self.model!r}.")
        return {DIGEST: digest}

    def verify(self) -> str:
        """Return the digest; raises ModelError if the server cannot be asked.

        Raises ModelIntegrityError if the model is not pinned or not the pinned one.
        """
        found = self.found()
        self._pins.check(self.name, found)
        return found[DIGEST]

    def verify_loaded(self) -> None:
        """Compare what the server has loaded under the model's name, after it has answered.

        Shows a server that was given another model, or was replaced, since `verify`. Raises
        ModelIntegrityError. A server that does not tell what is loaded (before Ollama 0.1.33), or
        has unloaded it at once, is not objected to.
        """
        with self.translated():
            response = self._client.get("/api/ps")
            if response.status_code == HTTPStatus.NOT_FOUND:
                return
            loaded = self._entries(_mapping(response.raise_for_status().json()))
        digests = [_digest(entry) for entry in loaded]
        # An older one that was pulled anew stays loaded for a while beside the one that is used.
        if digests and self._pins.pinned(self.name).get(DIGEST) not in digests:
            self._pins.check(self.name, {DIGEST: digests[0]})

    @cached_property
    def facts(self) -> OllamaFacts:
        """What the server tells of the model; raises ModelError."""
        shown = self._ask("POST", "/api/show", {"model": self.model})
        told = _mapping(shown.get("model_info"))
        lengths = [
            value
            for key, value in told.items()
            if key.endswith(".context_length") and isinstance(value, int)
        ]
        if not lengths:
            raise ModelUnavailable(f"{self._server} does not tell the context of {self.model!r}.")
        parameters = told.get("general.parameter_count")
        return OllamaFacts(
            max(lengths),
            "thinking" in (shown.get("capabilities") or []),
            parameters if isinstance(parameters, int) else 0,
        )

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine."""
        return httpx.URL(self.host).host in ("localhost", "127.0.0.1", "::1")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn whatever a client of the server raises into a ModelError."""
        try:
            yield
        except ModelError:
            raise
        except Exception as error:
            raise self._meaning(error) from error

    def _entry(self) -> dict[str, Any]:
        entries = self._entries(self._ask("GET", "/api/tags"))
        if not entries:
            raise self._not_pulled()
        return entries[0]

    def _entries(self, listing: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what a listing of the server's has under the model's name."""
        wanted = {self.model, self.model + DEFAULT_TAG}
        entries = map(_mapping, listing.get("models") or [])
        return [entry for entry in entries if wanted & {entry.get("name"), entry.get("model")}]

    def _is_remote(self, entry: dict[str, Any]) -> bool:
        named = entry.get("remote_host") or entry.get("remote_model")
        return bool(named) or self.model.endswith(("-cloud", ":cloud"))

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        with self.translated():
            response = self._client.request(method, path, json=body).raise_for_status()
            return _mapping(response.json())

    def _meaning(self, error: Exception) -> ModelError:
        from ollama import ResponseError  # slow to import, and seldom needed

        match error:
            case ConnectionError() | httpx.ConnectError() | httpx.ConnectTimeout():
                return ModelUnavailable(
                    f"No Ollama server answers at {self._address}.",
                    hint="Start it with `ollama serve`.",
                )
            case httpx.TimeoutException():
                return ModelTimeout(
                    f"{self._server} was silent about {self.model!r} for "
                    f"{self._timeout:g} seconds.",
                    hint="Choose a smaller model or raise `model_timeout`; `ollama ps` shows "
                    "what it is doing.",
                )
            case ResponseError():
                return self._refused(error.status_code, error.error)
            case httpx.HTTPStatusError():
                return self._refused(error.response.status_code, error.response.text)
            case httpx.HTTPError():
                return ModelUnavailable(f"{self._server} broke off its answer ({error}).")
            case json.JSONDecodeError():
                return ModelUnavailable(f"What answers at {self._address} is not Ollama.")
        return ModelUnavailable(f"{self.model!r} on {self._server} could not be used: {error}.")

    def _refused(self, status: int, why: str) -> ModelError:
        if status == HTTPStatus.NOT_FOUND and "not found" in why:
            return self._not_pulled()
        return ModelUnavailable(f"{self._server} refused {self.model!r}: {why.strip()}")

    def _not_pulled(self) -> ModelMissing:
        return ModelMissing(
            f"The model {self.model!r} is not pulled.", hint=f"Run `ollama pull {self.model}`."
        )

    @property
    def _server(self) -> str:
        return f"The Ollama server at {self._address}"

    @property
    def _address(self) -> str:
        """The host without the password that its address may hold."""
        url = httpx.URL(self.host)
        return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _digest(entry: dict[str, Any]) -> str:
    return f"sha256:{str(entry.get('digest')).removeprefix('sha256:')}"


def _mapping(value: object) -> dict[str, Any]:
    """Return a JSON object as it is and anything else as an empty one."""
    return value if isinstance(value, dict) else {}
