"""What is asked of a vLLM server beside chat: which models it has, and log-probabilities of given tokens."""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from gemma_distress.errors import UsageError

SECONDS = 120.0
"""Until an answer must come."""


class Client:
    """A server at a base URL that ends in `/v1`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def answers(self) -> bool:
        """Whether the server is ready, asked without patience."""
        try:
            self._json("/models", seconds=2)
        except UsageError:
            return False
        return True

    def models(self) -> list[str]:
        """The names it serves.

        Raises:
            UsageError: It does not answer, or not as vLLM does.
        """
        answer = self._json("/models")
        try:
            return [str(each["id"]) for each in answer["data"]]
        except (KeyError, TypeError) as error:
            raise self._odd("/models", answer) from error

    def version(self) -> str:
        """Of vLLM; `unknown` where it does not say."""
        try:
            return str(self._json("/version", root=True).get("version", "unknown"))
        except UsageError:
            return "unknown"

    def log_probabilities(self, model: str, ids: Sequence[int]) -> list[float]:
        """Natural logarithm of each token's probability after those before it, from the second on.

        Raises:
            UsageError: It does not answer, or not as vLLM does.
        """
        body = {
            "model": model,
            "prompt": list(ids),
            "max_tokens": 1,
            "temperature": 0,
            "prompt_logprobs": 0,
        }
        answer = self._json("/completions", body)
        try:
            # None for the first token, then for each the token's own and perhaps likelier ones.
            [choice] = answer["choices"]
            found = choice["prompt_logprobs"]
            if found is None:
                raise KeyError("prompt_logprobs")
            values = [
                float(each[str(token)]["logprob"])
                for token, each in zip(ids[1:], found[1:], strict=True)
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise self._odd("/completions", answer) from error
        return values

    def _json(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        seconds: float = SECONDS,
        root: bool = False,
    ) -> dict[str, Any]:
        url = (self.url.removesuffix("/v1") if root else self.url) + path
        headers = {"content-type": "application/json"}
        if key := os.environ.get("VLLM_API_KEY"):
            headers["authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(url, data, headers)
            with urllib.request.urlopen(request, timeout=seconds) as response:
                raw = response.read()
        except urllib.error.HTTPError as error:
            said = " ".join(error.read().decode("utf-8", "replace").split())[:300]
            raise UsageError(f"{url} answered with status {error.code}: {said}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise UsageError(
                f"No server answers at {url}: {reason}. Start one with python -m gemma_distress.finetune "
                "serve, or give its --url."
            ) from error
        try:
            answer = json.loads(raw)
        except ValueError as error:
            raise self._odd(path, raw.decode("utf-8", "replace")) from error
        if not isinstance(answer, dict):
            raise self._odd(path, answer)
        return answer

    def _odd(self, path: str, answer: object) -> UsageError:
        return UsageError(
            f"{self.url}{path} did not answer as vLLM does: {str(answer)[:200]!r}. Is it a vLLM server, and "
            "does its address end in /v1?"
        )
