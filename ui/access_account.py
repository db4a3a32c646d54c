"""The settings in; who is logged in and the way out, or that nobody has to, in the page's masthead out."""

import os
from typing import Any

import gradio as gr

from model.settings import Settings
from ui.access_page import Page, account_value
from ui.parts import AT_ONCE, html_part
from ui.words import word

OPEN_DOOR = (
    "Anybody who reaches this machine can read and change every run here. Start with --users FILE, or leave "
    "GRADIO_SERVER_NAME out."
)
_MARKUP = (
    "<form method='post' action='logout' hidden><span class='name'></span> "
    "<button class='action' type='submit' data-say>Log out</button></form>"
)


def has_sign_in() -> bool:
    """Whether a Space has its sign-in with Hugging Face (`hf_oauth: true`)."""
    return all(os.environ.get(name) for name in ("SPACE_ID", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"))


def add_account(demo: Page, settings: Settings) -> None:
    """The part of the masthead about logins; nothing where there are none."""
    if settings.auth == "users":
        account: gr.HTML = html_part({}, _MARKUP, "account.js", elem_id="account")
        demo.load(account_value, None, account, **AT_ONCE)
    elif settings.is_hosted and has_sign_in():
        more: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 150, "elem_id": "sign-in"}
        gr.LoginButton(word("Sign in with Hugging Face"), logout_value="Log out ({})", **more)


def add_open_door(settings: Settings) -> None:
    """The warning that nobody has to log in; nothing where that is as it should be."""
    if settings.is_open_door:
        gr.HTML(f"<p role='note' data-say>{OPEN_DOOR}</p>", elem_id="open-door")
