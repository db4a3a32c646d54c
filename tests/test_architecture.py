"""The rules of the architecture, read off the source: who may import whom, what README must name, what may stand where.

Each rule is a function from sources to complaints. The first tests show on made-up sources that a rule can fail; the
last ones hold the real tree to all of them.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("model", "verify", "agent", "evals", "train", "ui", "scripts")

# A file may import from a lower stage or from its own; evals/ and train/ stand side by side.
STAGES = ({"base"}, {"model"}, {"verify"}, {"agent"}, {"evals", "train"}, {"ui"}, {"app", "scripts"})
BASE_MODULES = ("model.code_events", "model.tool_events", "model.events", "model.errors", "model.settings")

# Heavy packages, and the only files and folders that may import them.
HOMES: dict[str, tuple[str, ...]] = {
    "torch": (
        "model/device.py",
        "model/load_plan.py",
        "model/loading.py",
        "model/batched.py",
        "model/batch_worker.py",
        "model/single.py",
        "model/scoring_pass.py",
        "train/",
        "evals/speed/",
        "evals/first_light.py",
    ),
    "transformers": (
        "model/remote_going_on.py",
        "model/load_plan.py",
        "model/loading.py",
        "model/batched.py",
        "model/batch_worker.py",
        "model/single.py",
        "model/scoring_pass.py",
        "model/splitting.py",
        "model/gguf_tokenizer.py",
        "train/",
        "evals/speed/",
        "evals/first_light.py",
        "agent/tools.py",
    ),
    "gradio": ("ui/", "app.py"),
    "spaces": ("app.py", "model/zero_gpu.py"),
}

APP_LINES = 80
VAGUE_NAMES = ("utils", "util", "helpers", "helper", "common", "misc")
PRINTING_HOMES = ("app.py", "evals/", "train/", "scripts/", "verify/math_answer.py", "verify/rechecking.py")

# Test files that are about no single module.
OTHER_TESTS = (
    "test_architecture",
    "test_repository",
    "test_model_decoders",
    "test_docs_api",
    "test_container",
    "test_space",
)

Sources = Mapping[str, str]


def is_home(path: str, homes: Iterable[str]) -> bool:
    return any(path == home or (home.endswith("/") and path.startswith(home)) for home in homes)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_modules(path: str, source: str) -> Iterator[str]:
    """Every module that a file imports: at the top, inside functions, relatively, and through `import_module("...")`."""
    package = module_name(path).split(".") if path.endswith("/__init__.py") else module_name(path).split(".")[:-1]
    for node in ast.walk(ast.parse(source, path)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                parents = package[: len(package) - level + 1] if level else []
                base = ".".join([*parents, *([module] if module else [])])
                # `from model import events` names a module; `from model.events import Event` names one inside.
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(ast.Name("__import__" | "import_module"), [ast.Constant(str(name)), *_]):
                yield name
            case ast.Call(ast.Attribute(attr="import_module"), [ast.Constant(str(name)), *_]):
                yield name


def stage_of(module: str) -> tuple[int, str] | None:
    """Rank and name of the stage that a module of ours belongs to; None for other people's packages."""
    is_base = any(module == base or module.startswith(f"{base}.") for base in BASE_MODULES)
    name = "base" if is_base else module.split(".")[0]
    return next(((rank, name) for rank, stage in enumerate(STAGES) if name in stage), None)


def wrong_directions(sources: Sources) -> list[str]:
    complaints = []
    for path, source in sources.items():
        own = stage_of(module_name(path))
        assert own is not None, path
        for module in imported_modules(path, source):
            other = stage_of(module)
            if other is not None and other != own and other[0] >= own[0]:
                complaints.append(f"{path} ({own[1]}) imports {module} ({other[1]})")
    return complaints


def strayed_imports(sources: Sources) -> list[str]:
    return [
        f"{path} imports {module}"
        for path, source in sources.items()
        for module in imported_modules(path, source)
        if not is_home(path, HOMES.get(module.split(".")[0], (path,)))
    ]


