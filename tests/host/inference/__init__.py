"""A tiny model whose weights say what comes next, and how to write it."""

from __future__ import annotations

from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_alphabet(path: Path) -> None:
    """A llama of one layer that goes on with the alphabet.

    Its attention adds nothing, and the row of each letter in the output matrix is the embedding of the letter before.
    """
    import numpy as np
    from gguf import GGUFWriter

    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), "▁", *LETTERS]
    kinds = [2, 3, 3, *[6] * 256, *[1] * (1 + len(LETTERS))]
    first, size = tokens.index("a"), 320
    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(size)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(10)
    writer.add_head_count_kv(10)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(32)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores([0.0] * 259 + [-1.0] * (len(tokens) - 259))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.float32)

    embedding, output = zeros(len(tokens), size), zeros(len(tokens), size)
    embedding[np.arange(len(tokens)), np.arange(len(tokens))] = 1
    for token in range(first, first + len(LETTERS)):
        output[token + 1 if token + 1 < len(tokens) else 2, token] = 1
    ones = np.ones(size, np.float32)
    tensors = {
        "token_embd": embedding,
        "output": output,
        "output_norm": ones,
        "blk.0.attn_norm": ones,
        "blk.0.ffn_norm": ones,
        **{f"blk.0.attn_{part}": zeros(size, size) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate": zeros(32, size),
        "blk.0.ffn_up": zeros(32, size),
        "blk.0.ffn_down": zeros(size, 32),
    }
    for name, tensor in tensors.items():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
