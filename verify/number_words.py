"""A text in, the numbers that are written in words in it out: *twenty-one*, *two thirds*, *tres*, *нулю*."""

import re

_SMALL = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_PART = "half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|eighths?|tenths?"
# By value; a word that means something else in another of these languages is left out, and so is every *one*.
_OTHERS = (
    "cero zéro null ноль нуль нулю",
    "",
    "dos deux zwei dois два две двум",
    "tres trois drei tre três три трём трем",
    "cuatro quatre vier quattro quatro четыре четырём четырем",
    "cinco cinq fünf cinque пять пяти",
    "seis sechs шесть шести",
    "siete sept sieben sette sete семь семи",
    "ocho huit acht otto oito восемь восьми",
    "nueve neuf neun nove девять девяти",
    "diez dix zehn dieci dez десять десяти",
    "onze elf одиннадцать",
    "doce douze zwölf dodici doze двенадцать",
)
OTHER_LANGUAGES = {word: value for value, words in enumerate(_OTHERS) for word in words.split()}
# *One* alone is mostly no number.
NUMBER_WORDS = re.compile(
    rf"(?<!the\s)(?<!these\s)(?<!those\s)(?<!all\s)(?<!other\s)\b(?!one\b(?![\s-](?:{_PART}|hundred|thousand|million)))(?:(?:minus|negative)\s+)?"
    rf"(?:{_SMALL}|an?(?=\s+(?:hundred|thousand|million)))"
    rf"(?:(?:[\s-]|\s+and\s+)(?:{_SMALL}|hundred|thousand|million|billion)){{0,10}}"
    rf"(?:[\s-](?:{_PART})\b|\b(?![\s-](?:{_PART})\b)(?!\s+of\s+(?:these|them|those|the)\b))"
    r"|(?:[二三四五六七八九两]?十[一二三四五六七八九]?|[二三四五六七八九两])(?=[种个条只本次人名天年元块张件对组位])"
    rf"|\b(?:{'|'.join(OTHER_LANGUAGES)})\b",
    re.IGNORECASE,
)
