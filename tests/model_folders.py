"""Tiny models of several architectures, made from a seed: folders as their trainers save them.

tools/make_encoder_references.py reads the same folders with the reference implementation, so
nothing here may need more than numpy and tokenizers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HIDDEN, WIDE, LAYERS, HEADS, POSITIONS = 32, 64, 2, 4, 66
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!-'"
WORDS = ["the", "of", "and", "to", "a", "in", "is", "what", "how", "birds", "finches", "eat"]
WORDS += ["seed", "nest", "box", "sun", "##s", "##ing", "##er"]
TEXTS = [
    "",
    "finches",
    "What do finches eat?",
    "The nest box is in the sun.",
    "Birds eat the seed of the sunflower, and of 12 other plants; and then they sing!",
    "line one\nline two\n\n- item  spaced",
    "an unusually long text about birds " * 12,
]
QUESTION = "What do finches eat?"
PASSAGES = [
    "Finches eat the seed of the sunflower.",
    "The nest box is in the sun.",
    "",
    "birds and finches eat seed in the nest box " * 10,
]
Json = dict[str, Any]


def make_sentence_models(root: Path) -> dict[str, Path]:
    """Write one folder for each kind of sentence encoder; return them by name."""
    made = {}
    for number, (name, writer) in enumerate(SENTENCE_MODELS.items()):
        made[name] = root / name
        writer(made[name], np.random.default_rng(number))
    return made


def make_cross_encoders(root: Path) -> dict[str, Path]:
    """Write one folder for each kind of cross-encoder; return them by name."""
    made = {}
    for number, kind in enumerate(("bert", "roberta", "distilbert")):
        made[f"{kind}-pairs"] = root / f"{kind}-pairs"
        make_cross_encoder(made[f"{kind}-pairs"], kind, np.random.default_rng(100 + number))
    return made


def bert_mean(folder: Path, rng: np.random.Generator) -> None:
    """The layout of all-MiniLM-L6-v2: switches for the pooling, and a limit of its own."""
    _transformer(folder, "bert", rng)
    _json(folder / "sentence_bert_config.json", {"max_seq_length": 40, "do_lower_case": False})
    _modules(folder, ["Transformer", "Pooling", "Normalize"])
    _pooling(folder, pooling_mode_mean_tokens=True)


def bert_cls_dense(folder: Path, rng: np.random.Generator) -> None:
    """The layout of mdbr-leaf-ir: a question's prompt, and a dense layer with bias on top."""
    _transformer(folder / "0_Transformer", "bert", rng, act="gelu_new", prefix="bert.")
    _modules(folder, ["Transformer", "Pooling", "Dense", "Normalize"], "0_Transformer")
    _pooling(folder, pooling_mode="cls", include_prompt=True)
    _dense(folder / "2_Dense", HIDDEN, 48, "torch.nn.modules.linear.Identity", rng)
    _json(folder / "config_sentence_transformers.json", {"prompts": {"query": "what is the: "}})


def bert_joined(folder: Path, rng: np.random.Generator) -> None:
    """Three poolings side by side, a dense layer without bias but with tanh; float16; no length."""
    _transformer(folder, "bert", rng, act="relu", dtype="F16")
    _modules(folder, ["Transformer", "Pooling", "Dense"])
    modes = ["cls_token", "max_tokens", "mean_sqrt_len_tokens"]
    _pooling(folder, **{f"pooling_mode_{mode}": True for mode in modes})
    tanh = "torch.nn.modules.activation.Tanh"
    _dense(folder / "2_Dense", 3 * HIDDEN, 24, tanh, rng, bias=False)


def roberta_mean(folder: Path, rng: np.random.Generator) -> None:
    """Positions counted from behind the padding's number; weights in bfloat16."""
    _transformer(folder, "roberta", rng, prefix="roberta.", dtype="BF16")
    _modules(folder, ["Transformer", "Pooling"])
    _pooling(folder, pooling_mode=["mean"])


def xlm_roberta_prompts(folder: Path, rng: np.random.Generator) -> None:
    """The layout of multilingual-e5: a unigram tokenizer, prompts for questions and passages."""
    _transformer(folder, "xlm-roberta", rng)
    _modules(folder, ["Transformer", "Pooling", "Normalize"])
    _pooling(folder, pooling_mode_mean_tokens=True)
    prompts = {"query": "query: ", "passage": "passage: "}
    _json(folder / "config_sentence_transformers.json", {"prompts": prompts})


