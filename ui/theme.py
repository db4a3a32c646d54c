"""Nothing in; the page's theme, style sheet and head out. System fonts and no outside requests."""

import gradio as gr

from ui import words
from ui.access_requests import PAGE_POLICY
from ui.parts import ASSETS

# Ink on warm paper, one accent. Contrast at least 4.5:1 for all text, light and dark.
_SCRIPTS = (
    "words.js",
    "abilities.js",
    "page.js",
    "run_groups.js",
    "rail.js",
    "keys.js",
    "code_editor.js",
    "thought_view.js",
    "connection.js",
    "first_visit.js",
)
_SHEETS = ("page", "conversation", "math", "code", "agent", "benchmarks", "training")
_PAPER, _INK_PAPER = "#fcfbf9", "#171614"


def theme() -> gr.themes.Base:
    """The theme: hairlines for boxes, two text sizes, one accent."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace"]
    base = gr.themes.Base(
        primary_hue="teal",
        secondary_hue="stone",
        neutral_hue="stone",
        font=fonts,
        font_mono=mono,
        text_size="md",
        radius_size="md",
        spacing_size="md",
    )
    return base.set(
        body_background_fill=_PAPER,
        body_background_fill_dark=_INK_PAPER,
        background_fill_primary=_PAPER,
        background_fill_primary_dark=_INK_PAPER,
        background_fill_secondary="#f5f3ef",
        background_fill_secondary_dark="#201f1c",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        panel_background_fill="transparent",
        panel_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_300",
        block_title_text_size="*text_sm",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        body_text_color="#26231f",
        body_text_color_dark="#e9e6e0",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        border_color_primary="#e0dcd4",
        border_color_primary_dark="#393631",
        input_background_fill="#ffffff",
        input_background_fill_dark="#201f1c",
        input_border_color="#d3cec4",
        input_border_color_dark="#45413b",
        input_border_color_focus="*primary_700",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        input_shadow="none",
        input_shadow_focus="none",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_hover="#f0ede7",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover_dark="#2a2824",
        button_secondary_border_color="#d3cec4",
        button_secondary_border_color_dark="#45413b",
        button_secondary_text_color="#26231f",
        button_secondary_text_color_dark="#e9e6e0",
        button_border_width="1px",
        button_primary_border_color="*primary_700",
        button_primary_border_color_dark="*primary_700",
        button_large_text_weight="500",
        button_small_text_weight="400",
        color_accent="*primary_700",
        color_accent_soft="#e3efec",
        color_accent_soft_dark="#1f3330",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        slider_color="*primary_700",
    )


def css() -> str:
    """The style sheets; what two tabs have both is written once for each."""
    sheets = {name: (ASSETS / f"{name}.css").read_text("utf-8") for name in _SHEETS}
    both = sheets["conversation"]
    sheets["conversation"] = both.replace("#~", "#") + both.replace("#~tabs", "#agent").replace("#~", "#agent-")
    return "\n".join(sheets.values())


def head() -> str:
    """What goes into the page's head: keys, the colour of the browser's own bars, and nothing from elsewhere."""
    script = words.script() + "\n".join((ASSETS / name).read_text("utf-8") for name in _SCRIPTS)
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">'
        f'<meta name="theme-color" content="{_PAPER}" media="(prefers-color-scheme: light)">'
        f'<meta name="theme-color" content="{_INK_PAPER}" media="(prefers-color-scheme: dark)">'
        f"<script>{script}</script>"
    )


def early_script() -> str:
    """What has to be there before Gradio's own scripts (`ui.early_document`)."""
    return (ASSETS / "frames.js").read_text("utf-8")
