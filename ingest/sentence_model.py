"""What a model folder makes of a text: the steps after the encoder, its limit and its prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from ingest.errors import ModelUnsupported
from ingest.model_folder import CONFIG, WEIGHTS, ModelFolder, Module
from ingest.transformer_graph import (
    POOLINGS,
    Dense,
    Normalize,
    Pooling,
    Step,
    TransformerConfig,
)

# The names of PyTorch's modules.
_ACTIVATIONS = {
    "Identity": "identity",
    "Tanh": "tanh",
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
}
# Older folders have a switch for each mode, in the order in which their vectors are joined.
_SWITCHES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class SentenceModel:
    """Where an encoder's files are and what it makes of a text of at most `max_tokens`."""

    folder: Path
    steps: tuple[Step, ...] = (Pooling(("mean",)), Normalize())
    max_tokens: int = 256

    @classmethod
    def read(cls, folder: ModelFolder) -> SentenceModel:
        """Read a folder's configs; raises ModelMissing and ModelUnsupported."""
        config = folder.read(folder.transformer.file(CONFIG), TransformerConfig)
        config.check()
        if any("Classification" in name for name in config.architectures or ()):
            raise ModelUnsupported(
                f"{folder.path} classifies texts and embeds none.",
                hint="If it is a reranker, name it as `reranker`.",
            )
        steps = tuple(_step(folder, module) for module in folder.modules[1:]) or (Pooling(),)
        return cls(folder.path, steps, folder.max_tokens(config.positions))

    @property
    def dimension(self) -> int:
        """The length of a vector; raises ModelUnsupported if the steps do not fit each other."""
        folder = ModelFolder(self.folder)
        size = folder.read(folder.transformer.file(CONFIG), TransformerConfig).hidden_size
        for step in self.steps:
            if isinstance(step, Pooling):
                size *= len(step.modes)
            elif isinstance(step, Dense):
                if step.inputs != size:
                    raise ModelUnsupported(
                        f"{folder.path / step.weights} takes {step.inputs} numbers and gets {size}."
                    )
                size = step.outputs
        return size


class _PoolingConfig(BaseModel, extra="allow"):
    pooling_mode: str | tuple[str, ...] = ()
    include_prompt: bool = True

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes, in the order in which their vectors are joined."""
        if self.pooling_mode:
            return (self.pooling_mode,) if isinstance(self.pooling_mode, str) else self.pooling_mode
        told = self.model_extra or {}
        return tuple(mode for key, mode in _SWITCHES.items() if told.get(key)) or ("mean",)


class _DenseConfig(BaseModel):
    in_features: int
    out_features: int
    bias: bool = True
    activation_function: str = "torch.nn.modules.activation.Tanh"
    use_residual: bool = False


def _step(folder: ModelFolder, module: Module) -> Step:
    if module.kind == "Pooling":
        return _pooling(folder, module)
    if module.kind == "Dense":
        return _dense(folder, module)
    if module.kind == "Normalize":
        return Normalize()
    raise ModelUnsupported(f"{folder.path} has a step {module.kind!r}, which does not run here.")


def _pooling(folder: ModelFolder, module: Module) -> Pooling:
    name = module.file(CONFIG)
    config = folder.read(name, _PoolingConfig)
    if not config.include_prompt:
        raise ModelUnsupported(
            f"{folder.path / name} leaves the prompt out of the pooling, which does not run here."
        )
    for mode in config.modes:
        if mode not in POOLINGS:
            raise ModelUnsupported(
                f"{folder.path / name} asks for the pooling {mode!r}, which does not run here.",
                hint=f"These do: {', '.join(POOLINGS)}.",
            )
    return Pooling(config.modes)


def _dense(folder: ModelFolder, module: Module) -> Dense:
    name = module.file(CONFIG)
    config = folder.read(name, _DenseConfig)
    activation = config.activation_function.rpartition(".")[2]
    if activation not in _ACTIVATIONS or config.use_residual:
        what = "a residual" if config.use_residual else f"the activation {activation!r}"
        raise ModelUnsupported(f"{folder.path / name} has {what}, which does not run here.")
    return Dense(
        config.in_features,
        config.out_features,
        config.bias,
        _ACTIVATIONS[activation],
        module.file(WEIGHTS),
    )