def distilbert_plain(folder: Path, rng: np.random.Generator) -> None:
    """A bare transformer's folder: no modules.json means the mean of the tokens."""
    _transformer(folder, "distilbert", rng)


SENTENCE_MODELS = {
    "bert-mean": bert_mean,
    "bert-cls-dense": bert_cls_dense,
    "bert-joined": bert_joined,
    "roberta-mean": roberta_mean,
    "xlm-roberta-prompts": xlm_roberta_prompts,
    "distilbert-plain": distilbert_plain,
}


def make_cross_encoder(folder: Path, kind: str, rng: np.random.Generator, outputs: int = 1) -> None:
    """Write a model for sequence classification, as ms-marco-MiniLM-L-6-v2 is one."""
    tensors = {}
    if kind == "bert":
        tensors |= _linear("bert.pooler.dense", HIDDEN, HIDDEN, rng)
        tensors |= _linear("classifier", HIDDEN, outputs, rng)
    elif kind == "roberta":
        tensors |= _linear("classifier.dense", HIDDEN, HIDDEN, rng)
        tensors |= _linear("classifier.out_proj", HIDDEN, outputs, rng)
    else:
        tensors |= _linear("pre_classifier", HIDDEN, HIDDEN, rng)
        tensors |= _linear("classifier", HIDDEN, outputs, rng)
    _transformer(folder, kind, rng, prefix=f"{kind}.", more=tensors, labels=outputs)


# --- files ------------------------------------------------------------------------------------


