"""MLIR text to tokens: one compiled regular expression, linear in the input whatever it holds."""

from __future__ import annotations

import re
from enum import Enum
from typing import cast

from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input, Span
from xdsl.utils.mlir_lexer import KIND_BY_PUNCTUATION_SPELLING, MLIRLexer, MLIRToken, MLIRTokenKind, StringLiteral

from pyrie.support import limits
from pyrie.support.errors import LimitError

# Quantifiers are possessive (`*+`): a failed match never backtracks, so damaged text costs no more than sound text.
SKIP = r"(?:[ \t\r\n]++|//[^\n]*+)*+"
STRING = r'"(?:[^"\\\n]++|\\["\\nt]|\\[0-9A-Fa-f]{2})*+"'
SUFFIX = r"(?:[0-9]++|[A-Za-z$._-][\w$.-]*+)"
TOKEN = re.compile(
    rf"""{SKIP}(?:
      (?P<bare>[A-Za-z_][\w$.]*+)
    | (?P<percent>%{SUFFIX})
    | (?P<punctuation>->|\.\.\.|[-(){{}}\[\]<>,:=?*+/|])
    | (?P<hash>\#{SUFFIX})
    | (?P<exclamation>!{SUFFIX})
    | (?P<float>[0-9]++\.[0-9]*+(?:[eE][-+]?[0-9]++)?+)
    | (?P<integer>0x[0-9a-fA-F]++|[0-9]++)
    | (?P<string>{STRING})
    | (?P<at>@(?:[A-Za-z_$][\w$.]*+|{STRING}))
    | (?P<caret>\^{SUFFIX})
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_KIND_OF_GROUP: dict[str, MLIRTokenKind] = {
    "bare": MLIRTokenKind.BARE_IDENT,
    "percent": MLIRTokenKind.PERCENT_IDENT,
    "hash": MLIRTokenKind.HASH_IDENT,
    "exclamation": MLIRTokenKind.EXCLAMATION_IDENT,
    "integer": MLIRTokenKind.INTEGER_LIT,
    "float": MLIRTokenKind.FLOAT_LIT,
    "string": MLIRTokenKind.STRING_LIT,
    "at": MLIRTokenKind.AT_IDENT,
    "caret": MLIRTokenKind.CARET_IDENT,
    "end": MLIRTokenKind.EOF,
}
_KINDS = [_KIND_OF_GROUP.get(name) for name, _ in sorted(TOKEN.groupindex.items(), key=lambda item: item[1])]
_PUNCTUATION = TOKEN.groupindex["punctuation"]
_STRING = TOKEN.groupindex["string"]


class LexedToken:
    """A token as the parser reads it; its span, needed only for errors and names, is made on demand."""

    __slots__ = ("end", "input", "kind", "start", "text")

    def __init__(self, kind: Enum, text: str, start: int, end: int, source: Input[str]):
        self.kind, self.text, self.start, self.end, self.input = kind, text, start, end, source

    @property
    def span(self) -> Span[str]:
        return Span(self.start, self.end, self.input)

    @property
    def content(self) -> str:
        return self.text


class Lexer(MLIRLexer):
    """Reads the token at `pos`; the parser moves `pos` to split tokens such as `x4xf32`."""

    def lex(self) -> MLIRToken:
        match = TOKEN.match(self.input.content, self.pos)
        if match is None:
            raise self._error()
        group = cast(int, match.lastindex)
        start, end = match.span(group)
        text = match[group]
        kind = KIND_BY_PUNCTUATION_SPELLING[text] if group == _PUNCTUATION else _KINDS[group - 1]
        self.pos = end
        if group == _STRING:
            if end - start > limits.MAX_TOKEN_BYTES:
                raise LimitError(f"a string literal of {end - start} bytes is above the limit of {limits.MAX_TOKEN_BYTES}")
            if "\\" in text and not _is_text(StringLiteral(start, end, self.input).bytes_contents):
                kind = MLIRTokenKind.BYTES_LIT
        return cast(MLIRToken, LexedToken(cast(MLIRTokenKind, kind), text, start, end, self.input))

    def _error(self) -> ParseError:
        content = self.input.content
        skipped = re.compile(SKIP).match(content, self.pos)
        start = skipped.end() if skipped else self.pos
        quote = start + 1 if content.startswith('@"', start) else start
        if content.startswith('"', quote):
            return ParseError(Span(quote, quote + 1, self.input), "expected '\"' in string literal")
        return ParseError(Span(start, start + 1, self.input), f"unexpected character {content[start]!r}")


def _is_text(contents: bytes) -> bool:
    try:
        contents.decode()
    except UnicodeDecodeError:
        return False
    return True
