"""Two tasks that the tests run; Inspect also loads this file by its path, so it imports no sibling."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, get_model
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import generate, solver


@solver
def two_turns():
    async def solve(state, generate):
        state = await generate(state)
        state.messages.append(ChatMessageUser(content="Wrong."))
        return await generate(state)

    return solve


@scorer(metrics=[mean()])
def replies(ask_grader: bool = False):
    """Counts the replies; with `ask_grader` after one call to the role `grader`."""

    async def score(state, target):
        if ask_grader:
            await get_model(role="grader").generate(f"Rate {state.input_text}")
        return Score(value=sum(message.role == "assistant" for message in state.messages))

    return score


@scorer(metrics=[mean()])
def rated():
    """The number that the role `grader` answers."""

    async def score(state, target):
        output = await get_model(role="grader").generate(f"Rate: {state.output.completion}")
        return Score(value=int(output.completion))

    return score


@task
def conversations(ask_grader: bool = False):
    names = ("good 1", "bad", "good 2", "good 3")
    samples = [Sample(id=name, input=name) for name in names]
    return Task(dataset=samples, solver=two_turns(), scorer=replies(ask_grader))


@task
def two_roles():
    return Task(dataset=[Sample(id="one", input="Hello")], solver=generate(), scorer=rated())
