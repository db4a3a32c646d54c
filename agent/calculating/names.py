"""A word of a calculation in, what it is called here out: functions under all their spellings, and constants."""

_SPELLINGS: dict[str, str] = {
    "sqrt": "sqrt root2", "cbrt": "cbrt", "root": "root nthroot nroot real_root surd", "exp": "exp",
    "log": "log ln", "log10": "log10 lg", "log2": "log2 lb", "abs": "abs fabs",
    "sin": "sin", "cos": "cos", "tan": "tan tg", "cot": "cot ctg", "sec": "sec", "csc": "csc cosec",
    "asin": "asin arcsin", "acos": "acos arccos", "atan": "atan arctan atan2 arctan2", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "asinh": "asinh arcsinh arsinh", "acosh": "acosh arccosh arcosh", "atanh": "atanh arctanh artanh",
    "floor": "floor", "ceiling": "ceil ceiling", "round": "round rounded", "sign": "sign sgn", "trunc": "trunc int",
    "degrees": "radians", "todegrees": "degrees todegrees", "pow": "pow power", "mod": "mod",
    "factorial": "factorial fact", "binomial": "binomial binom comb ncr choose nchoosek combinations",
    "permutations": "permutations perm npr permutation", "gcd": "gcd igcd hcf", "lcm": "lcm ilcm",
    "isprime": "isprime is_prime", "prime": "prime nthprime", "nextprime": "nextprime", "primepi": "primepi",
    "factorint": "factorint primefactors primefactorization", "divisors": "divisors", "totient": "totient phi_n",
    "fibonacci": "fibonacci fib", "catalan": "catalan_number",
    "min": "min", "max": "max", "mean": "mean average avg", "median": "median", "mode": "mode",
    "variance": "variance var pvariance", "stdev": "stdev std pstdev standard_deviation",
    "samplevariance": "samplevariance svariance", "samplestdev": "samplestdev sstdev",
    "sorted": "sorted sort", "len": "len count", "range": "range",
    "gamma": "gamma", "erf": "erf", "zeta": "zeta", "beta_function": "beta_function",
    "re": "re real", "im": "im imag", "conjugate": "conjugate conj", "arg": "arg",
    "diff": "diff derivative differentiate d", "integrate": "integrate integral antiderivative",
    "limit": "limit lim", "sum": "sum summation sigma_sum", "product": "product prod", "series": "series taylor",
    "solve": "solve solveset roots zeros nsolve linsolve nonlinsolve reduce solve_poly_system "
    "solve_univariate_inequality find_root reduce_inequalities",
    "simplify": "simplify trigsimp radsimp powsimp ratsimp nsimplify fullsimplify logcombine combsimp doit",
    "expand": "expand expand_trig expand_log", "factor": "factor factorize factorise", "apart": "apart",
    "together": "together", "cancel": "cancel", "subs": "subs substitute replace",
    "evalf": "evalf numeric approx float", "rational": "rational fraction s sympify expr nonnegative",
    "eq": "eq equal equation", "lt": "lt strictlessthan", "le": "le lessthan", "gt": "gt strictgreaterthan",
    "ge": "ge greaterthan", "ne": "ne unequality",
    "matrix": "matrix array mutabledensematrix immutablematrix", "det": "det determinant", "inv": "inv inverse",
    "transpose": "transpose", "rank": "rank matrix_rank", "trace": "trace tr", "rref": "rref",
    "eigenvals": "eigenvals eigenvalues eig eigvals", "eigenvects": "eigenvects eigenvectors",
    "dot": "dot", "cross": "cross", "norm": "norm magnitude", "eye": "eye identity", "nullspace": "nullspace kernel",
    "charpoly": "charpoly", "bin": "bin tobinary", "hex": "hex tohex", "oct": "oct tooctal", "print": "print",
    "symbols": "symbols symbol var", "list": "list tuple set", "to": "to convert_to",
    "degree": "degree", "coeff": "coeff", "quo": "quo", "rem": "rem",
}  # fmt: skip
FUNCTIONS = {written: name for name, spellings in _SPELLINGS.items() for written in spellings.split()}
# As upper-case letters they are functions where brackets follow.
LETTER_FUNCTIONS = {"N": "evalf", "C": "binomial", "P": "permutations", "S": "rational"}
CONSTANTS = frozenset(
    "pi e E i I oo inf infinity Infinity tau phi_golden golden_ratio GoldenRatio True False true false".split()
)
# Words that no calculation has where they are read: what is around them is a sentence.
SENTENCE_WORDS = frozenset(
    "a an the of is are was in on at to for with by as if what how many much who where when which that this it or not "
    "no my your hi hello please answer question between from into than there nan NaN".split()
) - {"a"}
# Of these, those that are also variables side by side, as in v = u + at.
MAYBE_VARIABLES = frozenset("at as an is on no it by my".split())
# Operators of several letters; they begin no factor.
WORD_SIGNS = frozenset(("and", "mod", "choose", "cross", "dot"))


def canonical(written: str) -> str | None:
    """A function's name here; None if there is none of that spelling.

    >>> canonical("ln"), canonical("Integrate"), canonical("foo"), canonical("d")
    ('log', 'integrate', None, None)
    """
    if len(written) == 1:
        return None
    return FUNCTIONS.get(written) or FUNCTIONS.get(written.lower())
