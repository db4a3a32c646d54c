"""A result with a curve and the judges as they are now in, the answers behind its cuts judged again out."""

from contextlib import closing
from dataclasses import replace

from evals.benchmarks.benchmark import Judges
from evals.curve_file import curve_path, read_cuts
from evals.judge_again import judge_for
from evals.loaded_problems import Load, load_problems
from evals.result_file import Result, ResultWriter, Sample


def judge_curve_again(result: Result, judges: Judges, load: Load = load_problems) -> int:
    """Judge the answers again and add those that came out differently; how many these are. None without a curve.

    Raises:
        AppError: If a file cannot be read or written, another process writes the curve, or the problems have changed.
    """
    path = curve_path(result.path)
    if not path.exists():
        return 0
    judge = judge_for(result, judges, load)
    n_changed = 0
    with closing(ResultWriter(path)) as writer:
        for cut in read_cuts(path).values():
            if not cut.is_cut or cut.error:
                continue
            judged = judge.judge(Sample(cut.problem, cut.number, "", cut.answer, cut.finish_reason, cut.calls))
            now = replace(cut, outcome=judged.outcome, reason=judged.reason)
            if now != cut:
                writer.write("cut", now)
                n_changed += now.outcome != cut.outcome
    return n_changed
