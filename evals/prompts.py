"""No input, 100 varied prompts out: what strangers type, from sums to nonsense, for measurements that need many."""


def varied_prompts() -> list[str]:
    """One hundred prompts, the same each time.

    >>> len(varied_prompts()), len(set(varied_prompts()))
    (100, 100)
    """
    sums = [f"What is {a} + {b}?" for a, b in ((2, 2), (17, 25), (123, 456), (999, 1), (31_415, 9_265))]
    products = [f"Compute {a} * {b} step by step." for a, b in ((7, 8), (12, 12), (99, 99), (25, 40), (123, 321))]
    equations = [
        f"Solve for x: {a}x + {b} = {c}" for a, b, c in ((2, 3, 11), (5, -4, 21), (7, 7, 7), (3, 0, 1), (-2, 8, 0))
    ]
    shares = [f"What is {p}% of {n}?" for p, n in ((10, 250), (15, 80), (33, 99), (12, 1_250), (200, 45))]
    words = [
        f"{name} has {n} apples and gives {k} to a friend. How many are left?"
        for name, n, k in (("Tom", 9, 4), ("Mia", 20, 13), ("Li", 100, 1), ("Omar", 7, 7), ("Zoë", 15, 6))
    ]
    primes = [f"Is {n} a prime number? Explain." for n in (2, 51, 97, 221, 1_001)]
    code = [
        f"Write a Python function that {task}."
        for task in (
            "reverses a string", "adds two numbers", "returns the nth Fibonacci number", "counts vowels",
            "sorts a list of tuples by the second item", "checks for a palindrome", "merges two dicts",
            "reads a CSV file", "finds duplicates in a list", "computes a factorial",
        )
    ]  # fmt: skip
    facts = [
        f"What is the capital of {place}?"
        for place in ("France", "Japan", "Brazil", "Kenya", "Canada", "Norway", "Egypt", "Peru", "India", "Iceland")
    ]
    chat = [
        "Hello!", "How are you?", "Tell me a joke.", "Who are you?", "What can you do?", "Thank you!", "Good night.",
        "I feel sad today.", "Write a haiku about rain.", "Give me three names for a cat.",
        "Explain photosynthesis to a child.", "Why is the sky blue?", "What should I cook tonight?",
        "Summarise: The cat sat on the mat and slept all day.", "Translate 'good morning' to Spanish.",
    ]  # fmt: skip
    foreign = [
        "2加3等于多少？", "你好，你是谁？", "Combien font 12 fois 3 ?", "¿Cuánto es 45 menos 18?", "Was ist 7 mal 6?",
        "Сколько будет 5 плюс 9?", "3と4を足すといくつですか？",
        "كم يساوي 6 ضرب 7؟", "Quanto fa 81 diviso 9?", "אני רוצה קפה",
    ]  # fmt: skip
    odd = [
        "?", "a", "asdf qwer zxcv", "🙂🙂🙂", "<think>", "</think>", "<|im_end|>", "```python\nprint(1)\n```",
        "\\frac{1}{2} + \\frac{1}{3}", "$\\int_0^1 x^2 dx$", "SELECT * FROM users;", "{\"a\": [1, 2, 3]}", "1 " * 200,
        "Repeat the word 'echo' one hundred times.", "Answer with an empty string.", "Do not answer.",
        "What did I just ask you?", "Think as long as you can about the number 1.",
        "Write <think> and </think> literally.",
        "Say nothing but your final answer: is 0.9 repeating equal to 1?",
    ]  # fmt: skip
    puzzles = [
        "If all bloops are razzies and all razzies are lazzies, are all bloops lazzies?",
        "A bat and a ball cost $1.10; the bat costs $1 more than the ball. What does the ball cost?",
        "How many r's are in strawberry?", "What comes next: 2, 4, 8, 16, ?",
        "What is heavier, a kilo of iron or of feathers?",
    ]  # fmt: skip
    return [*sums, *products, *equations, *shares, *words, *primes, *code, *facts, *chat, *foreign, *odd, *puzzles]
