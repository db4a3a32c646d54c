"""Questions in, runs that outlive their page: start, follow from any event, steer, resume; owns the threads.

A run is one thread that reads an engine's stream, keeps its events in memory while it lives and hands each to the
store. Pages, endpoints and scripts are readers: they attach to a run by its id and may come and go.
"""

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import get_args

from model.acting import may_see, new_owner, seen_owner
from model.attachments import check_attachments, question_with
from model.branching import Branch, kept_by
from model.code_events import Task
from model.engine import Budget, Decision, Engine, Request, Steering, budget_limits
from model.errors import AppError, BadInput, LimitReached, PromptTooLong, RunBusy, RunError
from model.events import (
    AnswerDelta,
    Asked,
    Attachment,
    Branched,
    Event,
    Finished,
    Message,
    Notice,
    Problem,
    Sampling,
    Steered,
    ThinkingDelta,
)
from model.host import ModelHost
from model.limits import HOUR_SECONDS, Limits
from model.live_run import Follower, LiveRun
from model.logs import OwnersInLogs
from model.pacing import Pace
from model.question_checks import check_hint, check_history, check_question, check_system, checked_id
from model.resuming import resumable
from model.run_log import RunLog
from model.sampling import check_sampling
from model.seated_engine import SeatedEngine
from model.settings import ANSWER_RESERVE_TOKENS, SOFT_LANDING_TOKENS, THINK_LONGER_TOKENS, Settings
from model.steps import steps_of, turn_messages
from model.store import Store
from model.store_watch import StoreWatch
from model.titles import title_of
from model.tool_events import Equipped
from model.waiting_line import Place

log = logging.getLogger(__name__)

# How often time limits and abandoned runs are looked at.
_KEEPER_SECONDS = 0.2


