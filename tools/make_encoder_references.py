"""Make tests/data/encoder_references.json: what the reference makes of tests/model_folders.py.

It needs torch, transformers and sentence-transformers, which the project does not, so it runs in
an environment of its own: `python tools/make_encoder_references.py`. Run it again when the tiny
models change.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import sentence_transformers
import torch
import transformers
from sentence_transformers import CrossEncoder, SentenceTransformer

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "data" / "encoder_references.json"
sys.path.insert(0, str(ROOT))

from tests.model_folders import (  # noqa: E402
    PASSAGES,
    QUESTION,
    TEXTS,
    make_cross_encoders,
    make_sentence_models,
)


def main() -> None:
    """Run every tiny model in fp32 and write what it gives, rounded to six digits."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        found = {
            "made_by": {
                "sentence-transformers": sentence_transformers.__version__,
                "transformers": transformers.__version__,
                "torch": torch.__version__,
            },
            "sentences": {
                name: _sentences(path) for name, path in make_sentence_models(root).items()
            },
            "pairs": {name: _pairs(path) for name, path in make_cross_encoders(root).items()},
        }
    OUTPUT.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


def _sentences(folder: Path) -> dict[str, Any]:
    model = SentenceTransformer(str(folder), device="cpu").float()
    passages = model.encode(TEXTS, prompt=_passage_prompt(model), normalize_embeddings=True)
    questions = model.encode_query(TEXTS, normalize_embeddings=True)
    return {
        "max_tokens": model.max_seq_length,
        "questions": _rounded(questions.tolist()),
        "passages": _rounded(passages.tolist()),
    }


def _passage_prompt(model: SentenceTransformer) -> str:
    return next((model.prompts[n] for n in ("document", "passage") if model.prompts.get(n)), "")


def _pairs(folder: Path) -> list[float]:
    model = CrossEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    return _rounded(model.predict([(QUESTION, passage) for passage in PASSAGES]).tolist())


def _rounded(numbers: list[Any]) -> list[Any]:
    return [_rounded(n) if isinstance(n, list) else round(float(n), 6) for n in numbers]


if __name__ == "__main__":
    main()
