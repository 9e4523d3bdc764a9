"""How much of a text an embedding model reads at once, and chunks that keep to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tokenizers import Tokenizer

from ingest.chunking import LIMIT_TOKENS, TARGET_TOKENS, chunk_document, load_tokenizer
from ingest.documents import Chunk, LoadedDocument
from ingest.errors import DocumentError, ModelUnsupported

# With fewer a passage has no room for its header.
LEAST_TOKENS = 32
# What a chunker's limit has already left aside: the special tokens of BERT.
_COUNTED_SPECIALS = 2


@dataclass(frozen=True)
class TokenWindow:
    """The tokens of a text that a model reads, those of `prompt` and the special ones counted.

    `key` says which tokenizer `load` returns; equal windows cut equally. A window wider than the
    chunker's limit makes no longer passages, for these are also what is quoted and read.
    """

    key: str = ""
    limit: int = LIMIT_TOKENS
    prompt: str = ""
    load: Callable[[], Tokenizer] = field(default=load_tokenizer, compare=False, repr=False)

    def chunk(self, document: LoadedDocument, name: str) -> list[Chunk]:
        """Cut a document into passages that the model reads whole, header and prompt included.

        Raises ModelUnsupported if the window is too narrow for any, DocumentError if this
        document cannot be cut so short.
        """
        tokenizer = self.load()
        room = self._room(tokenizer)
        if room < LEAST_TOKENS:
            raise ModelUnsupported(f"The embedding model reads only {room} tokens of a passage.")
        while room >= LEAST_TOKENS // 2:
            target = min(TARGET_TOKENS, room * TARGET_TOKENS // LIMIT_TOKENS)
            chunks = chunk_document(document, name, tokenizer, target, room)
            if not self.key and not self.prompt:
                return chunks  # the chunker's own tokenizer, of which it knows that counts add up
            # Counts do not add up in every tokenizer: some spend tokens on white space.
            lengths = self._lengths(tokenizer, [chunk.index_text for chunk in chunks])
            excess = max(lengths, default=0) - self.limit
            if excess <= 0:
                return chunks
            room -= excess
        raise DocumentError(f"It cannot be cut into passages of {self.limit} tokens.")

    def too_long(self, texts: Sequence[str]) -> list[int]:
        """Return the indices of those texts of which the model would not read the end."""
        lengths = self._lengths(self.load(), texts)
        return [i for i, length in enumerate(lengths) if length > self.limit]

    def _room(self, tokenizer: Tokenizer) -> int:
        prompt = len(tokenizer.encode(self.prompt, add_special_tokens=False))
        specials = tokenizer.num_special_tokens_to_add(False) - _COUNTED_SPECIALS
        return min(LIMIT_TOKENS, self.limit - prompt - specials)

    def _lengths(self, tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
        return [len(e) for e in tokenizer.encode_batch([self.prompt + text for text in texts])]
