"""Random templates of notifications, most of them good ones."""

from __future__ import annotations

import random

TEXTS = ["plain", " a b ", "É<&>'", "web-1:80", "don't 3rd x_y a.b", "a\\tb\\n", "100%", ""]
LAYOUTS = ["2006-01-02 15:04:05.000 -0700", "Jan _2 3:04PM", "Mon 02 Jan 06 15:04 MST", "Z07:00 .999", "__2 002 2.1.6"]
VERBS = ["%s", "%v", "%q", "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "% x", "%o", "%b", "%c", "%U"]
VERBS += ["%f", "%.2f", "%8.3f", "%g", "%e", "%5.1f%%", "%t", "%T", "%6s|", "%-6s|", "%.2s", "%+q", "%%", "%z", "%+v"]


class Maker:
    """Makes templates out of one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._depth = 0
        self._names: list[str] = []

    def _pick(self, *of: str) -> str:
        return self._chance.choice(of)

    def text(self) -> str:
        """A term that is a text, most of the time."""
        choices = [
            f'"{self._chance.choice(TEXTS)}"',
            "`raw\\n`",
            ".Status",
            "$.Receiver",
            "$.CommonLabels.topic",
            "$.CommonLabels.nothing",
            '(index $.CommonLabels "topic")',
            "(index $.Alerts 1).Labels.agent",
            "(index $.Alerts 0).Annotations.quote",
        ]
        replaced = self._pick("<$1>", "${1}x", "-")
        if self._deeper():
            choices += [
                f"({self._pick('toUpper', 'toLower', 'title', 'print', 'html', 'urlquery')} {self.text()})",
                f"(printf {self.layout()})",
                f'(reReplaceAll "{self._pick("a(.)", "[aeiou]*", "^", "(?P<n>.)b", "(")}" "{replaced}" {self.text()})',
                f'(join "{self._pick(", ", "")}" {self.texts()})',
                f"(print {self.any()} {self.any()} {self.any()})",
                f"(slice {self.text()} 0 2)",
                f'({self.instant()}.Format "{self._chance.choice(LAYOUTS)}")',
            ]
            self._depth -= 1
        return self._chance.choice(choices)

    def _deeper(self) -> bool:
        self._depth += self._depth < 3
        return self._depth < 3

    def layout(self) -> str:
        verbs = [self._chance.choice(VERBS) for _ in range(self._chance.randint(1, 3))]
        count = max(0, len(verbs) + self._chance.choice([-1, 0, 0, 0, 0, 0, 1]))
        return " ".join(['"' + " ".join(verbs) + '"', *(self.any() for _ in range(count))])

    def number(self) -> str:
        choices = ["0", "1", "-3", "42", "0x1f", "1.5", "1e3", "3.0", "1234567.25", "1e-7", "'a'", "(len .Status)"]
        return self._chance.choice([*choices, "(len $.Alerts)", f"(len {self._pick('$.CommonLabels', '$.Receiver')})"])

    def instant(self) -> str:
        return f"(index $.Alerts {self._pick('0', '1', '2')}).{self._pick('StartsAt', 'StartsAt', 'EndsAt')}"

    def truth(self) -> str:
        choices = ["true", "false", ".Status", "$.CommonLabels.nothing", "(len $.Alerts.Resolved)", "nil"]
        if self._deeper():
            relation = self._pick("eq", "ne", "lt", "le", "gt", "ge")
            choices += [
                f"({relation} {self.number()} {self.number()})",
                f"({relation} {self.text()} {self.text()})",
                f"(eq {self.text()} {self.text()} {self.text()})",
                f"({self._pick('and', 'or')} {self.truth()} {self.any()})",
                f"(not {self.truth()})",
                f'(match "{self._pick("a.*", "^$", "[A-Z]", "(")}" {self.text()})',
            ]
            self._depth -= 1
        return self._chance.choice(choices)

    def texts(self) -> str:
        return self._pick(
            "$.GroupLabels.Names",
            "$.CommonLabels.Values",
            "$.GroupLabels.SortedPairs.Values",
            f"(stringSlice {self.text()} {self.text()})",
            "($.CommonLabels.Remove $.GroupLabels.Names).Names",
        )

    def any(self) -> str:
        makers = [self.text, self.text, self.number, self.truth, self.texts, self.instant]
        names = [lambda: self._chance.choice(self._names)] if self._names else []
        return self._chance.choice([*makers, *names])()

    def action(self) -> str:
        """A pipe, with trim marks here and there."""
        pipe = self._chance.choice(
            [self.any(), self.text(), f"{self.text()} | {self._pick('toUpper', 'len', 'printf `%q`', 'print 1')}",
             f"{self.texts()} | join `;`", f"printf {self.layout()}", f"println {self.any()} {self.any()}"]
        )  # fmt: skip
        return self._pick("{{ ", "{{- ", "{{") + pipe + self._pick(" }}", " -}}", "}}")

    def template(self, depth: int = 0) -> str:
        """A few actions after each other."""
        known = len(self._names)
        made = "".join(self._part(depth) for _ in range(self._chance.randint(1, 4)))
        del self._names[known:]
        return made

    def _part(self, depth: int) -> str:
        kind = self._chance.randint(0, 11)
        if kind < 3:
            return self._pick(" text ", "\n", "a\t ", "{{/* note */}}", " {{- /* note */ -}} ")
        if kind < 7 or depth > 2:
            return self.action()
        if kind == 7:
            name = f"$v{len(self._names)}"
            made = f"{{{{ {name} := {self.any()} }}}}"
            self._names.append(name)
            return made + self._pick("", f"{{{{ {name} = {self.any()} }}}}")
        inner, other = self.template(depth + 1), self._pick("", "{{ else }}" + self.template(depth + 1))
        if kind == 8:
            chained = self._pick("", f"{{{{ else if {self.truth()} }}}}{self.template(depth + 1)}")
            return f"{{{{ if {self.truth()} }}}}{inner}{chained}{other}{{{{ end }}}}"
        if kind == 9:
            return f"{{{{ with {self.any()} }}}}{self._pick('{{ . }}', inner)}{other}{{{{ end }}}}"
        jump = self._pick("", "", "{{ break }}", "{{ if $i }}{{ continue }}{{ end }}")
        over = self._pick("$.Alerts", "$.Alerts.Firing", "$.CommonLabels", "$.GroupLabels.SortedPairs", self.texts())
        body = "{{ $i }}:" + self._pick("{{ .Status }}", "{{ $e }}", "{{ .Name }}={{ .Value }}") + inner
        return f"{{{{ range $i, $e := {over} }}}}{jump}{body}{other}{{{{ end }}}}"
