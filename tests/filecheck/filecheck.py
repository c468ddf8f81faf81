"""FileCheck: does a text hold, in order, what the CHECK lines of another ask for?

Written from LLVM's documentation of the tool. Supported: CHECK, -NEXT, -SAME, -NOT, -DAG, -LABEL, -EMPTY, -COUNT-<n>, {LITERAL},
`{{regex}}`, `[[NAME:regex]]`, `[[NAME]]`, numeric `[[#NAME:]]`, `[[#NAME+1]]`, prefixes, variable scopes, implicit NOTs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


class CheckFailure(AssertionError):
    """The text does not hold what was asked for, or what was asked for is malformed."""


@dataclass(frozen=True)
class Options:
    prefixes: tuple[str, ...] = ("CHECK",)
    implicit_nots: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    strict_whitespace: bool = False
    match_full_lines: bool = False
    ignore_case: bool = False
    enable_var_scope: bool = False
    allow_empty: bool = False


@dataclass(frozen=True)
class Directive:
    kind: str  # "", NEXT, SAME, NOT, DAG, LABEL, EMPTY
    pattern: str
    line: int
    literal: bool = False
    prefix: str = "CHECK"

    def __str__(self) -> str:
        return f"line {self.line}: {self.prefix}{'-' if self.kind else ''}{self.kind}: {self.pattern}"


def parse_arguments(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """Options from a command line, and the positional arguments."""
    prefixes: list[str] = []
    nots: list[str] = []
    variables: dict[str, str] = {}
    flags: dict[str, bool] = {}
    positional: list[str] = []
    for argument in arguments:
        name, _, value = argument.lstrip("-").partition("=")
        if not argument.startswith("-") or argument == "-":
            positional.append(argument)
        elif name in ("check-prefix", "check-prefixes"):
            prefixes += value.split(",")
        elif name == "implicit-check-not":
            nots.append(value)
        elif name.startswith("D"):
            variables[name[1:]] = value
        elif name in ("strict-whitespace", "match-full-lines", "ignore-case", "enable-var-scope", "allow-empty"):
            flags[name.replace("-", "_")] = True
        elif not name.startswith("dump-input"):
            raise CheckFailure(f"FileCheck: unknown flag '{argument}'")
    return Options(tuple(prefixes) or ("CHECK",), tuple(nots), variables, **flags), positional


def check(text: str, checks: str, options: Options | None = None) -> None:
    """Raises CheckFailure unless `text` holds what the directives in `checks` ask for."""
    options = options or Options()
    directives = list(parse_directives(checks, options))
    if not directives:
        raise CheckFailure(f"no directive with prefix {' or '.join(options.prefixes)}")
    if not text.strip() and not options.allow_empty:
        raise CheckFailure("the text to check is empty")
    _Matcher(text, options).run(directives)


def parse_directives(checks: str, options: Options) -> Iterator[Directive]:
    names = "|".join(re.escape(prefix) for prefix in sorted(options.prefixes, key=len, reverse=True))
    marker = re.compile(rf"(?<![\w-])({names})(?:-(NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-(\d+)))?(\{{LITERAL\}})?:(.*)")
    first = True
    for number, line in enumerate(checks.splitlines(), 1):
        match = marker.search(line)
        if match is None:
            continue
        prefix, kind, count, literal, pattern = match.groups()
        kind = kind or ""
        pattern = pattern if options.strict_whitespace and options.match_full_lines else pattern.strip(" \t")
        directive = Directive("" if count else kind, pattern, number, bool(literal), prefix)
        if not pattern and kind != "EMPTY":
            raise CheckFailure(f"{directive}: the pattern is empty")
        if first and kind in ("NEXT", "SAME", "EMPTY"):
            raise CheckFailure(f"{directive}: is the first directive")
        first = False
        for _ in range(int(count) if count else 1):
            yield directive


def _canonical(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text.replace("\r\n", "\n"))


class _Matcher:
    def __init__(self, text: str, options: Options):
        self.options = options
        self.text = text.replace("\r\n", "\n") if options.strict_whitespace else _canonical(text)
        self.variables = dict(options.variables)
        self.numbers: dict[str, int] = {}
        self.implicit = [Directive("NOT", pattern, 0) for pattern in options.implicit_nots]

    def run(self, directives: Sequence[Directive]) -> None:
        sections: list[tuple[Directive | None, tuple[int, int] | None, list[Directive]]] = [(None, None, [])]
        position = 0
        for directive in directives:
            if directive.kind == "LABEL":
                found = self._search(directive, position, len(self.text))
                if found is None:
                    self._fail(directive, position, len(self.text), "label not found")
                position = found.end()
                sections.append((directive, found.span(), []))
            else:
                sections[-1][2].append(directive)
        for index, (label, span, inner) in enumerate(sections):
            following = sections[index + 1][1] if index + 1 < len(sections) else None
            end = following[0] if following is not None else len(self.text)
            if label is not None and self.options.enable_var_scope:
                self.variables = {name: value for name, value in self.variables.items() if name.startswith("$")}
            self._section(inner, span[1] if span is not None else 0, end)

    def _section(self, directives: Sequence[Directive], start: int, end: int) -> None:
        position = start  # end of the last match
        pending: list[Directive] = []
        index = 0
        while index < len(directives):
            directive = directives[index]
            if directive.kind == "NOT":
                pending.append(directive)
                index += 1
                continue
            if directive.kind == "DAG":
                group_end = index
                while group_end < len(directives) and directives[group_end].kind == "DAG":
                    group_end += 1
                first, position_after = self._dag(directives[index:group_end], position, end)
                self._nots(pending, position, first)
                pending, position, index = [], position_after, group_end
                continue
            begin, finish = self._one(directive, position, end)
            self._nots(pending, position, begin)
            pending, position = [], finish
            index += 1
        self._nots(pending, position, end)

    def _one(self, directive: Directive, position: int, end: int) -> tuple[int, int]:
        if directive.kind == "EMPTY":
            match = re.compile(r"\n(?=[ \t]*(?:\n|\Z))").search(self.text, position, min(end + 1, len(self.text)))
            if match is None or self.text.count("\n", position, match.end()) != 1:
                self._fail(directive, position, end, "the next line is not empty")
            return match.span()
        found = self._search(directive, position, end)
        if found is None:
            self._fail(directive, position, end, "expected string not found in input")
        lines = self.text.count("\n", position, found.start())
        if directive.kind == "NEXT" and lines != 1:
            where = "on the same line as" if lines == 0 else "not on the line after"
            self._fail(directive, position, end, f"is {where} the match before it")
        if directive.kind == "SAME" and lines:
            self._fail(directive, position, end, "is not on the line of the match before it")
        self._bind(directive, found)
        return found.span()

    def _dag(self, directives: Sequence[Directive], position: int, end: int) -> tuple[int, int]:
        taken: list[tuple[int, int]] = []
        for directive in directives:
            start = position
            while True:
                found = self._search(directive, start, end)
                if found is None:
                    self._fail(directive, position, end, "expected string not found in input")
                overlap = next((span for span in taken if found.start() < span[1] and span[0] < found.end()), None)
                if overlap is None:
                    break
                start = overlap[1]
            taken.append(found.span())
            self._bind(directive, found)
        return min(span[0] for span in taken), max(span[1] for span in taken)

    def _nots(self, directives: Sequence[Directive], start: int, end: int) -> None:
        for directive in (*directives, *self.implicit):
            found = self._search(directive, start, end)
            if found is not None:
                self._fail(directive, found.start(), end, "excluded string found in input")

    # ---- patterns

    def _search(self, directive: Directive, start: int, end: int) -> re.Match[str] | None:
        source = self._regex(directive)
        if self.options.match_full_lines and directive.kind != "NOT":
            source = rf"^ ?(?:{source}) ?$"
        flags = re.MULTILINE | (re.IGNORECASE if self.options.ignore_case else 0)
        try:
            compiled = re.compile(source, flags)
        except re.error as error:
            raise CheckFailure(f"{directive}: bad regular expression: {error}") from None
        return compiled.search(self.text, start, end)

    def _regex(self, directive: Directive) -> str:
        pattern = directive.pattern
        if not self.options.strict_whitespace:
            pattern = re.sub(r"[ \t]+", " ", pattern)
        self._names: dict[str, str] = {}
        self._numeric: dict[str, str] = {}
        if directive.literal:
            return re.escape(pattern)
        parts: list[str] = []
        position = 0
        while position < len(pattern):
            if pattern.startswith("{{", position):
                end = _regex_end(pattern, position)
                if end < 0:
                    raise CheckFailure(f"{directive}: '{{{{' is not closed")
                parts.append(f"(?:{_posix(pattern[position + 2 : end])})")
                position = end + 2
            elif pattern.startswith("[[", position):
                end = _variable_end(pattern, position)
                if end < 0:
                    raise CheckFailure(f"{directive}: '[[' is not closed")
                parts.append(self._variable(directive, pattern[position + 2 : end]))
                position = end + 2
            else:
                following = [p for p in (pattern.find("{{", position), pattern.find("[[", position)) if p >= 0]
                end = min(following, default=len(pattern))
                parts.append(re.escape(pattern[position:end]))
                position = end
        return "".join(parts)

    def _variable(self, directive: Directive, text: str) -> str:
        if text.startswith("#"):
            return self._number(directive, text[1:].strip())
        name, colon, body = text.partition(":")
        if not re.fullmatch(r"\$?[A-Za-z_]\w*", name):
            raise CheckFailure(f"{directive}: bad variable name '{name}'")
        if colon:
            group = f"v{len(self._names)}_{directive.line}"
            self._names[name] = group
            return f"(?P<{group}>{_posix(body)})"
        if name in self._names:
            return f"(?P={self._names[name]})"
        if name not in self.variables:
            raise CheckFailure(f"{directive}: variable '{name}' is used before it is defined")
        return re.escape(self.variables[name])

    def _number(self, directive: Directive, text: str) -> str:
        define = re.fullmatch(r"(?:%[dux],\s*)?(\w+):", text)
        if define:
            group = f"n{len(self._numeric)}_{directive.line}"
            self._numeric[define[1]] = group
            return f"(?P<{group}>[0-9]+)"
        use = re.fullmatch(r"(\w+)\s*(?:([-+])\s*(\d+))?", text)
        if use is None:
            return "[0-9]+" if not text else self._unknown_number(directive, text)
        base = int(use[1]) if use[1].isdigit() else self.numbers.get(use[1])
        if base is None:
            return self._unknown_number(directive, text)
        return str(base + (int(use[3]) if use[2] == "+" else -int(use[3])) if use[2] else base)

    @staticmethod
    def _unknown_number(directive: Directive, text: str) -> str:
        raise CheckFailure(f"{directive}: numeric expression '{text}' is not understood")

    def _bind(self, directive: Directive, found: re.Match[str]) -> None:
        self._regex(directive)  # names of the groups of this very pattern
        groups = found.groupdict()
        for name, group in self._names.items():
            self.variables[name] = groups[group]
        for name, group in self._numeric.items():
            self.numbers[name] = int(groups[group])

    def _fail(self, directive: Directive, position: int, end: int, why: str):
        start = self.text.rfind("\n", 0, position) + 1
        window = self.text[start:end].splitlines()[:14]
        raise CheckFailure(f"{directive}\n{why}; searched from:\n" + "\n".join(f"  | {line}" for line in window))


def _regex_end(pattern: str, position: int) -> int:
    end = pattern.find("}}", position + 2)
    while end >= 0 and pattern.startswith("}}}", end):  # `{{a{2}}}` ends with the last two
        end += 1
    return end


def _variable_end(pattern: str, position: int) -> int:
    """The `]]` that closes `[[`; brackets inside of the regex nest."""
    depth, index = 0, position + 2
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif char == "[":
            depth += 1
        elif char == "]":
            if depth == 0:
                return index if pattern.startswith("]]", index) else -1
            depth -= 1
        index += 1
    return -1


_CLASSES = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "xdigit": "0-9A-Fa-f", "space": r"\s", "upper": "A-Z", "lower": "a-z"}


def _posix(regex: str) -> str:
    return re.sub(r"\[:(\w+):\]", lambda m: _CLASSES[m[1]], regex)
