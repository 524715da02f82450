"""What a Keras docstring says, as plain text: its summary, its body and its arguments."""

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(
    r"^(Args|Arguments|Usage|Example|Examples|Returns|Raises|Reference|References|Call arguments|"
    r"Input shape|Output shape|Formula|Note|Notes|Attributes|Constructor args)s?:\s*$",
    re.IGNORECASE,
)
_ARGUMENT = re.compile(r"^(?P<names>\*{0,2}[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)$")
_MARKUP = re.compile(r"\*\*([^*\n]+)\*\*|`{1,2}([^`\n]+)`{1,2}|\[([^\]\n]+)\]\(\s*[^)\s]*\s*\)")


@dataclass(frozen=True)
class Docstring:
    """A parsed docstring. `arguments` holds the raw text of each argument, markup kept."""

    summary: str = ""
    body: str = ""
    arguments: dict[str, str] = field(default_factory=dict)


def parse_docstring(text: str | None) -> Docstring:
    """Parse a Google-style docstring as Keras writes it."""
    if not text:
        return Docstring()
    head, arguments, section = [], [], ""
    for line in inspect.cleandoc(text).splitlines():
        match = _SECTION.match(line)
        if match:
            section = match[1].lower()
        elif section in {"args", "arguments", "constructor args"}:
            arguments.append(line)
        elif not section:
            head.append(line)
    first, _, rest = "\n".join(head).strip().partition("\n\n")
    return Docstring(plain_text(first), plain_text(_prose(rest)), _arguments(arguments))


def plain_text(text: str) -> str:
    """Return `text` without Markdown marks and with its lines joined into paragraphs."""
    paragraphs = [re.sub(r"\s+", " ", paragraph).strip() for paragraph in re.split(r"\n\s*\n", text)]
    plain = (_MARKUP.sub(lambda match: match[1] or match[2] or match[3], paragraph) for paragraph in paragraphs)
    return "\n\n".join(paragraph.replace("`", "") for paragraph in plain if paragraph)


def _prose(text: str) -> str:
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.sub(r"(?m)^(>>>|\.\.\.).*$", "", without_code)


def _arguments(lines: list[str]) -> dict[str, str]:
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    if not margins:
        return {}
    margin, found, names = min(margins), {}, []  # type: tuple[int, dict[str, list[str]], list[str]]
    for line in lines:
        at_margin = line.strip() and len(line) - len(line.lstrip()) == margin
        match = _ARGUMENT.match(line.strip()) if at_margin else None
        if match:
            names = [name.strip().lstrip("*") for name in match["names"].split(",")]
            for name in names:
                found[name] = [match["text"]]
        elif names:
            for name in names:
                found[name].append(line)
    return {name: inspect.cleandoc("\n".join(text)).strip() for name, text in found.items()}