def _transformer(
    folder: Path,
    kind: str,
    rng: np.random.Generator,
    *,
    act: str = "gelu",
    prefix: str = "",
    dtype: str = "F32",
    more: dict[str, NDArray[np.float32]] | None = None,
    labels: int = 0,
) -> None:
    tokenizer = _TOKENIZERS[kind]()
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = _config(kind, act, tokenizer.get_vocab_size())
    suffix = "ForSequenceClassification" if labels else "Model"
    config["architectures"] = [_CLASSES[kind] + suffix]
    if labels:
        config["id2label"] = {str(i): f"LABEL_{i}" for i in range(labels)}
    _json(folder / "config.json", config)
    special = _special(kind)
    limit = POSITIONS - 2 if "roberta" in kind else POSITIONS
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if kind == "bert" else [])]
    told = {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": names}
    _json(folder / "tokenizer_config.json", {**told, "model_max_length": limit, **special})
    build = _distilbert_weights if kind == "distilbert" else _bert_weights
    tensors = build(tokenizer.get_vocab_size(), 1 if "roberta" in kind else 2, rng)
    named = {f"{prefix}{name}": value for name, value in tensors.items()} | (more or {})
    save_tensors(folder / "model.safetensors", named, dtype)


def _config(kind: str, act: str, vocabulary: int) -> Json:
    shared = {"model_type": kind, "vocab_size": vocabulary, "max_position_embeddings": POSITIONS}
    if kind == "distilbert":
        sizes = {"dim": HIDDEN, "hidden_dim": WIDE, "n_layers": LAYERS, "n_heads": HEADS}
        return {**shared, **sizes, "activation": act, "pad_token_id": 0}
    roberta = kind != "bert"
    return {
        **shared,
        "hidden_size": HIDDEN,
        "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_act": act,
        "layer_norm_eps": 1e-5 if roberta else 1e-12,
        "type_vocab_size": 1 if roberta else 2,
        "pad_token_id": 1 if roberta else 0,
    }


def _bert_weights(vocabulary: int, types: int, rng: np.random.Generator) -> dict[str, Any]:
    weights = {
        "embeddings.word_embeddings.weight": _normal((vocabulary, HIDDEN), rng, 1.0),
        "embeddings.position_embeddings.weight": _normal((POSITIONS, HIDDEN), rng, 0.5),
        "embeddings.token_type_embeddings.weight": _normal((types, HIDDEN), rng, 0.5),
        **_norm("embeddings.LayerNorm", rng),
    }
    for i in range(LAYERS):
        name = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            weights |= _linear(f"{name}attention.self.{part}", HIDDEN, HIDDEN, rng)
        weights |= _linear(f"{name}attention.output.dense", HIDDEN, HIDDEN, rng)
        weights |= _norm(f"{name}attention.output.LayerNorm", rng)
        weights |= _linear(f"{name}intermediate.dense", HIDDEN, WIDE, rng)
        weights |= _linear(f"{name}output.dense", WIDE, HIDDEN, rng)
        weights |= _norm(f"{name}output.LayerNorm", rng)
    return weights


def _distilbert_weights(vocabulary: int, types: int, rng: np.random.Generator) -> dict[str, Any]:
    weights = {
        "embeddings.word_embeddings.weight": _normal((vocabulary, HIDDEN), rng, 1.0),
        "embeddings.position_embeddings.weight": _normal((POSITIONS, HIDDEN), rng, 0.5),
        **_norm("embeddings.LayerNorm", rng),
    }
    for i in range(LAYERS):
        name = f"transformer.layer.{i}."
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            weights |= _linear(f"{name}attention.{part}", HIDDEN, HIDDEN, rng)
        weights |= _norm(f"{name}sa_layer_norm", rng)
        weights |= _linear(f"{name}ffn.lin1", HIDDEN, WIDE, rng)
        weights |= _linear(f"{name}ffn.lin2", WIDE, HIDDEN, rng)
        weights |= _norm(f"{name}output_layer_norm", rng)
    return weights


def _linear(
    name: str, inputs: int, outputs: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    weight = _normal((outputs, inputs), rng, 1.5 / inputs**0.5)
    return {f"{name}.weight": weight, f"{name}.bias": _normal((outputs,), rng, 0.2)}


def _norm(name: str, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    weight = _normal((HIDDEN,), rng, 0.2) + np.float32(1.0)
    return {f"{name}.weight": weight, f"{name}.bias": _normal((HIDDEN,), rng, 0.2)}


def _normal(shape: tuple[int, ...], rng: np.random.Generator, scale: float) -> NDArray[np.float32]:
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def _dense(
    folder: Path,
    inputs: int,
    outputs: int,
    activation: str,
    rng: np.random.Generator,
    *,
    bias: bool = True,
) -> None:
    sizes = {"in_features": inputs, "out_features": outputs}
    _json(folder / "config.json", {**sizes, "bias": bias, "activation_function": activation})
    tensors = _linear("linear", inputs, outputs, rng)
    if not bias:
        del tensors["linear.bias"]
    save_tensors(folder / "model.safetensors", tensors)


def save_tensors(path: Path, tensors: dict[str, Any], dtype: str = "F32") -> None:
    """Write a safetensors file (its length, its header, its bytes); BF16 halves each float32."""
    header: Json = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, value in tensors.items():
        values = np.ascontiguousarray(value, dtype="<f4")
        raw = (values.view("<u4") >> 16).astype("<u2") if dtype == "BF16" else values
        raw = values.astype("<f2") if dtype == "F16" else raw
        start, data = len(data), data + raw.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(value.shape),
            "data_offsets": [start, len(data)],
        }
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def _pooling(folder: Path, **told: object) -> None:
    _json(folder / "1_Pooling/config.json", {"word_embedding_dimension": HIDDEN, **told})


def _modules(folder: Path, kinds: list[str], first: str = "") -> None:
    entries = []
    for i, kind in enumerate(kinds):
        path = first if i == 0 else f"{i}_{kind}"
        entries.append({"idx": i, "name": str(i), "path": path, "type": _MODULE.format(kind)})
    _json(folder / "modules.json", entries)


_MODULE = "sentence_transformers.models.{}"


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


# --- tokenizers -------------------------------------------------------------------------------

_CLASSES = {
    "bert": "Bert",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
    "distilbert": "DistilBert",
}


def _special(kind: str) -> Json:
    if kind in ("bert", "distilbert"):
        names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    else:
        names = {"pad": "<pad>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}
    return {f"{key}_token": value for key, value in names.items()}


def _wordpiece() -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS]
    pieces += [f"##{letter}" for letter in LETTERS if letter.isalnum()]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    # As in MiniLM's own file, which asks for both; who reads it must not be bound by them.
    tokenizer.enable_truncation(16)
    tokenizer.enable_padding(length=16)
    return tokenizer


def _byte_level() -> Tokenizer:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces += sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("Ġ", "s"), ("e", "e"), ("Ġ", "b")]
    pieces += ["".join(pair) for pair in merges]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(pieces[:5])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _unigram() -> Tokenizer:
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(f"▁{word}", -3.0) for word in WORDS if not word.startswith("#")]
    pieces += [(letter, -5.0) for letter in LETTERS + ":;" + LETTERS[:26].upper()]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer


_TOKENIZERS = {
    "bert": _wordpiece,
    "distilbert": _wordpiece,
    "roberta": _byte_level,
    "xlm-roberta": _unigram,
}
