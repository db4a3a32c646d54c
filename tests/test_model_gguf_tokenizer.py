"""Tokenizers made from GGUF files: the same ids as the one that transformers loads, and as llama.cpp itself."""

from pathlib import Path

import pytest
from tokenizers import pre_tokenizers

from model.embedded import prepare_embedded
from model.errors import ModelLoadFailed
from model.gguf_file import read_gguf
from model.gguf_tokenizer import cut_otherwise, sample_texts, stop_ids_of, tokenizer_of
from model.llamacpp_child import LlamaChild
from tests.gguf_files import write_head
from tests.llamacpp_models import gguf_path, needs_llamacpp, options

pytestmark = pytest.mark.model


def test_the_embedded_model_s_tokenizer_gives_the_ids_of_the_one_that_transformers_loads(
    shared_data_folder: Path,
) -> None:
    from transformers import AutoTokenizer

    head = read_gguf(gguf_path(shared_data_folder))
    own = tokenizer_of(head)
    other = AutoTokenizer.from_pretrained(prepare_embedded(shared_data_folder, lambda *_: None))
    for text in (*sample_texts(), "<|im_start|>user\nHi<|im_end|>\n", "😀 <think> 12345"):
        assert own.encode(text, add_special_tokens=False) == other.encode(text, add_special_tokens=False)
    assert (own.eos_token_id, own.bos_token, own.pad_token) == (other.eos_token_id, other.bos_token, other.pad_token)
    assert stop_ids_of(head) == (own.eos_token_id,)
    assert own.chat_template == head.template


@needs_llamacpp
def test_llama_cpp_cuts_the_samples_alike_and_a_wrong_tokenizer_is_found_out(shared_data_folder: Path) -> None:
    path = gguf_path(shared_data_folder)
    tokenizer = tokenizer_of(read_gguf(path))
    child = LlamaChild(options(path))
    child.start()
    cut = {
        text: child.post("/tokenize", {"content": text, "add_special": False, "parse_special": False}, 60.0)["tokens"]
        for text in sample_texts()
    }
    child.close()
    assert cut_otherwise(tokenizer, cut) == []
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert cut_otherwise(tokenizer, cut)


def test_a_tokenizer_json_beside_the_file_wins(shared_data_folder: Path, tmp_path: Path) -> None:
    made = tokenizer_of(read_gguf(gguf_path(shared_data_folder)))
    made.save_pretrained(tmp_path)
    head = read_gguf(write_head(tmp_path / "a.gguf"))
    assert tokenizer_of(head).encode("12", add_special_tokens=False) == made.encode("12", add_special_tokens=False)


def test_a_file_of_an_unknown_kind_of_tokenizer_says_what_to_do(tmp_path: Path) -> None:
    head = read_gguf(write_head(tmp_path / "a.gguf", tokenizer__ggml__model="rwkv"))
    with pytest.raises(ModelLoadFailed, match=r"rwkv.*Put the tokenizer\.json"):
        tokenizer_of(head)
