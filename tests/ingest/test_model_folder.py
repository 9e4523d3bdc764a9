from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.embeddings import (
    LocalEmbeddings,
    PromptedEmbeddings,
    for_questions,
    make_embeddings,
    token_window,
)
from ingest.encoder import PairEncoder, SentenceEncoder
from ingest.errors import (
    ModelError,
    ModelIntegrityError,
    ModelMissing,
    ModelUnsupported,
    SettingsError,
)
from ingest.model_folder import ModelFolder
from ingest.model_pins import MINILM, ModelPins, PinnedFolder, package_folder
from ingest.sentence_model import SentenceModel
from ingest.settings import Settings, load_settings
from tests.model_folders import (
    HIDDEN,
    PASSAGES,
    QUESTION,
    SENTENCE_MODELS,
    TEXTS,
    make_cross_encoder,
    make_cross_encoders,
    make_sentence_models,
    save_tensors,
)
from tests.packs import HashedEmbeddings, Pack

REFERENCE = Path(__file__).resolve().parent.parent / "data" / "encoder_references.json"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {**make_sentence_models(root), **make_cross_encoders(root)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a test may spoil: cls pooling, a dense layer and a prompt for questions."""
    path = tmp_path / "leaf"
    SENTENCE_MODELS["bert-cls-dense"](path, np.random.default_rng(1))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_file=tmp_path / "models.toml")


def named(settings: Settings, folder: Path, **more: object) -> Settings:
    """Settings that name a folder, which is trusted."""
    files = PinnedFolder(f"folder:{folder}", ModelPins(settings.models_file))
    ModelPins(settings.models_file).trust(files.name, files.found())
    return settings.model_copy(update={"embedding": f"folder:{folder}", **more})


def change(path: Path, **values: object) -> None:
    """Change keys of a JSON file; None takes a key away."""
    told = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))


# --- against the reference --------------------------------------------------------------------


@pytest.mark.parametrize("name", SENTENCE_MODELS)
def test_every_kind_of_folder_gives_the_vectors_of_the_reference(
    name: str, folders: dict[str, Path], reference: dict[str, Any]
) -> None:
    folder, expected = ModelFolder(folders[name]), reference["sentences"][name]
    model = SentenceModel.read(folder)
    encoder = SentenceEncoder(model, "f32")
    query, passage = folder.prompts()
    questions = encoder.encode([query + text for text in TEXTS])
    passages = encoder.encode([passage + text for text in TEXTS])
    assert model.max_tokens == expected["max_tokens"]
    assert (questions * np.array(expected["questions"])).sum(axis=1).min() > 0.99999
    assert (passages * np.array(expected["passages"])).sum(axis=1).min() > 0.99999
    # Texts must be far enough apart for that to say something.
    assert (passages @ passages.T).min() < 0.7


@pytest.mark.parametrize("name", ["bert-pairs", "roberta-pairs", "distilbert-pairs"])
def test_every_kind_of_cross_encoder_gives_the_scores_of_the_reference(
    name: str, folders: dict[str, Path], reference: dict[str, Any]
) -> None:
    encoder = PairEncoder(ModelFolder(folders[name]), "f32")
    expected = np.array(reference["pairs"][name])
    logits = encoder.logits(QUESTION, PASSAGES)
    assert np.abs(logits - expected).max() < 1e-5
    assert np.ptp(expected) > 0.2
    assert (
        np.abs(PairEncoder(ModelFolder(folders[name])).logits(QUESTION, PASSAGES) - expected).max()
        < 0.2
    )


def test_minilm_is_the_same_model_in_a_folder(settings: Settings) -> None:
    through = make_embeddings(named(settings, package_folder(MINILM.package) / "model"))
    texts = ["What does it cost to visit?", "The garden opens in March. " * 40]
    assert isinstance(through, LocalEmbeddings)
    assert through.model.max_tokens == 256
    assert through.embed_documents(texts) == make_embeddings(settings).embed_documents(texts)


# --- prompts ----------------------------------------------------------------------------------


def test_prompts_come_from_the_folder_and_give_way_to_settings(
    folder: Path, settings: Settings
) -> None:
    told = named(settings, folder)
    bare = make_embeddings(told.model_copy(update={"embedding_query_prompt": ""}))
    assert isinstance(bare, LocalEmbeddings)
    asked = make_embeddings(told)
    assert isinstance(asked, PromptedEmbeddings)
    assert asked.embed_query("eat") == bare.embed_query("what is the: eat")
    assert asked.embed_documents(["eat"]) == bare.embed_documents(["eat"])
    other = make_embeddings(
        told.model_copy(update={"embedding_query_prompt": "q: ", "embedding_passage_prompt": "p: "})
    )
    assert other.embed_query("eat") == bare.embed_query("q: eat")
    assert other.embed_documents(["eat"]) == bare.embed_documents(["p: eat"])
    assert asked.dimension == other.dimension == 48
    assert len({bare.digest, asked.digest, other.digest}) == 3


def test_questions_are_compared_with_questions(folder: Path, settings: Settings) -> None:
    told = make_embeddings(named(settings, folder))
    asked = for_questions(told)
    assert asked.embed_documents(["eat"])[0] == told.embed_query("eat") == asked.embed_query("eat")
    assert asked.digest != told.digest
    plain = make_embeddings(settings)
    assert for_questions(plain) is plain


def test_a_reindex_embeds_the_examples_as_questions(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    told = PromptedEmbeddings(hashed, "query: ", "passage: ")
    small_pack.reindex(told)
    examples = small_pack.card.scope.in_scope
    assert {f"query: {text}" for text in examples} < set(hashed.texts)
    assert any(text.startswith("passage: Feeding birds") for text in hashed.texts)
    assert all(text.startswith(("query: ", "passage: ")) for text in hashed.texts)
    hashed.texts.clear()
    with small_pack.index(told) as index:
        made = index.embed(examples)
    assert hashed.texts == []
    assert np.allclose(made, [told.embed_query(text) for text in examples])


@pytest.mark.parametrize(
    ("told", "prompts"),
    [
        ({}, ("", "")),
        ({"prompts": None}, ("", "")),
        ({"prompts": {"query": "q", "document": "", "passage": "p"}}, ("q", "p")),
        ({"prompts": {"document": "d", "corpus": "c"}}, ("", "d")),
        ({"prompts": {"any": "a"}, "default_prompt_name": "any"}, ("a", "a")),
        ({"prompts": {"any": "a"}, "default_prompt_name": None}, ("", "")),
        ({"prompts": {"query": "q", "any": "a"}, "default_prompt_name": "any"}, ("q", "")),
    ],
)
def test_each_way_to_name_prompts(tmp_path: Path, told: object, prompts: tuple[str, str]) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(told))
    assert ModelFolder(tmp_path).prompts() == prompts


# --- pins -------------------------------------------------------------------------------------


def test_an_unpinned_folder_asks_for_trust(folder: Path, settings: Settings) -> None:
    with pytest.raises(ModelIntegrityError, match=rf"models trust folder:{folder}") as raised:
        make_embeddings(settings.model_copy(update={"embedding": f"folder:{folder}"}))
    assert "is not pinned in models.toml" in raised.value.message


SHAPING = [
    "0_Transformer/model.safetensors",
    "0_Transformer/config.json",
    "0_Transformer/tokenizer.json",
    "0_Transformer/tokenizer_config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
]


@pytest.mark.parametrize("name", SHAPING)
def test_no_file_may_change_unseen(name: str, folder: Path, settings: Settings) -> None:
    told = named(settings, folder)
    embeddings = make_embeddings(told)
    before = embeddings.digest
    file = folder / name
    # White space at the end changes no JSON, so that only the pin can notice; of weights all.
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ModelIntegrityError, match=rf"\({name}\) is not the one that was pinned"):
        make_embeddings(told)
    with pytest.raises(ModelIntegrityError):
        embeddings.embed_query("eat")
    if not name.endswith(".safetensors"):
        assert make_embeddings(named(settings, folder)).digest != before


def test_no_file_may_come_or_go_unseen(folder: Path, settings: Settings) -> None:
    told = named(settings, folder)
    (folder / "0_Transformer/sentence_bert_config.json").write_text('{"max_seq_length": 20}')
    with pytest.raises(
        ModelIntegrityError, match=r"sentence_bert_config\.json was not there before"
    ):
        make_embeddings(told)
    told = named(settings, folder)
    (folder / "0_Transformer/sentence_bert_config.json").unlink()
    with pytest.raises(ModelIntegrityError, match=r"sentence_bert_config\.json is no longer there"):
        make_embeddings(told)


def test_weights_that_are_trusted_anew_are_loaded_anew(folder: Path, settings: Settings) -> None:
    before = make_embeddings(named(settings, folder)).embed_query("eat")
    dense = {"linear.weight": np.eye(48, HIDDEN), "linear.bias": np.zeros(48)}
    save_tensors(folder / "2_Dense/model.safetensors", dense)
    after = make_embeddings(named(settings, folder)).embed_query("eat")
    assert np.dot(before, after) < 0.9


def test_a_folder_is_one_model_however_its_path_is_written(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    named(settings, Path("leaf"))
    for way in ("folder:leaf", "folder:./leaf/", "folder:leaf//"):
        assert make_embeddings(settings.model_copy(update={"embedding": way})).name == "folder:leaf"


@pytest.mark.parametrize("value", ["folder:", "bm25", "ollama:x", ""])
def test_a_reranker_is_one_of_three_kinds(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_RERANKER", value)
    with pytest.raises(SettingsError, match=f"Setting 'reranker' has the value '{value}'"):
        load_settings()
    monkeypatch.setenv("GROUNDSKEEPER_RERANKER", "folder:my models/one")
    assert load_settings().reranker == "folder:my models/one"


# --- windows ----------------------------------------------------------------------------------


def test_the_window_is_the_model_s_own_and_holds_the_prompt(
    folder: Path, settings: Settings
) -> None:
    told = named(settings, folder, embedding_passage_prompt="birds eat: ")
    window = token_window(make_embeddings(told))
    assert (window.limit, window.prompt) == (66, "birds eat: ")
    assert window != token_window(make_embeddings(named(settings, folder)))
    assert token_window(make_embeddings(settings)).limit == 256


def test_a_limit_comes_from_the_first_that_tells_one(folder: Path) -> None:
    inner = folder / "0_Transformer"
    assert ModelFolder(folder).max_tokens(66) == 66
    change(inner / "tokenizer_config.json", model_max_length=1e30)
    assert ModelFolder(folder).max_tokens(66) == 66
    change(inner / "tokenizer_config.json", model_max_length=50)
    assert ModelFolder(folder).max_tokens(66) == 50
    (inner / "sentence_bert_config.json").write_text('{"max_seq_length": 30}')
    assert ModelFolder(folder).max_tokens(66) == 30


def test_lower_case_is_made_where_the_folder_asks_for_it(folders: dict[str, Path]) -> None:
    folder = folders["roberta-mean"]
    plain = ModelFolder(folder).tokenizer()
    assert plain.encode("Birds").ids != plain.encode("birds").ids
    told = folder / "sentence_bert_config.json"
    told.write_text('{"do_lower_case": true}')
    lower = ModelFolder(folder).tokenizer()
    told.unlink()
    assert lower.encode("Birds").ids == plain.encode("birds").ids


# --- folders that cannot be used --------------------------------------------------------------


def spoil(name: str, **values: object) -> Callable[[Path], object]:
    return lambda folder: change(folder / name, **values)


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def pickled(folder: Path) -> None:
    inner = folder / "0_Transformer"
    (inner / "model.safetensors").rename(inner / "pytorch_model.bin")


def narrow_dense(folder: Path) -> None:
    save_tensors(folder / "2_Dense/model.safetensors", {"linear.weight": np.ones((48, 31))})


def no_layer(folder: Path) -> None:
    save_tensors(folder / "0_Transformer/model.safetensors", {"bert.x": np.ones((2, 2))})


INNER, TOKENS, WEIGHTS = (
    f"0_Transformer/{name}" for name in ("config.json", "tokenizer.json", "model.safetensors")
)
POOL, DENSE = "1_Pooling/config.json", "2_Dense/config.json"
MODULES = '[{"type": "models.Transformer", "path": "%s"}%s]'
LSTM = MODULES % ("0_Transformer", ', {"type": "m.LSTM", "path": "1"}')
OLD_WEIGHTED = {"pooling_mode": None, "pooling_mode_weightedmean_tokens": True}
MISSING = [
    (pickled, r"model\.safetensors cannot be read .* pickled \(\.bin\)"),
    (remove(TOKENS), r"tokenizer\.json cannot be read"),
    (write(TOKENS, "{}"), r"tokenizer\.json cannot be read"),
    (remove(INNER), r"config\.json cannot be read \(No such file"),
    (write(INNER, "{"), r"config\.json is not valid JSON"),
    (remove(POOL), r"1_Pooling/config\.json cannot be read"),
    (write(WEIGHTS, "x"), r"model\.safetensors cannot be read"),
    (remove("2_Dense/model.safetensors"), r"2_Dense/model\.safetensors cannot be read"),
]
UNSUPPORTED = [
    (write(INNER, "[]"), r"config\.json holds no object"),
    (spoil(INNER, hidden_size=None), r"config\.json: hidden_size: Field required"),
    (spoil(INNER, hidden_size=-1), r"hidden_size: Input should be greater than 0"),
    (spoil(INNER, model_type="t5"), "architecture 't5' is not one that runs here"),
    (spoil(INNER, hidden_act="mish"), "activation 'mish' is not one that runs here"),
    (spoil(INNER, num_attention_heads=5), "5 heads cannot share 32 dimensions"),
    (spoil(INNER, position_embedding_type="relative_key"), "Positions of the kind 'relative_key'"),
    (spoil(INNER, vocab_size=12), "knows 100 tokens, its encoder only 12"),
    (spoil(INNER, intermediate_size=65), r"has the shape \(64, 32\), not \(65, 32\)"),
    (spoil(INNER, num_hidden_layers=3), r"has no tensor 'bert\.encoder\.layer\.2\."),
    (no_layer, r"has no tensor 'embeddings\.word_embeddings\.weight'"),
    (spoil(POOL, pooling_mode="lasttoken"), "the pooling 'lasttoken', which does not run"),
    (spoil(POOL, **OLD_WEIGHTED), "the pooling 'weightedmean', which does not run"),
    (spoil(POOL, include_prompt=False), "leaves the prompt out of the pooling"),
    (spoil(DENSE, activation_function="x.Mish"), "the activation 'Mish', which does not run"),
    (spoil(DENSE, use_residual=True), "has a residual, which does not run"),
    (spoil(DENSE, in_features=31), "takes 31 numbers and gets 32"),
    (narrow_dense, r"'linear\.weight' of .* has the shape \(48, 31\), not \(48, 32\)"),
    (write("modules.json", "{}"), r"modules\.json holds no list"),
    (write("modules.json", "[1]"), r"modules\.json: 0: Input should be a valid dictionary"),
    (write("modules.json", "[]"), "does not begin with a transformer"),
    (write("modules.json", MODULES % ("../x", "")), "leads out of its folder"),
    (write("modules.json", MODULES % ("/etc", "")), "leads out of its folder"),
    (write("modules.json", LSTM), "a step 'LSTM', which does not run here"),
]


@pytest.mark.parametrize(
    ("spoiler", "error", "said"),
    [
        *((spoiler, ModelMissing, said) for spoiler, said in MISSING),
        *((spoiler, ModelUnsupported, said) for spoiler, said in UNSUPPORTED),
    ],
)
def test_each_bad_folder_is_one_sentence(
    spoiler: Callable[[Path], object], error: type[ModelError], said: str, folder: Path
) -> None:
    spoiler(folder)
    with pytest.raises(error, match=said) as raised:
        SentenceEncoder(SentenceModel.read(ModelFolder(folder)))
    assert "\n" not in raised.value.message


def test_a_folder_that_is_not_there_says_so(tmp_path: Path, settings: Settings) -> None:
    absent = settings.model_copy(update={"embedding": f"folder:{tmp_path / 'absent'}"})
    with pytest.raises(ModelMissing, match=r"The setting must name a folder\."):
        make_embeddings(absent)


def test_a_reranker_has_one_output(tmp_path: Path) -> None:
    make_cross_encoder(tmp_path / "nli", "bert", np.random.default_rng(0), outputs=3)
    with pytest.raises(ModelUnsupported, match="gives a pair one score, and this model 3"):
        PairEncoder(ModelFolder(tmp_path / "nli"))


def test_a_sentence_encoder_is_no_reranker(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelUnsupported, match=r"has no classifier\. A reranker is a model for"):
        PairEncoder(ModelFolder(folders["bert-mean"]))
    with pytest.raises(ModelUnsupported, match=r"embeds none\. If it is a reranker"):
        SentenceModel.read(ModelFolder(folders["bert-pairs"]))


# --- pairs ------------------------------------------------------------------------------------


def test_only_the_passage_is_cut(folders: dict[str, Path]) -> None:
    encoder = PairEncoder(ModelFolder(folders["bert-pairs"]), "f32")
    long = "birds and finches eat seed " * 30
    assert encoder.logits(QUESTION, [long])[0] == encoder.logits(QUESTION, [long + "nest"])[0]
    assert encoder.logits("what of the sun", [long])[0] != encoder.logits(QUESTION, [long])[0]


def test_a_question_of_any_length_leaves_room_for_the_passage(folders: dict[str, Path]) -> None:
    encoder = PairEncoder(ModelFolder(folders["bert-pairs"]), "f32")
    long = "what birds " * 300
    scores = encoder.logits(long, ["the nest box", "seed of the sun", ""])
    assert len(set(scores.tolist())) == 3
    assert encoder.logits("", ["seed"]).shape == (1,)
    assert encoder.logits(QUESTION, []).shape == (0,)
