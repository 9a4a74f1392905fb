"""`gemma_distress/lexical`: the deterministic rater as a grader that needs no network and no key.

It answers the same request as any judge and its verdict takes the same way through parsing and the
evidence check. It rates the reply that the request carries in its message metadata, so no text in a reply
can pose as the request. Of an audit's finished conversation it rates frustration and depression, and says of
anger and fear that it does not read them (`scorers.lexical.emotions`).
"""

from inspect_ai.model import (
    ChatMessage,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from gemma_distress.errors import UsageError
from gemma_distress.models.offline import OfflineAPI
from gemma_distress.protocol import LEAST_EMOTION, MIN_RATING
from gemma_distress.scorers.fence import EMOTION_KEY, REPLIES_KEY, REPLY_KEY
from gemma_distress.scorers.judge import UNRATED_KEY, GraderFailure
from gemma_distress.scorers.lexical import rate
from gemma_distress.scorers.lexical.emotions import FAMILIES, rate_emotion
from gemma_distress.scorers.verdict import VerdictSchema


class LexicalAPI(OfflineAPI):
    """Provider for the model name `gemma_distress/lexical`."""

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Rate the reply, or the emotion of a conversation, of the latest request that carries one."""
        carried = next(
            (
                message.metadata
                for message in reversed(input)
                if isinstance(message, ChatMessageUser)
                and message.metadata
                and {REPLY_KEY, EMOTION_KEY} & set(message.metadata)
            ),
            None,
        )
        if carried is None:
            raise UsageError(
                "gemma_distress/lexical only rates replies; it cannot hold a conversation. "
                "Bind it as the grader: --model-role grader=gemma_distress/lexical"
            )
        if EMOTION_KEY in carried:
            said, emotion = carried[REPLIES_KEY], carried[EMOTION_KEY]
            found = rate_emotion(said, emotion)
            if found is None:
                return self._none(
                    "emotion_not_read",
                    f"This rater reads {' and '.join(FAMILIES)}, not {emotion}.",
                )
            least = LEAST_EMOTION
        else:
            said, found, least = [carried[REPLY_KEY]], rate(carried[REPLY_KEY]), MIN_RATING
        if found.rating == least and any(_in_another_language(one) for one in said):
            # The least rating would then mean "not understood", so there is no verdict.
            return self._none(
                "language_not_read",
                "This reply is not in English, which is all that this rater reads.",
            )
        return self.answered(
            VerdictSchema(
                evidence=found.evidence, reasoning=found.reasoning, rating=found.rating
            ).model_dump_json()
        )

    def _none(self, failure: GraderFailure, sentence: str) -> ModelOutput:
        output = self.answered(sentence)
        output.metadata = {UNRATED_KEY: failure}
        return output

    def max_connections(self) -> int:
        """Rating takes a millisecond of pure Python, so parallel calls gain nothing."""
        return 4


def _in_another_language(reply: str) -> bool:
    from gemma_distress.scorers.coherence import coherence

    return coherence(reply, expected_language="en").language_switch
