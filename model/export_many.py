"""Conversations picked from a list in, the text of one file out, in pieces: Markdown, JSON Lines or HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.errors import RunNotFound
from model.export import (
    HTML_END,
    Form,
    html_conversation,
    html_start,
    to_json_lines,
    to_markdown,
)
from model.store import Store
from model.stored_runs import RunRow


@dataclass(frozen=True, slots=True)
class Picked:
    """A row of the list: a conversation, named by any of its runs, or (`is_turn`) what led up to one run of it."""

    run_id: str
    is_turn: bool = False


def export_many(store: Store, picked: Sequence[Picked], form: Form, with_thinking: bool = True) -> Iterator[str]:
    """The text of one file with all that was picked, in pieces: no more than one conversation is held in memory.

    JSON Lines hold every branch of a conversation, so that `import_json_lines` brings all of it back. Markdown and HTML
    are to be read: they hold the turns that opening the conversation shows. What was deleted meanwhile is left out.

    Args:
        store: Where the runs are.
        picked: In the order that the file is to have. Two turns of one conversation stand there as one.
        form: "json_lines" is the one that `import_json_lines` takes back.
        with_thinking: False leaves the thinking out; its token counts stay.

    Raises:
        RunNotFound: If nothing of it is there, or nothing was picked.
    """
    conversations = conversations_of(store, picked, with_branches=form == "json_lines")
    if not conversations:
        raise RunNotFound("None of the runs picked is there any more. Look at the list again.")
    return _pieces(store, conversations, form, with_thinking)


def conversations_of(store: Store, picked: Sequence[Picked], with_branches: bool) -> list[list[RunRow]]:
    """The runs of each conversation that was picked, each run after the one that it follows."""
    wanted: dict[str, set[str]] = {}
    for one in picked:
        try:
            root_id = store.row(one.run_id).root_id
            wanted.setdefault(root_id, set()).update(_ids(store, one, with_branches))
        except RunNotFound:
            continue
    return [[row for row in store.whole_conversation(root_id) if row.id in ids] for root_id, ids in wanted.items()]


def _ids(store: Store, one: Picked, with_branches: bool) -> list[str]:
    if not one.is_turn and with_branches:
        return [row.id for row in store.whole_conversation(one.run_id)]
    last = one.run_id if one.is_turn else store.last_turn(one.run_id).id
    return [row.id for row in store.conversation(last)]


def _pieces(store: Store, conversations: list[list[RunRow]], form: Form, with_thinking: bool) -> Iterator[str]:
    is_html, is_one = form == "html", len(conversations) == 1
    if is_html:
        yield html_start(conversations[0][0].title if is_one else f"{len(conversations):,} conversations")
    for number, rows in enumerate(conversations):
        if form == "json_lines":
            for row in rows:
                yield to_json_lines([(row, store.timed_events(row.id))], with_thinking)
            continue
        runs = [(row, store.events(row.id)) for row in rows]
        if is_html:
            yield html_conversation(runs, with_thinking, "" if is_one else rows[0].title)
        else:
            yield ("\n" if number else "") + to_markdown(runs, with_thinking)
    if is_html:
        yield HTML_END
