"""Scored completions in, updates of the policy out: TRL's `GRPOTrainer` with the app's decoder and verifiers in it.

TRL's are the loss, the KL term, the optimiser and the checkpoints. Ours are who writes and who judges, and which
completions go through the model again: those that teach nothing (a group that is all right or all wrong, one that could
not be judged) do not, nor does the padding beyond the longest of a pass. One process, one device.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from accelerate.utils import is_peft_model
from trl import GRPOConfig, GRPOTrainer
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer.utils import use_adapter

from train.advantages import FLAT, Scored, advantages_of, contrasting
from train.padded_batch import padded
from train.sft import wanted_logits

# Numbers of problems (each `group` times in a row) to what was written for each, and what was measured of all of it.
Rollout = Callable[[Sequence[int]], tuple[list[Scored], dict[str, float]]]
# A step's number and its completions, to be kept.
Keeps = Callable[[int, Sequence[Scored]], None]


class OutcomeTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is untyped here
    """Asks `rollout` for scored completions, and learns from those that differ from the rest of their group.

    Args:
        keep: Told of each step's completions, with their advantages.
        rows: Completions of one pass through the model.
        learned: Of a group; 0 for all.
    """

    def __init__(self, *, rollout: Rollout, keep: Keeps, rows: int, learned: int, **given: Any) -> None:
        super().__init__(reward_funcs=[_is_judged_elsewhere], **given)
        # TRL holds the adapter of 4-bit weights in bfloat16, where small updates round away.
        for weights in self.model.parameters():
            if weights.requires_grad:
                weights.data = weights.data.float()
        self._rollout = rollout
        self._keep = keep
        self._rows = rows
        self._learned = learned

    def training_step(self, model: Any, inputs: list[dict[str, Any]], num_items_in_batch: Any = None) -> torch.Tensor:
        """One update's gradients: completions are written and scored, then learned in passes of a few."""
        model.train()
        scored, measured = self._rollout([each["number"] for each in inputs])
        rewards = [each.reward for each in scored]
        kept = contrasting(rewards, self.num_generations, self._learned)
        among = set(kept)
        chosen = [reward if at in among else None for at, reward in enumerate(rewards)]
        advantages = advantages_of(chosen, self.num_generations, self.scale_rewards)
        for each, advantage in zip(scored, advantages, strict=True):
            each.facts["advantage"] = round(advantage, 4)
        kept = [at for at in kept if scored[at].ids and abs(advantages[at]) > FLAT]
        self._keep(self.state.global_step + 1, scored)
        self._count(scored, kept, measured)
        loss = torch.zeros((), device=self.accelerator.device)
        tokens = sum(len(scored[at].ids) for at in kept)
        # By length, so that a pass has little padding.
        kept.sort(key=lambda at: len(scored[at].ids) + len(scored[at].prompt_ids))
        for start in range(0, len(kept), self._rows):
            numbers = kept[start : start + self._rows]
            part = self._tensors([scored[at] for at in numbers], [advantages[at] for at in numbers], tokens)
            with self.compute_loss_context_manager():
                # DAPO's loss is a sum over all tokens of the step; the others are means over the rows of a pass.
                share = 1.0 if self.loss_type == "dapo" else len(numbers) / len(kept)
                part_loss = self.compute_loss(model, part) * share
            self.accelerator.backward(part_loss)
            loss += part_loss.detach()
        self._step += 1
        return loss

    def _count(self, scored: Sequence[Scored], kept: Sequence[int], measured: dict[str, float]) -> None:
        """Keep what was measured, for the step's line in the log."""
        group = self.num_generations
        taught = Counter(at // group for at in kept)
        measured["flat_groups"] = 1 - len(taught) / (len(scored) // group)
        learned = sum(len(scored[at].ids) + len(scored[at].prompt_ids) for at in kept)
        written = sum(len(each.ids) for each in scored)
        read = sum(len(each.prompt_ids) for each in scored[::group])
        self.state.num_input_tokens_seen += learned + written + read
        measured["tokens"] = self.state.num_input_tokens_seen
        for name, value in measured.items():
            self._metrics["train"][name].append(float(value))

    def _tensors(self, scored: Sequence[Scored], advantages: Sequence[float], tokens: int) -> dict[str, torch.Tensor]:
        """What TRL's loss is computed of: prompts padded on the left, completions on the right; (rows, tokens)."""
        device = self.accelerator.device
        prompts, prompt_mask = self._padded([each.prompt_ids for each in scored], is_left=True)
        completions, completion_mask = self._padded([each.ids for each in scored], is_left=False)
        inputs = {
            "prompt_ids": prompts,
            "prompt_mask": prompt_mask,
            "completion_ids": completions,
            "completion_mask": completion_mask,
            "advantages": torch.tensor(advantages, dtype=torch.float32, device=device),
            "num_items_in_batch": torch.tensor(max(1, tokens), device=device),
        }
        if self.beta:
            inputs["ref_per_token_logps"] = self._reference_logps(inputs)
        return inputs

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, logits_to_keep: int, **asked: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Log-probabilities and entropies of the last `logits_to_keep` tokens; both (rows, logits_to_keep).

        TRL's own are made for a GPU: tile by tile, of the padding too. On a CPU that took half of a pass.
        """
        if input_ids.device.type != "cpu":
            return super()._get_per_token_logps_and_entropies(  # type: ignore[no-any-return]
                model, input_ids, attention_mask, logits_to_keep, **asked
            )
        causal = self.accelerator.unwrap_model(model).get_base_model()
        is_written = attention_mask[:, -logits_to_keep:].bool()
        is_wanted = torch.zeros_like(attention_mask[:, 1:], dtype=torch.bool)
        is_wanted[:, -logits_to_keep:] = is_written
        logits = wanted_logits(causal, is_wanted, input_ids=input_ids, attention_mask=attention_mask)
        likely = torch.log_softmax(logits.float() / self.temperature, -1)
        chosen = likely.gather(-1, input_ids[:, -logits_to_keep:][is_written][:, None]).squeeze(-1)
        logps = torch.zeros(is_written.shape).masked_scatter(is_written, chosen)
        if not asked.get("compute_entropy"):
            return logps, None, None
        with torch.no_grad():
            spread = -(likely.exp() * likely).sum(-1)
        return logps, torch.zeros(is_written.shape).masked_scatter(is_written, spread), None

    def _padded(self, rows: Sequence[Sequence[int]], *, is_left: bool) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = padded(rows, self._tokenizer.pad_token_id, is_left=is_left)
        device = self.accelerator.device
        return ids.to(device), mask.to(device)

    @torch.no_grad()
    def _reference_logps(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What the policy as it was at the start thinks of the completions' tokens; (rows, tokens)."""
        model = self.accelerator.unwrap_model(self.model)
        assert is_peft_model(model)
        reference = "ref" if "ref" in model.peft_config else None
        whole = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
        mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
        with (
            disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs),
            use_adapter(model, adapter_name=reference),
        ):
            logps: torch.Tensor = self._get_per_token_logps_and_entropies(
                self.model, whole, mask, inputs["completion_ids"].shape[1]
            )[0]
        return logps


def _is_judged_elsewhere(**_: Any) -> list[float]:
    """TRL asks for a reward function; completions come here with their rewards.

    Raises:
        AssertionError: If it is called.
    """
    raise AssertionError("rewards are given by the rollout")


def trainer_arguments(**given: Any) -> GRPOConfig:
    """TRL's settings with those that never change here."""
    arguments = GRPOConfig(
        remove_unused_columns=False,
        shuffle_dataset=False,
        disable_dropout=True,
        logging_steps=1,
        save_strategy="no",
        save_total_limit=2,
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        lr_scheduler_type="constant_with_warmup",
        weight_decay=0.0,
        gradient_accumulation_steps=1,
        steps_per_generation=1,
        **given,
    )
    if arguments.n_gpu > 1:
        # One process sees several cards: Trainer would split each batch over them, and multiply it first.
        arguments._n_gpu = 1
    return arguments
