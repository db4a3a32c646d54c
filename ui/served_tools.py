"""The page's named endpoints in, the five tools that an MCP client is offered out: each one's words, types and result.

A tool is its endpoint, run to the end: what the endpoint yields on the way becomes progress notes, what it yields last
becomes the result, shortened to what another model can use.
"""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from model.errors import BadInput
from ui.arguments import shown
from ui.deltas import Delta, notice
from ui.served_results import result_of

TOOL_NAMES = ("solve_math", "verify_math", "solve_code", "run_tests", "think")
_TESTS = (
    "Asserts, a pytest file, doctests, HumanEval's check function, or a JSON list of "
    '{"stdin", "stdout"} or {"call", "args", "expected"}.'
)

Budget = Annotated[
    Literal["off", "low", "medium", "high"],
    Field(description="How long the model may think: off, low (about 1,000 tokens), medium (4,000), high (16,000)."),
]
WithThinking = Annotated[bool, Field(description="Whether the result holds the model's thinking, too; it is long.")]
EntryPoint = Annotated[str, Field(description="Name of the function that is asked for, where the tests don't call it.")]

Endpoint = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ServedTool:
    """One tool of the MCP server.

    Args:
        arguments: A model of what it takes; its JSON schema is what clients are shown.
        deltas: Takes the checked arguments; yields what the endpoint yields, and last the result.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    deltas: Callable[..., AsyncGenerator[Delta, None]]

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        for parameter in schema["properties"].values():
            parameter.pop("title", None)
        return schema

    def run(self, arguments: Mapping[str, Any]) -> AsyncGenerator[Delta, None]:
        """Run it; leaving stops what it has started.

        Raises:
            BadInput: If the arguments are not of its form.
        """
        try:
            given = self.arguments.model_validate(dict(arguments), strict=False)
        except ValidationError as error:
            raise BadInput(_sentences(error, self.name)) from error
        return self.deltas(**{name: getattr(given, name) for name in self.arguments.model_fields})


def served_tools(demo: gr.Blocks) -> tuple[ServedTool, ...]:
    """The tools over the named endpoints of a page that is built."""
    served = _Served({str(each.api_name): each.fn for each in demo.fns.values() if each.fn})
    return tuple(_tool(getattr(served, name)) for name in TOOL_NAMES)


class _Served:
    """The functions behind the tools; their signatures and docstrings are what clients are shown."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints

    async def solve_math(
        self,
        problem: Annotated[str, Field(description="The whole problem, in words, plain text or LaTeX.")],
        gold: Annotated[str, Field(description="The known answer, if there is one: then it is compared.")] = "",
        k: Annotated[int, Field(ge=1, le=16, description="How many times it is solved at once; the answers vote.")] = 1,
        budget: Budget = "medium",
        check_program: Annotated[
            bool,
            Field(description="Without gold: have a program written that finds the answer on its own, and run it."),
        ] = False,
        with_thinking: WithThinking = False,
    ) -> AsyncGenerator[Delta, None]:
        """Solve a mathematics problem with the local reasoning model, and check the answer.

        Use it for a problem that needs working out step by step. It can take minutes. The result is a JSON object:
        "final_answer"; "checked" (correct or wrong where a gold was given, else whether there is evidence); "verdict"
        or "evidence" with reasons; "answer", the model's whole answer; "classes", the different answers and how many
        chains gave them; "finish_reason" ("stop" when nothing was cut short).
        """
        asked = (problem, gold or None, k, budget, None, None, None, None, check_program)
        async for delta in self._run("solve_math", *asked, with_thinking=with_thinking):
            yield delta

    async def verify_math(
        self,
        gold: Annotated[str, Field(description="The reference answer alone, in LaTeX or plain text, such as 3/4.")],
        output: Annotated[str, Field(description="The answer to check, alone or as the whole text that ends in it.")],
        question: Annotated[str, Field(description="The problem, if you have it: it tells what is asked for.")] = "",
    ) -> AsyncGenerator[Delta, None]:
        """Say whether a mathematical answer is equal to the reference; no model is used, and it takes a second.

        Equal forms count: 0.5 and 1/2, x(x+1) and x^2+x, sets in any order. The result is a JSON object: "outcome"
        (correct, wrong, or undecided where it cannot be told), "reason", and how both were read.
        """
        async for delta in self._run("verify_math", gold, output, None, question or None):
            yield delta

    async def solve_code(
        self,
        task: Annotated[
            str, Field(description="What the Python program is to do, or a function's head with docstring.")
        ],
        tests: Annotated[str, Field(description=f"Tests that it must pass. {_TESTS}")] = "",
        k: Annotated[
            int, Field(ge=1, le=8, description="How many attempts run at once; the first that passes wins.")
        ] = 1,
        rounds: Annotated[int, Field(ge=1, le=8, description="How many programs each attempt may write.")] = 3,
        budget: Budget = "medium",
        entry_point: EntryPoint = "",
        with_thinking: WithThinking = False,
    ) -> AsyncGenerator[Delta, None]:
        """Have a Python program written by the local reasoning model, run against tests and repaired until it passes.

        It can take minutes. Without tests the model writes some from the task alone; they are no proof. The result is a
        JSON object: "program"; "words", how it did, as a sentence; "report" of the tests, with those that failed.
        """
        asked = (task, tests or None, None, k, rounds, budget, None, None, None, entry_point or None)
        async for delta in self._run("solve_code", *asked, with_thinking=with_thinking):
            yield delta

    async def run_tests(
        self,
        program: Annotated[str, Field(description="The Python source; of a text with ``` blocks, the program in it.")],
        tests: Annotated[str, Field(description=f"{_TESTS} Empty for the examples in the program's docstrings.")] = "",
        entry_point: EntryPoint = "",
        time_seconds: Annotated[float, Field(gt=0, le=60, description="Processor time that each test may take.")] = 2.0,
        memory_mib: Annotated[int, Field(ge=64, le=4096, description="Memory that the program may take.")] = 512,
    ) -> AsyncGenerator[Delta, None]:
        """Run a Python program against tests in a sandbox without network or files; no model is used.

        The result is a JSON object: "passed" of "total"; "words", the same as a sentence; "failed_cases", each with
        what it was given, what was expected and what came; "stdout", "stderr".
        """
        if not tests.strip() and ">>>" not in program:
            raise BadInput("There are no tests. Give some, or put examples (>>>) into the program's docstrings.")
        asked = (program, tests, None, None, None, entry_point or None, False, time_seconds, memory_mib)
        async for delta in self._run("run_tests", *asked):
            yield delta

    async def think(
        self,
        question: Annotated[str, Field(description="The question, with everything that is needed to answer it.")],
        budget: Budget = "medium",
        with_thinking: WithThinking = True,
    ) -> AsyncGenerator[Delta, None]:
        """Ask the local reasoning model a question, and get its thinking and its answer.

        Use it for a second opinion or a problem that needs long thought. It knows nothing of your conversation, has no
        tools, and can take minutes. The result is a JSON object: "answer", "thinking" (its end, where it is long),
        "finish_reason" ("stop" when nothing was cut short), "usage".
        """
        async for delta in self._run("chat", question, None, None, budget, with_thinking=with_thinking):
            yield delta

    async def _run(self, endpoint: str, *arguments: Any, with_thinking: bool = False) -> AsyncGenerator[Delta, None]:
        """What the endpoint yields; in place of its last object, the result.

        Raises:
            BadInput: If the endpoint refuses, with its sentence.
        """
        try:
            running: AsyncGenerator[Delta, None] | Awaitable[Delta] = self._endpoints[endpoint](*arguments)
            if not isinstance(running, AsyncGenerator):
                yield notice("running", "It is being checked.")
                yield result_of(endpoint, await running)
                return
            async with aclosing(running) as deltas:
                async for delta in deltas:
                    if delta["type"] != "final":
                        yield delta
                        continue
                    if delta.get("finish_reason") == "error" and not delta["answer"]:
                        raise BadInput(" ".join(each["text"] for each in delta["notices"]) or "The run failed.")
                    yield result_of(endpoint, delta, with_thinking)
        except gr.Error as error:
            raise BadInput(str(error.message)) from error


def _tool(function: Callable[..., AsyncGenerator[Delta, None]]) -> ServedTool:
    signature = inspect.signature(function)
    fields: dict[str, Any] = {
        name: (each.annotation, ... if each.default is inspect.Parameter.empty else each.default)
        for name, each in signature.parameters.items()
    }
    arguments = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return ServedTool(function.__name__, inspect.getdoc(function) or "", arguments, function)


def _sentences(error: ValidationError, tool: str) -> str:
    """What is wrong with the arguments of a call, for the model that has written them."""
    found = []
    for each in error.errors():
        name = ".".join(str(part) for part in each["loc"])
        match each["type"]:
            case "missing":
                found.append(f"{name} is missing; {tool} needs it.")
            case "extra_forbidden":
                found.append(f"{tool} has no argument {name!r}.")
            case _:
                found.append(f"{name} is {shown(each['input'])}. {each['msg']}.")
    return " ".join(found)
