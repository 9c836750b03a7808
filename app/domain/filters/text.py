"""Filters as text: reading with the place of every mistake, and writing back."""

import re
from typing import NamedTuple

from app.domain.errors import BadInput
from app.domain.filters.fields import (
    KEYWORDS,
    Field,
    FieldKind,
    Vocabulary,
    field_of,
    quoted,
    unquoted,
)
from app.domain.filters.nodes import (
    And,
    Comparison,
    Node,
    Not,
    Operator,
    Or,
    Value,
    check_operator,
    number_of,
    text_of,
)

DEEPEST = 60
"""Brackets within brackets that a filter may have."""


class FilterError(BadInput):
    """A filter that can't be read: `start` and `end` are the place in its text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(f"{message} (character {start + 1})")
        self.message = message
        self.start = start
        self.end = end


class Token(NamedTuple):
    """A piece of a filter's text; `kind` is word, string, operator, one of `( ) ,`, or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The keyword that a word is, in lower case; empty for anything else."""
        word = self.text.casefold() if self.kind == "word" else ""
        return word if word in KEYWORDS else ""


SYMBOLS = {
    "=": Operator.EQUAL,
    "==": Operator.EQUAL,
    "!=": Operator.NOT_EQUAL,
    "<>": Operator.NOT_EQUAL,
    "<": Operator.LESS,
    "<=": Operator.LESS_OR_EQUAL,
    ">": Operator.GREATER,
    ">=": Operator.GREATER_OR_EQUAL,
    "~": Operator.LIKE,
    "!~": Operator.NOT_LIKE,
}
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BARE = r"""[^\s(),<>=!~"']"""
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<operator> <= | >= | <> | != | !~ | == | [<>=~] )
      | (?P<bracket> [(),] )
      | (?P<string> {_QUOTED} | '(?:[^'\\]|\\.)*' )
      | (?P<word> {_BARE}(?: {_BARE} | (?<=\.){_QUOTED} )* )
    )""",
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str, *, lenient: bool = False) -> list[Token]:
    """The pieces of a filter, ending with one of kind `end`.

    A quote that is not closed raises `FilterError`; when `lenient`, it is a string to the end.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            if start == len(text):
                break
            if text[start] in "\"'":
                if not lenient:
                    raise FilterError("This quote is not closed.", start, len(text))
                tokens.append(Token("string", text[start:], start, len(text)))
                break
            if not lenient:
                message = f'"{text[start]}" means nothing here; "not" negates.'
                raise FilterError(message, start, start + 1)
            position = start + 1
            continue
        kind = str(match.lastgroup)
        piece = match[kind]
        start, end = match.span(kind)
        tokens.append(Token(piece if kind == "bracket" else kind, piece, start, end))
        position = end
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def parse(text: str, vocabulary: Vocabulary | None = None) -> Node | None:
    """The tree of a filter's text; None for a blank one. Raises `FilterError`.

    With a vocabulary, a name that it doesn't hold is refused with the nearest names.
    """
    reader = _Reader(tokens_of(text), vocabulary)
    return reader.whole()


def format(node: Node | None) -> str:  # noqa: A001 (the word a person looks for)
    """The text of a filter; `parse` makes an equal tree of it."""
    if node is None:
        return ""
    if isinstance(node, And):
        return " and ".join(_within(part, And, Or) for part in node.parts)
    if isinstance(node, Or):
        return " or ".join(_within(part, Or) for part in node.parts)
    if isinstance(node, Not):
        return f"not {_within(node.part, And, Or)}"
    return _format_comparison(node)


def format_value(field: Field, value: Value) -> str:
    """A value as it stands behind an operator: between quotes only where it must."""
    if field.kind is FieldKind.STATUS and value:
        return text_of(value).replace(" ", "_")
    if not isinstance(value, str):
        return repr(value) if isinstance(value, float) else text_of(value)
    bare = re.fullmatch(rf"{_BARE}+", value) is not None
    if bare and value.casefold() not in KEYWORDS and number_of(value) is None:
        return value
    return quoted(value)


def _within(node: Node, *in_brackets: type[And | Or]) -> str:
    return f"({format(node)})" if isinstance(node, in_brackets) else format(node)


def _format_comparison(node: Comparison) -> str:
    values = [format_value(node.field, each) for each in node.values]
    if node.operator is Operator.BETWEEN:
        return f"{node.field.text} between {values[0]} and {values[1]}"
    return " ".join(filter(None, (node.field.text, node.operator.value, ", ".join(values))))


