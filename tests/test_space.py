"""What makes the repository a Space: README's front matter, and requirements beside what a Space brings of its own."""

import re
import unicodedata
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import SpaceCard, SpaceCardData, SpaceHardware, metadata_load
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from model.catalog import CATALOG, DEFAULT_ON_GPU, DEFAULT_ON_ZERO_GPU

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
# Every field that the Hub knows (hub-docs, spaces-config-reference.md, 2026-08-22), with the type of its value.
FIELDS: dict[str, type] = {
    "title": str,
    "emoji": str,
    "colorFrom": str,
    "colorTo": str,
    "sdk": str,
    "sdk_version": str,
    "python_version": str,
    "app_file": str,
    "app_port": int,
    "base_path": str,
    "fullWidth": bool,
    "header": str,
    "short_description": str,
    "models": list,
    "datasets": list,
    "tags": list,
    "thumbnail": str,
    "pinned": bool,
    "hf_oauth": bool,
    "hf_oauth_scopes": list,
    "hf_oauth_expiration_minutes": int,
    "hf_oauth_authorized_org": str,
    "disable_embedding": bool,
    "startup_duration_timeout": str,
    "custom_headers": dict,
    "preload_from_hub": list,
    "suggested_hardware": str,
    "license": str,
}
# What the Hub refuses: longer descriptions, longer logins, other scopes.
SHORT_DESCRIPTION_CHARACTERS = 60
LONGEST_LOGIN_MINUTES = 43_200
SCOPES = (
    "email read-billing read-repos gated-repos contribute-repos write-repos manage-repos inference-api jobs webhooks "
    "write-discussions openid profile"
).split()


@pytest.fixture(scope="module")
def block() -> dict[str, Any]:
    found = metadata_load(README)
    assert isinstance(found, dict)
    return found


def requirements_in(name: str) -> dict[str, Requirement]:
    lines = (line.split(" #")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    found = (Requirement(line) for line in lines if line and not line.startswith(("#", "-")))
    return {canonicalize_name(each.name): each for each in found}


def test_block_stands_at_the_very_top_and_ends():
    assert re.match(r"---\n(?:[^-\n].*\n)+---\n\n# ", README.read_text("utf-8"))


def test_block_is_read_as_a_card_without_losing_a_field(block: dict[str, Any]):
    card = SpaceCard.load(README, ignore_metadata_errors=False)
    assert isinstance(card.data, SpaceCardData)
    assert card.data.to_dict() == block
    assert SpaceCardData(**block).sdk == "gradio"


def test_every_field_is_known_and_of_its_type(block: dict[str, Any]):
    assert [name for name in block if name not in FIELDS] == []
    assert [name for name, value in block.items() if type(value) is not FIELDS[name]] == []
    assert all(isinstance(item, str) for name in ("models", "tags") for item in block[name])


def test_fields_hold_what_the_hub_takes(block: dict[str, Any]):
    assert block["colorFrom"] in COLOURS and block["colorTo"] in COLOURS
    assert len(block["short_description"]) <= SHORT_DESCRIPTION_CHARACTERS
    assert block["suggested_hardware"] in [hardware.value for hardware in SpaceHardware]
    assert re.fullmatch(r"\d+(\.\d+)?[smhd]", block["startup_duration_timeout"])
    assert block["header"] in ("mini", "default")
    assert re.fullmatch(r"3\.\d+(\.\d+)?", block["python_version"])
    assert [unicodedata.category(sign) for sign in block["emoji"]] == ["So"]


def test_login_of_the_hub_is_on_with_no_more_rights_than_the_app_uses(block: dict[str, Any]):
    assert block["hf_oauth"] is True
    assert 0 < block["hf_oauth_expiration_minutes"] <= LONGEST_LOGIN_MINUTES
    # Providers are asked in the name of whoever has signed in (model/remote_address.py).
    assert block["hf_oauth_scopes"] == ["inference-api"] and set(block["hf_oauth_scopes"]) <= set(SCOPES)


def test_file_that_is_started_is_there(block: dict[str, Any]):
    assert (ROOT / block["app_file"]).is_file()


def test_models_are_those_that_a_space_loads_by_default(block: dict[str, Any]):
    assert {CATALOG[DEFAULT_ON_GPU].hub_id, CATALOG[DEFAULT_ON_ZERO_GPU].hub_id} <= set(block["models"])


def test_gradio_is_the_pinned_one_and_in_the_range_that_is_asked_for(block: dict[str, Any]):
    pin = requirements_in("constraints.txt")["gradio"]
    assert str(pin.specifier) == f"=={block['sdk_version']}"
    assert block["sdk_version"] in requirements_in("requirements.txt")["gradio"].specifier


@pytest.mark.parametrize("package", ["gradio", "spaces", "huggingface-hub", "transformers", "accelerate"])
def test_what_the_hosts_packages_need_and_what_we_ask_for_have_a_version_in_common(package: str):
    try:
        needs = [Requirement(line) for line in distribution(package).requires or []]
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    ours, pins = requirements_in("requirements.txt"), requirements_in("constraints.txt")
    # A Space installs gradio[oauth,mcp].
    extras = ("", "oauth", "mcp") if package == "gradio" else ("",)
    wanted = [need for need in needs if any(need.marker is None or need.marker.evaluate({"extra": e}) for e in extras)]
    told = {canonicalize_name(need.name): need.specifier for need in wanted}
    shared = sorted(set(told) & set(ours))
    versions: dict[str, list[str]] = {
        str(name): [str(pins[name].specifier).removeprefix("==")] if name in pins else [] for name in shared
    }
    versions["pydantic"] = [*versions.get("pydantic", []), "2.12.5"]
    versions["torch"] = ["2.8.0", "2.11.0"]
    assert [
        name
        for name in shared
        if not any(version in told[name] and version in ours[name].specifier for version in versions[name])
    ] == []


def test_space_needs_no_package_of_the_system():
    # The sandbox takes what the kernel has; bubblewrap would need user namespaces, which a Space has not.
    assert not (ROOT / "packages.txt").exists() and not (ROOT / "pre-requirements.txt").exists()


def test_zero_gpus_own_package_is_needed_by_nobody_else():
    assert "spaces" not in requirements_in("requirements.txt")
    assert "spaces" in requirements_in("requirements-dev.txt")
