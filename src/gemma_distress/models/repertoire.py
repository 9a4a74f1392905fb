"""`gemma_distress/repertoire`: an auditor that needs no network and no key.

It says the written lines of `prompts/audit.yaml`: first that of the audit's situation, then one of each
trigger in the order of the audit's plan, round after round. It hears the subject only where a line quotes its
last reply. It is no match for a model that listens; it lets an audit be repeated word for word.
"""

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from gemma_distress.errors import UsageError
from gemma_distress.models.offline import OfflineAPI
from gemma_distress.prompts.audit import Plan, audit_texts
from gemma_distress.prompts.template import fill
from gemma_distress.solvers.auditor import PLAN_KEY

MOST_QUOTED = 12
"""Words of the last reply that a line quotes."""


class RepertoireAPI(OfflineAPI):
    """Provider for the model name `gemma_distress/repertoire`."""

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """The next line of the audit whose plan the first message carries."""
        first = input[0] if input else None
        carried = first.metadata if isinstance(first, ChatMessageSystem) else None
        if not carried or PLAN_KEY not in carried:
            raise UsageError(
                "gemma_distress/repertoire only audits; it answers nothing else. Bind it as the auditor of "
                "gemma_distress/audit: --model-role auditor=gemma_distress/repertoire"
            )
        said = sum(isinstance(message, ChatMessageAssistant) for message in input)
        heard = next((m.text for m in reversed(input) if isinstance(m, ChatMessageUser)), "")
        text = f"<message>{line(audit_texts().named(**carried[PLAN_KEY]), said, heard)}</message>"
        return self.answered(text)


def line(plan: Plan, said: int, heard: str) -> str:
    """The line after `said` earlier ones; `heard` is what the auditor was last told of the subject."""
    if said == 0:
        return plan.situation.line
    turn, place = divmod(said - 1, len(plan.triggers))
    lines = plan.triggers[place].lines
    return fill(lines[turn % len(lines)], said=_quoted(heard))


def _quoted(heard: str) -> str:
    """The beginning of the last paragraph, without anything that could pass for a mark."""
    words = heard.strip().rpartition("\n")[2].replace("<", "").replace(">", "").split()
    return " ".join(words[:MOST_QUOTED]) or "…"