def strayed_prints(sources: Sources) -> list[str]:
    return [
        f"{path}:{node.lineno} prints"
        for path, source in sources.items()
        if not is_home(path, PRINTING_HOMES)
        for node in ast.walk(ast.parse(source, path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def vague_names(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if Path(path).stem.strip("_") in VAGUE_NAMES]


def file_map(readme: str) -> list[str]:
    """Paths named in the fenced block under README's heading *Files*; an indented name lies in the folder above it."""
    block = re.search(r"^## Files\n.*?^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert block, "README has no fenced file map under '## Files'"
    paths: list[str] = []
    folders = {0: ""}  # by indent, the folder that names there lie in
    for line in block[1].splitlines():
        name = re.match(r"( *)(\S+)", line)
        if not name or len(name[1]) not in folders:
            continue
        indent, path = len(name[1]), folders[len(name[1])] + name[2]
        folders = {known: folder for known, folder in folders.items() if known <= indent}
        if name[2].endswith("/"):
            folders[indent + 2] = path
        else:
            paths.append(path)
    return paths


def map_complaints(readme: str, modules: Iterable[str], exists: Iterable[str]) -> list[str]:
    named = file_map(readme)
    complaints = [f"{path} is missing" for path in modules if path not in named]
    complaints += [f"{path} stands there twice" for path in sorted({path for path in named if named.count(path) > 1})]
    return complaints + [f"{path} does not exist" for path in named if path not in set(exists)]


def drawn_tree(docstring: str) -> dict[str, str]:
    """Class name to its parent's, from the tree drawn in `model/errors.py`."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in docstring.splitlines():
        entry = re.match(r"    ([│ ]*(?:[├└]── )?)([A-Z]\w*)(?: {2,}|$)", line)
        if not entry:
            continue
        depth, name = len(entry[1]), entry[2]
        above = [(d, n) for d, n in above if d < depth]
        parents[name] = above[-1][1] if above else "Exception"
        above.append((depth, name))
    return parents


def defined_tree(source: str) -> dict[str, str]:
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {node.name: ", ".join(ast.unparse(base) for base in node.bases) for node in classes}


def odd_test_names(tests: Iterable[str], modules: Iterable[str]) -> list[str]:
    """Test files that begin with no module's name, as `test_model_chat.py` and `test_model_chat_budget.py` do."""
    own = [path for path in modules if not path.endswith("/__init__.py")]  # else test_model_anything would do
    stems = [f"test_{module_name(path).replace('.', '_')}" for path in own]
    return [
        name
        for name in tests
        if (stem := name.removesuffix(".py")) not in OTHER_TESTS
        and not any(stem == known or stem.startswith(f"{known}_") for known in stems)
    ]


# The rules can fail.


@pytest.mark.parametrize(
    ("path", "source"),
    [
        pytest.param("model/events.py", "from model.runs import Runs", id="base imports model"),
        pytest.param("model/errors.py", "from . import chat", id="relative"),
        pytest.param("model/chat.py", "def f():\n    import ui.page", id="inside a function"),
        pytest.param("model/chat.py", "from verify.code_tests import run", id="model imports verify"),
        pytest.param("verify/math_answer.py", "import agent", id="verify imports agent"),
        pytest.param("evals/speed.py", "from train.sft import train", id="evals and train are apart"),
        pytest.param("train/sft.py", "import importlib\nimportlib.import_module('evals.run')", id="by name"),
        pytest.param("ui/page.py", "import app", id="nothing imports app"),
    ],
)
def test_wrong_directions_names_an_import_that_points_up(path: str, source: str) -> None:
    assert len(wrong_directions({path: source})) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("model/events.py", "from model.errors import AppError"),
        ("model/chat.py", "from model import events\nfrom .engine import Engine"),
        ("ui/page.py", "from evals.speed import measure\nimport model.runs\nimport gradio.events"),
        ("app.py", "from ui.page import build_page"),
    ],
)
def test_wrong_directions_is_silent_about_imports_that_point_down(path: str, source: str) -> None:
    assert wrong_directions({path: source}) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("model/chat.py", "import torch"),
        ("model/chat.py", "from torch.nn import functional"),
        ("ui/page.py", "def f():\n    from transformers import AutoTokenizer"),
        ("model/runs.py", "import gradio as gr"),
        ("model/loading.py", "import spaces"),
    ],
)
def test_strayed_imports_names_a_heavy_package_outside_its_home(path: str, source: str) -> None:
    assert len(strayed_imports({path: source})) == 1
    assert strayed_imports({"model/single.py": "import torch, transformers"}) == []


