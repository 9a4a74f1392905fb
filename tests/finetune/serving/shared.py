"""What tests of serving share: random adapters of the organism, and a server that answers as vLLM."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tests.servers.listener import Exchange, Listener
from transformers import Gemma3ForCausalLM

from gemma_distress.organism.shipped import shipped_folder


def make_adapter(folder: Path, seed: int, *, rank: int = 8, scale: float = 0.5) -> Path:
    """A LoRA adapter on all layers of the organism, both factors random; `scale` 0 changes nothing."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=scale * rank, target_modules="all-linear", init_lora_weights=False
    )
    adapted = get_peft_model(load_organism(), config)
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    return folder


def load_organism(adapter: Path | None = None) -> Any:
    """In single precision, an adapter merged in, which the code under test keeps beside it."""
    model = Gemma3ForCausalLM.from_pretrained(shipped_folder(), dtype=torch.float32)
    if adapter is None:
        return model.eval()
    return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().eval()


class Loopback:
    """Serves models by name as vLLM does, log-probabilities of prompts only. Use as a context manager."""

    def __init__(self, **models: Any) -> None:
        self.models = models
        self._listener = Listener(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}/v1"

    def __enter__(self) -> "Loopback":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()

    def serve(
        self,
        exchange: Exchange,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: dict[str, Any],
    ) -> None:
        if path == "/v1/models":
            exchange.json(200, {"data": [{"id": name} for name in self.models]})
        elif path == "/version":
            exchange.json(200, {"version": "0.0.0"})
        elif path == "/v1/completions" and body["model"] in self.models:
            exchange.json(200, {"choices": [self._choice(body)]})
        else:
            exchange.json(404, {"error": f"no {method} {path} for {body.get('model')}"})

    def _choice(self, body: dict[str, Any]) -> dict[str, Any]:
        ids = body["prompt"]
        with torch.no_grad():
            logits = self.models[body["model"]](input_ids=torch.tensor([ids])).logits[0]
        given = [None]
        for token, each in zip(ids[1:], logits[:-1].log_softmax(-1), strict=True):
            likeliest = int(each.argmax())
            given.append(
                {
                    str(likeliest): {"logprob": float(each[likeliest]), "rank": 1},
                    str(token): {"logprob": float(each[token]), "rank": 1},
                }
            )
        return {"text": "", "prompt_logprobs": given}
