"""A fake Ollama server: real HTTP on loopback, the answers of its API reference, no models.

It follows docs/api.md of Ollama's repository: `GET /api/tags`, `GET /api/ps` (models that were
used, which stay loaded), `POST /api/show`, `/api/chat`
(newline-delimited JSON, the last line with `done`), `/api/embed`, and errors as
`{"error": ...}`. Where servers differ it is the strictest: like some versions it refuses `think`
for models that cannot. A `format` has to be "json" or a JSON schema; whether a model keeps to it
is up to its `answer`, as there are models that do not (issues 14645 and 15260).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np


@dataclass
class FakeModel:
    """A model that a fake server has pulled; what it says and how it fails can be changed.

    `answer` is cut into words like tokens. `fails`: "cut" closes the connection in the middle,
    "error" sends an error line in the middle, "ends" stops without `done`, "refuses" is an error
    at once. `delay` is how many seconds it is silent before the first and each further word.
    `loaded_digest` is that of what is loaded when the model is used, if that is another.
    """

    name: str = "fake:latest"
    digest: str = "a1" * 32
    answer: str = "The sky is blue because of scattering [1]."
    context_length: int = 8_192
    capabilities: tuple[str, ...] = ("completion",)
    remote_host: str = ""
    remote_model: str = ""
    loaded_digest: str = ""
    fails: Literal["", "cut", "error", "ends", "refuses"] = ""
    delay: float = 0.0
    dimension: int = 32
    parameters: int = 0


@dataclass
class Recorded:
    """A request as it came."""

    path: str
    body: dict[str, Any] = field(default_factory=dict)


class FakeOllama(ThreadingHTTPServer):
    """The server; use it in a `with` statement, `url` is its address."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *models: FakeModel, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.models = list(models)
        self.loaded: dict[str, FakeModel] = {}
        self.requests: list[Recorded] = []
        self.aborted = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def find(self, name: str) -> FakeModel | None:
        wanted = name if ":" in name else f"{name}:latest"
        return next((model for model in self.models if model.name == wanted), None)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [request.body for request in self.requests if request.path == path]

    def __enter__(self) -> FakeOllama:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FakeOllama
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append(Recorded(self.path))
        if self.path == "/api/tags":
            self._send({"models": [_listed(model) for model in self.server.models]})
        elif self.path == "/api/ps":
            self._send({"models": [_running(model) for model in self.server.loaded.values()]})
        else:
            self._send_text(404, "404 page not found")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(Recorded(self.path, body))
        endpoints = {"/api/show": self._show, "/api/chat": self._chat, "/api/embed": self._embed}
        if self.path not in endpoints:
            self._send_text(404, "404 page not found")
        elif model := self.server.find(body.get("model", "")):
            endpoints[self.path](model, body)
        elif self.path == "/api/chat":
            self._send({"error": f"model '{body['model']}' not found"}, 404)
        else:
            error = f'model "{body["model"]}" not found, try pulling it first'
            self._send({"error": error}, 404)

    def _show(self, model: FakeModel, _: dict[str, Any]) -> None:
        info: dict[str, Any] = {
            "general.architecture": "llama",
            "llama.context_length": model.context_length,
        }
        if model.parameters:
            info["general.parameter_count"] = model.parameters
        self._send(
            {
                "template": "{{ .Prompt }}",
                "details": {"format": "gguf", "family": "llama"},
                "model_info": info,
                "capabilities": list(model.capabilities),
            }
        )

    def _chat(self, model: FakeModel, body: dict[str, Any]) -> None:
        self.server.loaded[model.name] = model
        if body.get("think") is not None and "thinking" not in model.capabilities:
            self._send({"error": f'"{model.name}" does not support thinking'}, 400)
        elif not (body.get("format") in (None, "", "json") or isinstance(body["format"], dict)):
            self._send({"error": f"invalid format: {body['format']!r}"}, 400)
        elif model.fails == "refuses":
            self._send({"error": "model requires more system memory than is available"}, 500)
        else:
            time.sleep(model.delay)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._write_lines(model, body)
            except OSError:
                self.server.aborted.set()

    def _write_lines(self, model: FakeModel, body: dict[str, Any]) -> None:
        text, reason = _limited(model.answer, body.get("options", {}))
        words = re.findall(r"\s*\S+", text)
        for i, word in enumerate(words):
            if model.fails and i == len(words) // 2:
                return self._fail(model.fails)
            message = {"role": "assistant", "content": word}
            self._write_line({"model": model.name, "message": message, "done": False})
            time.sleep(model.delay)
        self._write_line(
            {
                "model": model.name,
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": reason,
                "prompt_eval_count": sum(len(m["content"].split()) for m in body["messages"]),
                "eval_count": len(words),
            }
        )
        self._write_chunk(b"")
        return None

    def _fail(self, how: str) -> None:
        if how == "error":
            self._write_line({"error": "an error was encountered while running the model"})
        if how == "cut":
            self.close_connection = True
        else:
            self._write_chunk(b"")

    def _embed(self, model: FakeModel, body: dict[str, Any]) -> None:
        self.server.loaded[model.name] = model
        if model.fails == "refuses":
            self._send({"error": "the input length exceeds the context length"}, 400)
            return
        time.sleep(model.delay)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [_vector(model, text) for text in texts]
        self._send({"model": model.name, "embeddings": vectors, "prompt_eval_count": len(texts)})

    def _write_line(self, value: object) -> None:
        self._write_chunk(json.dumps(value).encode() + b"\n")

    def _write_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _send(self, value: object, status: int = 200) -> None:
        self._send_text(status, json.dumps(value), "application/json; charset=utf-8")

    def _send_text(self, status: int, text: str, kind: str = "text/plain") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _listed(model: FakeModel) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": model.name,
        "model": model.name,
        "modified_at": "2026-10-03T23:34:03.409490317-07:00",
        "size": 3_338_801_804,
        "digest": model.digest,
        "details": {"format": "gguf", "family": "llama", "parameter_size": "3.2B"},
    }
    remote = {"remote_host": model.remote_host, "remote_model": model.remote_model}
    return entry | {key: value for key, value in remote.items() if value}


def _running(model: FakeModel) -> dict[str, Any]:
    entry = _listed(model) | {"expires_at": "2026-10-03T23:39:03-07:00", "size_vram": 0}
    del entry["modified_at"]
    return entry | ({"digest": model.loaded_digest} if model.loaded_digest else {})


def _limited(answer: str, options: dict[str, Any]) -> tuple[str, str]:
    """Apply `stop` and `num_predict` as a model's runner does."""
    for stop in options.get("stop", []):
        answer = answer.partition(stop)[0]
    words = re.findall(r"\s*\S+", answer)
    most = options.get("num_predict", -1)
    if 0 <= most < len(words):
        return "".join(words[:most]), "length"
    return answer, "stop"


def _vector(model: FakeModel, text: str) -> list[float]:
    """Hash words into a unit vector, so that like texts have like vectors."""
    vector = np.full(model.dimension, 1e-3)
    for word in re.findall(r"\w+", text.lower()):
        hashed = hashlib.sha256(f"{model.digest} {word}".encode()).digest()
        vector[int.from_bytes(hashed[:4]) % model.dimension] += 1 if hashed[4] % 2 else -1
    return [float(x) for x in vector / np.linalg.norm(vector)]