class Runs:
    """Starts runs, lets readers attach, steers, resumes and ends them."""

    def __init__(self, store: Store, host: ModelHost, settings: Settings) -> None:
        self.store = store
        self.host = host
        self.settings = settings
        self._lock = threading.Lock()
        self._live: dict[str, LiveRun] = {}
        self._run_log = RunLog(OwnersInLogs(settings.logs_owners == "name"))
        store.watchers.append(self._run_log.take)
        self.limits = Limits(settings, store.tokens_since(time.time() - HOUR_SECONDS))
        # How often readers are sent something.
        self.pace = Pace(self.live_readers)
        self._closing = threading.Event()
        # Each is called with the id of each run that has ended, in the run's own thread.
        self.after_end: list[Callable[[str], None]] = []
        # Each is called once, when the runs have been stopped.
        self.on_close: list[Callable[[], None]] = []
        # Runs with such an event are streamed through the engine that is made of the loaded one, their events so far
        # and their id.
        self.through: dict[type[Event], Callable[[Engine, Sequence[Event], str], Engine]] = {}
        # The tools of a run as a branch of it has them.
        self.equip_again: Callable[[Equipped], Equipped] | None = None
        self._close_interrupted()
        self._keeper = threading.Thread(target=self._keep, name="run-keeper", daemon=True)
        self._keeper.start()

    # ------------------------------------------------------------------ starting

    def start(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        system: str = "",
        budget: Budget = "medium",
        sampling: Sampling | None = None,
        attachments: Sequence[Attachment] = (),
        parent_id: str | None = None,
        run_id: str | None = None,
        solves: Problem | Task | None = None,
        equipped: Equipped | None = None,
        owner: str = "",
    ) -> str:
        """Start a run and return its id at once; the model may still be loading.

        Args:
            attachments: Files that go along, as text.
            history: Earlier turns; taken from `parent_id`'s conversation when that is given instead.
            parent_id: The run that this one follows up.
            run_id: An id of the caller's choice, so that others can attach or steer before the first event.
            solves: The run is one of those that solve it; all but the first stand beside that one.
            equipped: The tools that it has; whoever runs their calls is in `through`.

        Raises:
            BadInput: If an argument is empty, too long or out of range.
            RunBusy: If `run_id` is taken.
            RunNotFound: If there is no run `parent_id`.
            LimitReached: If too many runs are going on, or the user has had too much of late.
        """
        check_question(question)
        check_attachments(question, attachments)
        check_system(system)
        check_history(history)
        budget_limits(budget)
        checked = check_sampling(sampling or Sampling())
        chosen_id = checked_id(run_id)
        if parent_id is not None:
            if history:
                raise BadInput("Give the history or the run to follow up, not both.")
            history = self.messages(parent_id)
        status = self.host.status()
        settings = (status.model, status.precision, budget, checked)
        asked = Asked(question, tuple(history), system, *settings, tuple(attachments))
        branch_of = solves.first_run if solves and solves.first_run != chosen_id else None
        first = tuple(event for event in (solves, equipped) if event is not None)
        return self._begin(chosen_id, asked, parent_id, owner, branch_of=branch_of, first=first)

    def branch(
        self,
        run_id: str,
        branch: Branch,
        *,
        budget: Budget | None = None,
        sampling: Sampling | None = None,
        new_run_id: str | None = None,
        owner: str = "",
    ) -> str:
        """Start a run beside another one, in the same conversation, and return its id at once.

        Args:
            branch: What is kept and what is changed; see `model.branching`.
            budget: Thinking budget; the other run's own when None. So is `sampling`.
            new_run_id: An id of the caller's choice.

        Raises:
            BadInput: If there is nothing to branch off, or an argument is out of range.
            RunBusy: If the run is still going on.
            RunNotFound: If no run has this id.
            LimitReached: If too many runs are going on, or the user has had too much of late.
        """
        if self.is_live(run_id):
            raise RunBusy(f"The run {run_id!r} is still going on. Stop it, or wait for its end, then branch off.")
        events = self.store.events(run_id)
        asked = events[0]
        assert isinstance(asked, Asked)
        kept = kept_by(branch, events)
        if kept.thinking:
            self._check_goes_on()
        status = self.host.status()
        chosen = asked.budget if budget is None else budget
        budget_limits(chosen)
        if branch.question is not None:
            check_question(branch.question)
            check_attachments(branch.question, asked.attachments)
        again = replace(
            asked,
            question=asked.question if branch.question is None else branch.question,
            model=status.model,
            precision=status.precision,
            budget=chosen,
            sampling=check_sampling(sampling or asked.sampling),
        )
        first: list[Event] = [Branched(run_id, kept.way)]
        if (equipped := next((event for event in events[:4] if isinstance(event, Equipped)), None)) is not None:
            first.append(self.equip_again(equipped) if self.equip_again else equipped)
        first += kept.before
        first += [ThinkingDelta(kept.thinking, 0, by_user=kept.way == "edited_thinking")] if kept.thinking else []
        request = Request(
            messages=messages_of(again),
            sampling=again.sampling,
            budget=again.budget,
            thinking_so_far=kept.thinking,
            is_thinking_closed=kept.is_thinking_closed,
        )
        new_id = checked_id(new_run_id)
        return self._begin(new_id, again, None, owner, branch_of=run_id, first=first, request=request)

    def _begin(
        self,
        run_id: str,
        asked: Asked,
        parent_id: str | None,
        owner: str,
        *,
        branch_of: str | None = None,
        first: Sequence[Event] = (),
        request: Request | None = None,
    ) -> str:
        owner = new_owner(owner)
        with self._lock:
            self._check_room(owner)
            if self._seen(run_id) is not None:
                raise RunBusy(f"The run {run_id!r} is going on already. Attach to it, or choose another id.")
            self.store.create(
                run_id, asked, parent_id=parent_id, branch_of=branch_of, title=_title(asked, first), owner=owner
            )
            live = self._live[run_id] = LiveRun(run_id, [asked], self.store, self.settings.run_seconds, owner)
            self.limits.begun(owner)
            for event in first:
                live.append(event)
        self._spawn(live, request or Request(messages_of(asked), sampling=asked.sampling, budget=asked.budget))
        return run_id

    def _check_goes_on(self) -> None:
        """Refuse what has the model write on after a text, where a server cannot."""
        abilities = self.host.abilities()
        if not abilities.goes_on:
            raise BadInput(abilities.missing())

    def check_room(self, owner: str, k: int) -> None:
        """Refuse `k` more runs of a user where they don't all fit.

        Raises:
            LimitReached: If there is no room for all of them, or the user has had too much of late.
        """
        with self._lock:
            self._check_room(seen_owner(owner), k)

    def _check_room(self, owner: str, k: int = 1) -> None:
        owners = [live.owner for live in self._live.values()]
        self.limits.check(owner, k, owners, self.host.line.counts()[1], self.host.line.n_free())

    def _spawn(self, live: LiveRun, request: Request) -> None:
        self._run_log.begun(live)
        live.seat = self.host.line.enter(
            live.id,
            live.owner,
            kind=str(request.budget),
            most_tokens=most_tokens(request),
            on_wait=live.told_to_wait,
            on_turn=live.told_to_go_on,
        )
        # The context carries the request's identity (a hosted GPU's quota belongs to the visitor).
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._work, live, request), name=f"run-{live.id}", daemon=True
        ).start()

    def _work(self, live: LiveRun, request: Request) -> None:
        steering = live.steering
        try:
            engine = self.host.engine(
                wait_seconds=self.settings.run_seconds, should_stop=lambda: steering.stop_reason is not None
            )
            try:
                for event in self._through(SeatedEngine(engine, live.seat), live).stream(request, steering):
                    self._tell(live, event)
            except PromptTooLong as error:
                longer = SeatedEngine(self._stretched(live, error), live.seat)
                for event in self._through(longer, live).stream(request, steering):
                    self._tell(live, event)
        except AppError as error:
            reason = steering.stop_reason
            if not reason:
                log.info("a run has failed", extra={"run": live.id, "error": type(error).__name__})
            live.append(Notice("stopped" if reason else "engine", "Stopped before it began." if reason else str(error)))
            self._tell(live, Finished(reason or "error"))
        except Exception:  # noqa: BLE001 - whatever the engine does, the reader gets a sentence and an end
            log.exception("a run has failed", extra={"run": live.id})
            live.append(
                Notice("engine", "The engine failed. The text so far is kept; press Continue to go on from there.")
            )
            self._tell(live, Finished("error"))
        finally:
            live.seat.close()
            with self._lock:
                self._forget(live)
            for look_at in self.after_end:
                try:
                    look_at(live.id)
                except RunError as error:
                    log.warning("run %s was not looked at after its end: %s", live.id, error)

    def _through(self, engine: Engine, live: LiveRun) -> Engine:
        """The engine that such a run needs."""
        events, _ = live.events_from(0)
        makers = [made for kind, made in self.through.items() if any(isinstance(event, kind) for event in events[:4])]
        for made in makers:
            engine = made(engine, events, live.id)
        return engine

    def _tell(self, live: LiveRun, event: Event) -> None:
        """Add an event. Whoever has read the last one may take the run further at once: it goes on no more by then."""
        if not isinstance(event, Finished):
            live.append(event)
            if isinstance(event, ThinkingDelta | AnswerDelta) and event.n_tokens:
                reached = self.limits.written(live.owner, event.n_tokens)
                if reached is not None:
                    self._end_all_of(live.owner, reached)
            return
        with self._lock:
            live.append(event)
            self._forget(live)

    def _end_all_of(self, owner: str, reached: LimitReached) -> None:
        """End the runs of a user who has used up his tokens; of all, where they are all users' tokens."""
        with self._lock:
            live_runs = list(self._live.values())
        for live in live_runs:
            is_meant = live.owner == owner or not reached.limit.startswith("user_")
            if is_meant and live.steering.stop_reason is None:
                live.append(Notice("allowance", " ".join([str(reached), "Press Continue then to take it further."])))
                live.steering.stop("allowance")
                self.limits.tell(reached)

    def _forget(self, live: LiveRun) -> None:
        """Under the lock. A run that was taken further meanwhile has another `LiveRun` in the same place."""
        if self._live.get(live.id) is live:
            del self._live[live.id]

    def _stretched(self, live: LiveRun, error: PromptTooLong) -> Engine:
        """The engine with a context long enough for a chat that was too long for it; the run says so.

        Raises:
            PromptTooLong: The error itself, where that cannot be.
            ModelError: If the load with the longer context fails.
        """
        yarn = self.host.stretches_to(error.prompt_tokens)
        if yarn is None:
            raise error
        live.append(
            Notice(
                "engine",
                f"The chat is {error.prompt_tokens:,} tokens, more than the context holds, so the model is loaded "
                f"again with YaRN. {yarn.warning}",
            )
        )
        return self.host.stretch(
            error.prompt_tokens, self.settings.run_seconds, lambda: live.steering.stop_reason is not None
        )

    # ------------------------------------------------------------------ reading

    def attach(self, run_id: str, from_event: int = 0) -> Follower:
        """A reader of the run from event number `from_event` on; `close` it when done.

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If `from_event` is negative.
        """
        if from_event < 0:
            raise BadInput(f"from_event is {from_event}; event numbers begin at 0.")
        with self._lock:
            live = self._seen(run_id)
            if live is not None:
                live.attach()
                return Follower(live, (), from_event)
        return Follower(None, self.store.events(run_id, from_event), from_event)

    def is_live(self, run_id: str) -> bool:
        """Whether the run is going on or waiting."""
        with self._lock:
            return self._seen(run_id) is not None

    def _seen(self, run_id: str) -> LiveRun | None:
        """The run if it goes on and whoever acts may see it. Under the lock."""
        live = self._live.get(run_id)
        return live if live is not None and may_see(live.owner) else None

    def events_so_far(self, run_id: str, from_event: int) -> list[Event] | None:
        """Events of a live run from a number on; None when it is not going on. Reads no disk."""
        with self._lock:
            live = self._seen(run_id)
        return live.events_from(from_event)[0] if live else None

    def tokens(self, run_id: str) -> tuple[int, int] | None:
        """Tokens of thinking and answer that a live run has written so far; None when it is not going on."""
        with self._lock:
            live = self._seen(run_id)
        return (live.thinking_tokens, live.answer_tokens) if live else None

    def place_in_line(self, run_id: str) -> Place | None:
        """Where a run stands that waits for others to end; None when it does not."""
        with self._lock:
            if self._seen(run_id) is None:
                return None
        return self.host.line.place(run_id)

    @property
    def is_closing(self) -> bool:
        """Whether the runs are being ended for good."""
        return self._closing.is_set()

    def live_readers(self) -> int:
        """Readers of runs that go on."""
        with self._lock:
            return sum(live.readers for live in self._live.values())

    def live_runs(self) -> tuple[str, ...]:
        """Ids of the runs that go on, oldest first; those that whoever acts may see."""
        with self._lock:
            return tuple(live.id for live in self._live.values() if may_see(live.owner))

    @property
    def n_live(self) -> int:
        """How many runs go on, whosever they are."""
        with self._lock:
            return len(self._live)

    def messages(self, run_id: str) -> tuple[Message, ...]:
        """The conversation up to and with this run, as chat turns.

        Raises:
            RunNotFound: If no run has this id.
            RunBusy: If the run is still going on.
        """
        if self.is_live(run_id):
            raise RunBusy(f"The run {run_id!r} is still going on. Wait for its answer, or stop it first.")
        rows = self.store.conversation(run_id)
        messages: list[Message] = []
        first = self.store.events(rows[0].id, 0, 1)[0]
        assert isinstance(first, Asked)
        messages.extend(first.history)
        for row in rows:
            messages.extend(turn_messages(self.store.events(row.id)))
        return tuple(messages)

    # ------------------------------------------------------------------ steering

    def stop(self, run_id: str, why: Notice | None = None) -> bool:
        """End the run within one decode step; False if it had ended already.

        Args:
            why: What its events say of it, where it was no user's doing.

        Raises:
            RunNotFound: If no run has this id.
        """
        return self._steer(run_id, why or Steered("stop"), Steering.stop)

    def answer_now(self, run_id: str) -> bool:
        """End the thinking and have the answer written; False if the run had ended already.

        Raises:
            RunNotFound: If no run has this id.
        """
        self._check_goes_on()
        return self._steer(run_id, Steered("answer_now"), Steering.answer_now)

    def think_longer(self, run_id: str, tokens: int = THINK_LONGER_TOKENS) -> bool:
        """Add to the thinking budget of a live run; False if the run had ended already (then `resume` it).

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If `tokens` is not positive.
        """
        if tokens <= 0:
            raise BadInput(f"{tokens} more thinking tokens were asked for; give at least 1.")
        self._check_goes_on()
        return self._steer(run_id, Steered("think_longer", tokens), lambda steering: steering.think_longer(tokens))

    def set_budget(self, run_id: str, budget: Budget) -> bool:
        """Give a live run another thinking budget; False if the run had ended already.

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If the budget is none.
        """
        limits = budget_limits(budget)
        self._check_goes_on()
        return self._steer(run_id, Steered("budget", text=str(budget)), lambda steering: steering.set_budget(limits))

    def pause(self, run_id: str) -> bool:
        """Free the device and keep the run where it is, until `go_on`; False if the run had ended already.

        Raises:
            RunNotFound: If no run has this id.
        """
        live = self._find_live(run_id)
        if live is None:
            return False
        self._check_goes_on()
        if not live.steering.is_paused_by_user:
            live.append(Steered("pause"))
            live.steering.pause()
        return True

    def go_on(self, run_id: str, hint: str = "") -> bool:
        """Write on after a pause, with a hint put into the thinking first; False if the run had ended already.

        A run that is not paused takes the hint too.

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If the hint is too long, holds a tag, or comes when the thinking is over.
        """
        live = self._find_live(run_id)
        if live is None:
            return False
        hint = hint.strip()
        if hint:
            self._check_goes_on()
            check_hint(hint)
            if live.has_answer:
                raise BadInput(
                    "The thinking of this run is over, so a hint has no place in it. Let it end, then edit the "
                    "thinking and go on from there."
                )
            live.append(Steered("hint", text=hint))
        if live.steering.is_paused_by_user:
            live.append(Steered("resume"))
        live.steering.go_on(hint)
        return True

    def decide(self, run_id: str, call_id: str, decision: Decision) -> bool:
        """Say whether a tool call that waits may run; False if the run has ended, or the call waits no more.

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If the decision is none, or the run has no such call.
        """
        if decision not in get_args(Decision):
            raise BadInput(f"The decision is {decision!r}. Give one of {', '.join(get_args(Decision))}.")
        live = self._find_live(run_id)
        if live is None:
            return False
        called = [called for step in steps_of(live.events_from(0)[0]) for called in step.calls]
        found = next((each for each in called if each.call.call_id == call_id), None)
        if found is None:
            raise BadInput(f"The run {run_id!r} has no tool call {call_id!r}.")
        if found.approval != "asked" or found.result is not None:
            return False
        return self._steer(run_id, Steered(decision, text=call_id), lambda steering: steering.decide(call_id, decision))

    def _steer(self, run_id: str, steered: Steered | Notice, act: Callable[[Steering], None]) -> bool:
        live = self._find_live(run_id)
        if live is None:
            return False
        # Before the engine acts on it, so that the events tell cause and effect in this order.
        live.append(steered)
        act(live.steering)
        return True

    def _find_live(self, run_id: str) -> LiveRun | None:
        with self._lock:
            live = self._seen(run_id)
        if live is None:
            self.store.row(run_id)
        return live

    def resume(
        self, run_id: str, *, think_longer: bool = False, budget: Budget | None = None, sampling: Sampling | None = None
    ) -> str:
        """Take a run that has ended further, under the same id: *continue*, or *think longer*.

        A run cut in its thinking thinks on; one cut in its answer writes on; one whose thinking was cut, or that is to
        think longer, gets its thinking reopened and answers anew.

        Args:
            think_longer: Reopen the thinking although the run had ended by itself.
            budget: Thinking budget from here on; the run's own when None.

        Raises:
            RunBusy: If the run is still going on.
            RunNotFound: If no run has this id.
            BadInput: If the run ended by itself, so that there is nothing to continue.
        """
        self._check_goes_on()
        owner = self.store.row(run_id).owner
        with self._lock:
            self._check_room(owner)
            if self._seen(run_id) is not None:
                raise RunBusy(f"The run {run_id!r} is still going on.")
            events = self.store.events(run_id)
            where = resumable(events, think_longer=think_longer)
            asked = events[0]
            assert isinstance(asked, Asked)
            live = LiveRun(run_id, events, self.store, self.settings.run_seconds, owner)
            budget = asked.budget if budget is None else budget
            limits = budget_limits(budget)
            if where.action == "think_longer" and limits.tokens == 0:
                budget = THINK_LONGER_TOKENS
            request = Request(
                messages=messages_of(asked),
                sampling=check_sampling(sampling or asked.sampling),
                budget=budget,
                thinking_so_far=where.thinking,
                is_thinking_closed=where.is_thinking_closed,
                answer_so_far=where.answer,
            )
            live.append(Steered("think_longer" if where.action == "think_longer" else "continue"))
            self._live[run_id] = live
            self.limits.begun(owner)
        self._spawn(live, request)
        return run_id

    # ------------------------------------------------------------------ ending

    def _keep(self) -> None:
        """End runs that are over time, or that nobody has read for `detached_seconds`."""
        watch = StoreWatch(self.store)
        while not self._closing.wait(_KEEPER_SECONDS):
            now = time.monotonic()
            with self._lock:
                live_runs = list(self._live.values())
            watch.look(live_runs)
            for live in live_runs:
                if live.steering.stop_reason is not None:
                    continue
                abandoned_at = live.abandoned_at
                if now > live.ends_at and not self.host.line.is_waiting(live.id):
                    live.steering.stop("time_limit")
                elif abandoned_at is not None and now - abandoned_at > self.settings.detached_seconds:
                    live.append(
                        Notice(
                            "stopped",
                            f"Nobody has read this run for {self.settings.detached_seconds:g} s, so it was stopped. "
                            "Press Continue to take it further.",
                        )
                    )
                    live.steering.stop()

    def _close_interrupted(self) -> None:
        """Give an end to the runs that were going on when the app last ended."""
        for run_id in self.store.unfinished():
            self.store.append(
                run_id,
                [
                    Notice(
                        "interrupted", "The app ended in the middle of this run. Press Continue to take it further."
                    ),
                    Finished("error"),
                ],
            )
        with suppress(RunError):  # while the disk takes nothing, it is tried again
            self.store.flush()

    def close(self) -> None:
        """Stop every run and wait briefly for their ends to be written."""
        self._closing.set()
        with self._lock:
            live_runs = list(self._live.values())
        for live in live_runs:
            live.steering.stop()
        deadline = time.monotonic() + 3
        while self.live_runs() and time.monotonic() < deadline:
            time.sleep(0.02)
        for close in self.on_close:
            close()
        with suppress(RunError):  # closing the store says what is lost
            self.store.flush()


def messages_of(asked: Asked) -> tuple[Message, ...]:
    """The chat that a run was asked, as its engine gets it."""
    system = (Message("system", asked.system),) if asked.system.strip() else ()
    return (*system, *asked.history, Message("user", question_with(asked.question, asked.attachments)))


def _title(asked: Asked, first: Sequence[Event]) -> str:
    """The title of a run that solves something: without what was added to it. Others find theirs in the question."""
    match first:
        case [Problem() as problem, *_]:
            return title_of(asked.question.removesuffix(problem.instruction))
        case [Task(statement=statement), *_] if statement:
            return title_of(statement)
    return ""


def most_tokens(request: Request) -> int | None:
    """New tokens that a run can come to at most; None where the model alone decides."""
    most = request.sampling.max_new_tokens
    thinking = budget_limits(request.budget).tokens
    if thinking is None:
        return most
    budgeted = thinking + SOFT_LANDING_TOKENS + ANSWER_RESERVE_TOKENS
    return budgeted if most is None else min(budgeted, most)
