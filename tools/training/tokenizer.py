"""SentencePiece vocabulary of the captions, with the special pieces where UMT5 has them."""
import io
from pathlib import Path

import sentencepiece
import torch


def train(config, work, captions):
    """captions: an iterable of sentences. Writes spiece.model."""
    captions = list(captions)
    # Single words besides the sentences keep frequent words whole; without them "the" falls into two pieces.
    captions += [word for text in captions[:len(captions) // 3] for word in text.split()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(captions), model_writer=model, model_type="unigram",
        vocab_size=config["tokenizer"]["vocab"], hard_vocab_limit=False, character_coverage=1.0,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, normalization_rule_name="nmt_nfkc_cf",
        required_chars="abcdefghijklmnopqrstuvwxyz0123456789-,.'!?;:", minloglevel=1)
    path = Path(work) / "spiece.model"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.getvalue())
    return path


class Tokenizer:
    def __init__(self, path, text_len):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.text_len = text_len
        self.cache = {}

    def __len__(self):
        return self.processor.vocab_size()

    def ids(self, text):
        """Pieces, then </s>, padded with 0 to text_len."""
        if text not in self.cache:
            pieces = self.processor.encode(text)[:self.text_len - 1] + [1]
            self.cache[text] = pieces + [0] * (self.text_len - len(pieces))
        return self.cache[text]

    def batch(self, texts, device="cpu"):
        return torch.tensor([self.ids(t) for t in texts], device=device)
