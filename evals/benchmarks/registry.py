"""A benchmark's name in, the benchmark out."""

import difflib
import re

from evals.benchmarks.aime import AIME24, AIME25
from evals.benchmarks.benchmark import Benchmark
from evals.benchmarks.bfcl import BFCL
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.humaneval import HUMANEVAL
from evals.benchmarks.ifeval import IFEVAL
from evals.benchmarks.livecodebench import LIVECODEBENCH, LIVECODEBENCH_RELEASES
from evals.benchmarks.math500 import MATH500
from evals.benchmarks.mbpp import MBPP
from evals.benchmarks.reasoning_gym import REASONING_GYM
from evals.benchmarks.tools import TOOLS
from model.errors import BadInput

# In the order in which they are listed.
_MATHS = (AIME24, AIME25, MATH500, GSM8K, REASONING_GYM)
_CODE = (HUMANEVAL, MBPP, LIVECODEBENCH, *LIVECODEBENCH_RELEASES)
_ALL = (*_MATHS, *_CODE, IFEVAL, BFCL, TOOLS)
BENCHMARKS: dict[str, Benchmark] = {each.name: each for each in _ALL}


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of a name or title, however it is spelled.

    Raises:
        BadInput: If there is none; the sentence names all that there are.

    >>> find_benchmark("GSM-8K").name
    'gsm8k'
    """
    known = {_plain(key): each for each in BENCHMARKS.values() for key in (each.title, each.name)}
    if found := known.get(_plain(name)):
        return found
    near = difflib.get_close_matches(_plain(name), known, n=1)
    guess = f" Did you mean {known[near[0]].name}?" if near else ""
    raise BadInput(f"There is no benchmark {name!r}.{guess} There are {', '.join(BENCHMARKS)}.")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
