"""What providers that need no network share: no settings, answers without usage, a pool of their own."""

from typing import Any

from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, ModelUsage

from gemma_distress.errors import UsageError


class OfflineAPI(ModelAPI):
    """Base of `gemma_distress/lexical` and `gemma_distress/repertoire`."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        if model_args:
            given = ", ".join(model_args)
            raise UsageError(
                f"{self.connection_key()} takes no model arguments, but got {given}. Remove -M."
            )

    def connection_key(self) -> str:
        """A pool of its own; the default would share one with every other custom provider."""
        return f"gemma_distress/{self.model_name}"

    def answered(self, text: str) -> ModelOutput:
        """An answer that cost nothing."""
        output = ModelOutput.from_content(f"gemma_distress/{self.model_name}", text)
        # Stated, because Inspect would otherwise count tokens with a tokenizer that it downloads.
        output.usage = ModelUsage()
        return output
