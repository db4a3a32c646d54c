"""Prompts in, completions by a vLLM server out: for those who have a card for it beside the one that trains.

The server is TRL's (`trl vllm-serve --model MODEL`); TRL's trainer sends it the weights, the adapter merged into them,
after each update. Not yet run: no machine with such a server was in reach.
"""

from collections.abc import Sequence
from typing import Any

from model.events import Sampling
from train.policy import Policy
from train.rollout import Written


class ServerActor:
    """Writes completions as `train.rollout.Actor` does, on a server.

    Args:
        group: Completions of one prompt in a row, which the server is asked for at once.
    """

    def __init__(self, policy: Policy, group: int) -> None:
        self._policy = policy
        self._group = group
        self._trainer: Any = None
        self._sent_step = -1

    def follow(self, trainer: Any) -> None:
        """Write with the weights of this trainer, which is connected to the server."""
        self._trainer = trainer

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling, max_new_tokens: int) -> list[Written]:
        """A completion for each prompt, in order.

        Raises:
            RuntimeError: If the server gives another number of completions.
        """
        generation = self._trainer.vllm_generation
        if self._trainer.state.global_step != self._sent_step:
            generation.sync_weights()
            self._sent_step = self._trainer.state.global_step
        # It reads these for each request.
        generation.temperature = sampling.temperature
        generation.top_p = sampling.top_p
        generation.top_k = sampling.top_k or -1  # vLLM's word for no limit
        generation.max_completion_length = max_new_tokens
        given = [list(ids) for ids in prompts]
        together = self._group if _is_grouped(given, self._group) else 1
        _, completions, _, _ = generation.generate(prompts=given, images=None, num_generations=together)
        if len(completions) != len(given):
            raise RuntimeError(f"The server wrote {len(completions)} completions for {len(given)} prompts.")
        return [self._written(tuple(ids)) for ids in completions]

    def _written(self, ids: tuple[int, ...]) -> Written:
        stops = self._policy.stop_ids
        end = next((at for at, each in enumerate(ids) if each in stops), None)
        return Written(ids, True) if end is None else Written((*ids[:end], self._policy.end_id), False)


def _is_grouped(prompts: Sequence[Sequence[int]], group: int) -> bool:
    """Whether each prompt stands there `group` times in a row."""
    return len(prompts) % group == 0 and all(prompts[at] == prompts[at - at % group] for at in range(len(prompts)))
