from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from ingest.errors import ModelIntegrityError, ModelMissing, SettingsError
from ingest.model_pins import (
    EMBEDDED,
    MINILM,
    SMOLLM2,
    EmbeddedModel,
    ModelPins,
    PinnedFiles,
    file_digest,
)

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "models.toml"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[EmbeddedModel, Path]:
    """An installed package with the two files of a model; importing it would fail."""
    folder = tmp_path / "toy_model_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    (folder / "weights.bin").write_bytes(b"weights")
    (folder / "tokenizer.json").write_bytes(b"{}")
    monkeypatch.syspath_prepend(tmp_path)
    files = {name: file_digest(folder / name) for name in ("weights.bin", "tokenizer.json")}
    return EmbeddedModel("toy", folder.name, files), folder


@pytest.fixture(autouse=True)
def _toy_is_known(package: tuple[EmbeddedModel, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMBEDDED, "toy", package[0])


def test_the_repository_pins_what_the_code_pins() -> None:
    pins = ModelPins(ROOT / "models.toml")
    for model in (MINILM, SMOLLM2):
        assert pins.pinned(model.name) == model.files
        assert f'[models."{model.name}"]' in (ROOT / "models.toml").read_text()


@pytest.mark.parametrize("model", [MINILM, SMOLLM2], ids=lambda model: model.name)
def test_the_installed_models_are_the_pinned_ones(model: EmbeddedModel, toml: Path) -> None:
    files = PinnedFiles(model, ModelPins(toml))
    assert files.verify().is_file()
    assert files.found() == model.files
    assert files.digest == model.files[model.weights]


@pytest.mark.parametrize("swapped", ["weights.bin", "tokenizer.json"])
def test_a_swapped_file_is_refused_and_named(
    package: tuple[EmbeddedModel, Path], toml: Path, swapped: str
) -> None:
    model, folder = package
    files = PinnedFiles(model, ModelPins(toml))
    assert files.verify() == folder / "weights.bin"
    (folder / swapped).write_bytes(b"swapped while running")
    found = file_digest(folder / swapped)
    with pytest.raises(ModelIntegrityError) as raised:
        files.verify()
    for part in ("toy", swapped, model.files[swapped], found, "groundskeeper models trust toy"):
        assert part in str(raised.value)


def test_a_swap_that_keeps_size_and_time_is_seen_by_the_inode(
    package: tuple[EmbeddedModel, Path], toml: Path
) -> None:
    model, folder = package
    files = PinnedFiles(model, ModelPins(toml))
    files.verify()
    before = (folder / "weights.bin").stat()
    (folder / "other").write_bytes(b"WEIGHTS")
    os.utime(folder / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "other").replace(folder / "weights.bin")
    with pytest.raises(ModelIntegrityError):
        files.verify()


def test_a_missing_file_or_package_says_what_to_do(
    package: tuple[EmbeddedModel, Path], toml: Path
) -> None:
    model, folder = package
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelMissing, match=r"model toy .*No such .*tokenizer\.json.*make clean"):
        PinnedFiles(model, ModelPins(toml)).verify()
    absent = EmbeddedModel("absent", "no_such_package", {"w": ONE})
    with pytest.raises(ModelMissing, match=r"no_such_package.*not installed"):
        PinnedFiles(absent, ModelPins(toml))


def test_trust_writes_what_was_found_and_keeps_the_rest(
    package: tuple[EmbeddedModel, Path], toml: Path
) -> None:
    model, folder = package
    (folder / "weights.bin").write_bytes(b"my own")
    pins = ModelPins(toml)
    pins.trust("ollama:llama3.2:latest", {"digest": ONE})
    files = PinnedFiles(model, pins)
    pins.trust("toy", files.found())
    assert files.verify()
    again = ModelPins(toml)
    assert again.pinned("toy") == files.found() != model.files
    assert again.pinned("ollama:llama3.2") == {"digest": ONE}
    again.trust("ollama:llama3.2", {"digest": TWO})
    assert ModelPins(toml).pinned("ollama:llama3.2:latest") == {"digest": TWO}
    assert [path.name for path in toml.parent.glob("*models*")] == ["models.toml"]


def test_another_tokenizer_makes_another_model(
    package: tuple[EmbeddedModel, Path], toml: Path
) -> None:
    model, folder = package
    (folder / "tokenizer.json").write_bytes(b"another")
    pins = ModelPins(toml)
    files = PinnedFiles(model, pins)
    pins.trust("toy", files.found())
    assert files.verify()
    assert files.digest not in model.files.values()


@pytest.mark.parametrize(
    "name", ['ollama:q"uote', "ollama:back\\slash", "ollama:new\nline", "ollama:é"]
)
def test_any_name_survives_the_file(toml: Path, name: str) -> None:
    ModelPins(toml).trust(name, {"digest": ONE})
    assert ModelPins(toml).pinned(name) == {"digest": ONE}


def test_an_unpinned_model_is_refused_with_its_digest(toml: Path) -> None:
    with pytest.raises(ModelIntegrityError) as raised:
        ModelPins(toml).check("ollama:new", {"digest": ONE})
    assert ONE in raised.value.message
    assert "groundskeeper models trust ollama:new" in raised.value.hint


def _trust(path: Path, number: int) -> None:
    for i in range(5):
        ModelPins(path).trust(f"ollama:{number}-{i}", {"digest": ONE})


def test_two_processes_lose_no_pin_of_each_other(toml: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_trust, args=(toml, number)) for number in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    pins = ModelPins(toml)
    assert all(pins.pinned(f"ollama:{n}-{i}") for n in range(2) for i in range(5))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[models\n", r"cannot be read: .*line 1"),
        ("\xff", "cannot be read"),
        ("[model.x]\n", "unknown key 'model'"),
        ("models = 3\n", "must be a table"),
        (f'# mine\n\n[models."ollama:x"]\ndigets = "{ONE}"\n', r"toml:3: unknown key 'digets'"),
        ('[models."ollama:x"]\ndigest = "sha256:12"\n', r"toml:1: 'digest' of .* 64 hexadecimal"),
        ('[models."ollama:x"]\ndigest = 12\n', "must be sha256"),
        ('[models]\n"ollama:x" = 12\n', r"toml:2: the model 'ollama:x' must be a table"),
        ("[models.toy]\n", "must be a table of digests"),
        (f'[models.toy]\n"other.bin" = "{ONE}"\n', r"unknown key 'other\.bin' of the model 'toy'"),
    ],
)
def test_a_bad_file_is_a_settings_error(toml: Path, text: str, mistake: str) -> None:
    toml.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=mistake):
        ModelPins(toml)


def test_what_cannot_be_written_says_so_and_loses_nothing(tmp_path: Path) -> None:
    toml = tmp_path / "absent" / "models.toml"
    with pytest.raises(SettingsError, match="cannot be written"):
        ModelPins(toml).trust("ollama:x", {"digest": ONE})