class _Reader:
    """Recursive descent over the tokens: `or` binds weakest, then `and`, then `not`."""

    def __init__(self, tokens: list[Token], vocabulary: Vocabulary | None) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._vocabulary = vocabulary

    def whole(self) -> Node | None:
        if self._next.kind == "end":
            return None
        node = self._or()
        if self._next.kind != "end":
            expected = "and, or, or the end"
            raise self._expected('no ")" without a "("' if self._next.kind == ")" else expected)
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _took(self, *keywords: str) -> bool:
        """Whether exactly these keywords follow; if so they are read."""
        following = self._tokens[self._position : self._position + len(keywords)]
        if tuple(token.keyword for token in following) != keywords:
            return False
        self._position += len(keywords)
        return True

    def _expected(self, what: str) -> FilterError:
        token = self._next
        found = "the text ends" if token.kind == "end" else f"{token.text} stands"
        return FilterError(f"Expected {what}, but {found} here.", token.start, token.end)

    def _or(self) -> Node:
        parts = [self._and()]
        while self._took("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._took("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Node:
        token = self._next
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"A filter may be nested {DEEPEST} deep, not more."
            raise FilterError(message, token.start, token.end)
        node = Not(self._not()) if self._took("not") else self._primary()
        self._depth -= 1
        return node

    def _primary(self) -> Node:
        if self._next.kind != "(":
            return self._comparison()
        self._take()
        node = self._or()
        if self._next.kind != ")":
            raise self._expected('and, or, or ")"')
        self._take()
        return node

    def _comparison(self) -> Node:
        token = self._next
        if token.kind != "word" or token.keyword:
            raise self._expected('a field, such as class or dt-dt.BAD, or "("')
        self._take()
        try:
            field = field_of(token.text, self._vocabulary)
        except BadInput as error:
            raise FilterError(str(error), token.start, token.end) from error
        sign = self._next
        negated, operator = self._operator()
        try:
            check_operator(field, operator)
        except BadInput as error:
            end = self._tokens[self._position - 1].end
            raise FilterError(str(error), sign.start, end) from error
        start = self._next.start
        value = self._operand(operator)
        if value is None and operator in (Operator.EQUAL, Operator.NOT_EQUAL):
            is_equal = operator is Operator.EQUAL
            operator = Operator.IS_NULL if is_equal else Operator.IS_NOT_NULL
        try:
            node = Comparison(field, operator, value)
        except BadInput as error:
            end = self._tokens[self._position - 1].end
            raise FilterError(str(error), start, end) from error
        return Not(node) if negated else node

    def _operator(self) -> tuple[bool, Operator]:
        """The operator, and whether a `not` stood before it that it has no opposite for."""
        token = self._next
        if token.kind == "operator":
            self._take()
            return False, SYMBOLS[token.text]
        for words, negated, operator in _WORDS:
            if self._took(*words):
                return negated, operator
        if self._next.keyword == "is":
            self._take()
            if self._next.keyword in ("true", "false"):
                return False, Operator.EQUAL
            raise self._expected("null, not null, true or false")
        raise self._expected("an operator: = != < <= > >= ~ !~ in between contains is")

    def _operand(self, operator: Operator) -> Value | tuple[Value, ...] | None:
        if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
            return None
        if operator in (Operator.IN, Operator.NOT_IN):
            return self._list()
        if operator is Operator.BETWEEN:
            first = self._value()
            if not self._took("and"):
                raise self._expected('"and" with the second value of between')
            return first, self._value()
        if operator in (Operator.EQUAL, Operator.NOT_EQUAL) and self._took("null"):
            return None
        return self._value()

    def _list(self) -> tuple[Value, ...]:
        in_brackets = self._next.kind == "("
        if in_brackets:
            self._take()
        values = [self._value()]
        # Run numbers copied from a table or a mail have blanks between them.
        while self._next.kind == "," or self._is_number(self._next):
            if self._next.kind == ",":
                self._take()
            values.append(self._value())
        if in_brackets:
            if self._next.kind != ")":
                raise self._expected('"," or ")"')
            self._take()
        return tuple(values)

    @staticmethod
    def _is_number(token: Token) -> bool:
        return token.kind == "word" and number_of(token.text) is not None

    def _value(self) -> Value:
        token = self._next
        if token.kind == "string":
            self._take()
            return unquoted(token.text[1:-1])
        if token.kind != "word" or token.keyword not in ("", "true", "false"):
            raise self._expected("a value (a word that means something else stands in quotes)")
        if '"' in token.text:
            raise self._expected("a value that stands in quotes from its start")
        self._take()
        if token.keyword:
            return token.keyword == "true"
        number = number_of(token.text)
        return token.text if number is None else number


_WORDS: tuple[tuple[tuple[str, ...], bool, Operator], ...] = (
    (("in",), False, Operator.IN),
    (("not", "in"), False, Operator.NOT_IN),
    (("between",), False, Operator.BETWEEN),
    (("not", "between"), True, Operator.BETWEEN),
    (("like",), False, Operator.LIKE),
    (("not", "like"), False, Operator.NOT_LIKE),
    (("notlike",), False, Operator.NOT_LIKE),
    (("contains",), False, Operator.CONTAINS),
    (("not", "contains"), True, Operator.CONTAINS),
    (("is", "null"), False, Operator.IS_NULL),
    (("is", "not", "null"), False, Operator.IS_NOT_NULL),
)
