"""Real HTTP model servers on loopback, for tests that drive the real SDKs through Inspect.

    with OpenAIServer(by_turn(lambda turn: "I give up.")) as server:
        [log] = eval(task, model=server.model("gpt-4o-mini", max_retries=0, attempt_timeout=2))
        assert server.requests[1].last_user == "That is wrong."

In a subprocess: `inspect eval TASK *server.cli_args("gpt-4o-mini") *judge.cli_role("grader",
"claude-sonnet-4-5", max_tokens=300)`, or bare model names with `server.env()` in the environment.
Both roles on one server: `with_judge(mentions("<a line of the rubric>"), judge=…, subject=…)`.
A test is fast if faults say `retry_after=0.001` (the SDK's two retries obey it), if models have
`sdk_retries=0, max_retries=0` where a failure is wanted, and with the fixture `backoff_waits`
where Inspect itself is to try again.

What Inspect 0.3.285 makes of the answers (asserted in `test_inspect.py` and
`test_sample_errors.py`; "raises" is what `generate` raises in a solver and in a scorer alike):

answer                  OpenAI                                  Anthropic
----------------------  --------------------------------------  ----------------------------------
Reply("")               stop, ""                                stop, ""
stop="length"           max_tokens, the text                    the same
stop="content_filter"   content_filter, the text                content_filter, a sentence of
                                                                Inspect's own, no usage
stop="refusal"          stop (!), the text, its part marked     content_filter, the text
                        refusal, stop_details.type refusal      (mostly "")
Empty                   output.empty, and output.stop_reason    stop, ""
                        and the solver's generate: IndexError
ContextOverflow         model_length, the provider's error as   the same, and output.error
                        completion, no usage
reasoning               ContentReasoning.reasoning              .summary; .reasoning is the
                                                                signature, redacted is True
Status 429, 5xx,        tried again; then tenacity.RetryError   the same
Truncated, Hang         from the SDK's error (__cause__)
Status 401, 404         the SDK's error, at once                the same
BadRequest              ModelGenerateError from the SDK's       the same
                        BadRequestError, at once
Malformed               json.JSONDecodeError, never tried       the same
                        again
stream                  only with the model argument            max_tokens >= 8192, or none given
                        streaming=True                          (32000 is asked), or thinking

Retries come in two layers. The SDK makes 2 (model argument `max_retries`), waits as `Retry-After`
says or 0.4–1 s. Around it Inspect makes `GenerateConfig.max_retries` more, without limit if that
is unset, after waits of 3–6, 6–9, 12–15 s … up to 30 minutes which `Retry-After` does not change.
`attempt_timeout` (whole seconds) cuts a call that hangs and counts as a failed attempt, the SDK's
retries inside it included. `timeout` never cuts a call; it only forbids a further attempt. A
grader inherits max_retries and timeout from the eval but not attempt_timeout: without one of its
own a hanging judge holds its sample for 3 x 600 s before Inspect even counts the failure.

A sample that errors, by the options of `Task` and `eval` (the same in `eval_set`):

options                             log status      scored                      others go on
----------------------------------  --------------  --------------------------  ------------
(none)                              error           no metrics at all           no, cancelled
continue_on_fail=True               error           the good samples            yes
fail_on_error=False                 success         the good samples            yes
fail_on_error=0.5 or 2, not met     success         the good samples            yes
score_on_error=True                 error           all; the failed one on the  yes
                                                    messages it has, counted
score_on_error, fail_on_error=False success         all, likewise               yes
retry_on_error=k                    as above        the whole sample is run k times more first

A sample scored in spite of its error ends, as a rule, in an unanswered user message, while
`state.output` is still the last reply that came: look at `state.messages`.
An error raised by the scorer leaves that sample unscored, also with score_on_error, and
retry_on_error generates the conversation anew for its sake. `results.completed_samples` counts
samples without error. `eval_set` started again runs exactly the failed samples (scored or not)
of a log with status error and none of a success, which it takes for done; `eval_retry` runs the
failed samples in both cases.
"""

from .anthropic_server import AnthropicServer
from .behaviour import (
    Answer,
    BadRequest,
    Behaviour,
    ContextOverflow,
    Empty,
    Fault,
    Hang,
    Malformed,
    Predicate,
    Reply,
    Request,
    Status,
    Truncated,
    by_turn,
    faulty_first,
    mentions,
    scripted,
    with_judge,
)
from .model_server import ModelServer
from .openai_server import OpenAIServer

__all__ = [
    "Answer",
    "AnthropicServer",
    "BadRequest",
    "Behaviour",
    "ContextOverflow",
    "Empty",
    "Fault",
    "Hang",
    "Malformed",
    "ModelServer",
    "OpenAIServer",
    "Predicate",
    "Reply",
    "Request",
    "Status",
    "Truncated",
    "by_turn",
    "faulty_first",
    "mentions",
    "scripted",
    "with_judge",
]
