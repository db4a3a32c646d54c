"""Names of functions in, what works each out from its values out."""

from functools import partial

import sympy

from agent.calculating import list_functions as lists
from agent.calculating import number_functions as numbers
from agent.calculating.arguments import Work, of, of_list, up_to
from agent.calculating.values import Ready

FUNCTION_TABLE: dict[str, Work] = {
    "!": of(numbers.factorial, "factorial", 1),
    "!!": of(numbers.double_factorial, "!!", 1),
    "factorial": of(numbers.factorial, "factorial", 1),
    "binomial": of(numbers.binomial, "binomial", 2),
    "permutations": of(numbers.permutations, "permutations", 1, 2),
    "sqrt": of(numbers.root, "sqrt", 1),
    "cbrt": of(lambda value: numbers.root(value, sympy.Integer(3)), "cbrt", 1),
    "root": of(numbers.root, "root", 1, 2),
    "log": of(numbers.log, "log", 1, 2),
    "log10": of(lambda value: numbers.log(value, sympy.Integer(10)), "log10", 1),
    "log2": of(lambda value: numbers.log(value, sympy.Integer(2)), "log2", 1),
    "atan": of(numbers.atan, "atan", 1, 2),
    "mod": of(numbers.mod, "mod", 2),
    "round": of(numbers.rounded, "round", 1, 2),
    "trunc": of(lambda value: sympy.sign(value) * sympy.floor(abs(value)), "trunc", 1),
    "gcd": of_list(sympy.gcd_list, "gcd"),
    "lcm": of_list(sympy.lcm_list, "lcm"),
    "min": of_list(lambda values: sympy.Min(*values), "min"),
    "max": of_list(lambda values: sympy.Max(*values), "max"),
    "mean": of_list(lists.mean, "mean"),
    "median": of_list(lists.median, "median"),
    "mode": of_list(lists.mode, "mode"),
    "variance": of_list(lists.variance, "variance"),
    "stdev": of_list(lambda values: sympy.sqrt(lists.variance(values)), "stdev"),
    "samplevariance": of_list(lambda values: lists.variance(values, 1), "samplevariance"),
    "samplestdev": of_list(lambda values: sympy.sqrt(lists.variance(values, 1)), "samplestdev"),
    "sorted": of_list(lists.ordered, "sorted"),
    "len": of_list(lambda values: sympy.Integer(len(values)), "len"),
    "isprime": of(numbers.is_prime, "isprime", 1),
    "prime": up_to(sympy.prime, "prime", 1_000_000),
    "nextprime": up_to(sympy.nextprime, "nextprime", 10**40),
    "primepi": up_to(sympy.primepi, "primepi", 10**8),
    "fibonacci": up_to(sympy.fibonacci, "fibonacci", 40_000),
    "catalan": up_to(sympy.catalan, "catalan", 10_000),
    "totient": up_to(sympy.totient, "totient", 10**40),
    "divisors": up_to(lambda value: [sympy.Integer(each) for each in sympy.divisors(value)], "divisors", 10**40),
    "factorint": of(numbers.factors, "factorint", 1),
    "factor": of(numbers.factor, "factor", 1, 2),
    "expand": of(lambda value, *_: sympy.expand(value, trig=False), "expand", 1, 2),
    "simplify": of(lambda value, *_: sympy.simplify(value), "simplify", 1, 2),
    "apart": of(sympy.apart, "apart", 1, 2),
    "together": of(sympy.together, "together", 1),
    "cancel": of(sympy.cancel, "cancel", 1),
    "evalf": of(numbers.evalf, "N", 1, 2),
    "rational": of(lambda value, under=1: value / under, "Rational", 1, 2),
    "print": lambda values: values[-1] if values else Ready(""),
    "range": lists.whole_numbers,
    "list": lambda values: list(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values),
    "item": lists.item,
    "quo": of(sympy.quo, "quo", 2, 3),
    "rem": of(sympy.rem, "rem", 2, 3),
    "bin": of(numbers.in_base(2, "0b"), "bin", 1),
    "oct": of(numbers.in_base(8, "0o"), "oct", 1),
    "hex": of(numbers.in_base(16, "0x"), "hex", 1),
    "matrix": lists.of_matrix(lambda matrix: matrix, "matrix"),
    "det": lists.of_matrix(lambda matrix: matrix.det(), "det"),
    "inv": lists.of_matrix(lists.inverse, "inverse"),
    "transpose": lists.of_matrix(lambda matrix: matrix.T, "transpose"),
    "rank": lists.of_matrix(lambda matrix: sympy.Integer(matrix.rank()), "rank"),
    "trace": lists.of_matrix(lambda matrix: matrix.trace(), "trace"),
    "rref": lists.of_matrix(lambda matrix: matrix.rref()[0], "rref"),
    "norm": lists.of_matrix(lambda matrix: matrix.norm(), "norm"),
    "eigenvals": lists.of_matrix(lists.eigenvals, "eigenvalues"),
    "eigenvects": lists.of_matrix(lists.eigenvects, "eigenvectors"),
    "nullspace": lists.of_matrix(lambda matrix: list(matrix.nullspace()), "nullspace"),
    "dot": lists.of_matrix(lambda left, right: left.dot(lists.matrix_of(right)), "dot", 2),
    "cross": lists.of_matrix(lambda left, right: left.cross(lists.matrix_of(right)), "cross", 2),
    "eye": up_to(sympy.eye, "eye", lists.MAX_SIDE),
}
for _name in (
    "asin acos sinh cosh tanh asinh acosh atanh exp floor ceiling sign gamma erf zeta re im conjugate arg"
).split():
    FUNCTION_TABLE[_name] = of(getattr(sympy, _name), _name, 1)
for _name in "sin cos tan cot sec csc".split():
    FUNCTION_TABLE[_name] = of(partial(numbers.of_angle, getattr(sympy, _name)), _name, 1)
FUNCTION_TABLE["abs"] = of(sympy.Abs, "abs", 1)
FUNCTION_TABLE["gamma"] = of(
    lambda value: numbers.factorial(value - 1) if value.is_Integer and value > 0 else sympy.gamma(value), "gamma", 1
)