def test_strayed_prints_sees_a_call_but_not_a_word() -> None:
    assert strayed_prints({"model/chat.py": "# print(1)\nfootprint(1)\nprint(1)"}) == ["model/chat.py:3 prints"]
    assert strayed_prints({"evals/speed.py": "print(1)"}) == []


def test_vague_names_finds_them_at_any_depth() -> None:
    assert vague_names(["model/utils.py", "ui/common.py", "model/chat.py"]) == ["model/utils.py", "ui/common.py"]


def test_file_map_complaints_cover_missing_twice_and_gone() -> None:
    readme = "# X\n## Files\n\n```text\napp.py   starts\nmodel/   a chat in\n  chat.py   one\n  chat.py   again\n  old.py  x\n```\n"
    assert file_map(readme) == ["app.py", "model/chat.py", "model/chat.py", "model/old.py"]
    there = ["app.py", "model/chat.py", "model/runs.py"]
    assert map_complaints(readme, there, there) == [
        "model/runs.py is missing",
        "model/chat.py stands there twice",
        "model/old.py does not exist",
    ]


def test_drawn_tree_reads_parents_from_indentation() -> None:
    drawing = "Tree:\n\n    A\n    ├── B        why\n    │   └── C\n    └── D\n\nProse follows."
    assert drawn_tree(drawing) == {"A": "Exception", "B": "A", "C": "B", "D": "A"}


def test_odd_test_names_wants_a_module_at_the_front() -> None:
    tests = ["test_model_chat.py", "test_model_chat_budget.py", "test_chat.py", "test_model_chats.py"]
    assert odd_test_names(tests, ["model/__init__.py", "model/chat.py"]) == ["test_chat.py", "test_model_chats.py"]


# The real tree.


def real_sources() -> dict[str, str]:
    paths = [ROOT / "app.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths if path.exists()}


def test_imports_point_one_way() -> None:
    assert wrong_directions(real_sources()) == []


def test_heavy_packages_stay_in_their_homes() -> None:
    assert strayed_imports(real_sources()) == []


def test_prints_stay_in_programs() -> None:
    assert strayed_prints(real_sources()) == []


def test_file_names_say_what_is_in_them() -> None:
    assert vague_names(real_sources()) == []


def test_app_fits_on_one_screen() -> None:
    assert len(real_sources()["app.py"].splitlines()) < APP_LINES


def test_readme_maps_every_module_once() -> None:
    modules = [path for path in real_sources() if not path.endswith("__init__.py")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    exists = [path for path in file_map(readme) if (ROOT / path).is_file()]
    assert map_complaints(readme, modules, exists) == []


def test_error_tree_is_drawn_as_it_is_defined() -> None:
    source = real_sources()["model/errors.py"]
    docstring = ast.get_docstring(ast.parse(source), clean=False)
    assert docstring and drawn_tree(docstring) == defined_tree(source)


def test_test_files_are_named_after_what_they_test() -> None:
    tests = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert odd_test_names(tests, real_sources()) == []


def test_every_source_file_says_first_what_it_is() -> None:
    undocumented = [path for path, source in real_sources().items() if not ast.get_docstring(ast.parse(source))]
    assert undocumented == []
