# The task that Inspect is measured with: a dialogue of so many calls, judged at its end.
# SPDX-License-Identifier: Apache-2.0
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import includes
from inspect_ai.solver import Generate, TaskState, solver


@solver
def turns(count: int):
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for turn in range(count):
            if turn > 0:
                state.messages.append(ChatMessageUser(content="Please look into my order once more."))
            state = await generate(state)
        return state

    return solve


@task
def dialogues(samples: int = 100, calls: int = 10) -> Task:
    texts = MemoryDataset([Sample(input=f"Where is order {n}?", target="order", id=n + 1) for n in range(samples)])
    return Task(dataset=texts, solver=turns(calls), scorer=includes(), name="dialogues")
