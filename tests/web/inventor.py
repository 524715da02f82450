"""Requests invented from our OpenAPI description: most fit it, many nearly, some not at all."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

Schema = Mapping[str, Any]

TEXTS: Final = (
    *(
        "",
        " ",
        "a",
        "é",
        "\0",
        "\n",
        "\ud800",
        "\udfff\ud800",
        "\U0001f600",
        "\u202e",
        "x" * 65,
        "x" * 300,
        "x" * 20_000,
    ),
    *(
        "../../x",
        "%2e%2e%2f",
        "a/b",
        "..",
        ".",
        "\\",
        "'",
        '"',
        "';--",
        "<b>",
        "{{7*7}}",
        "%s%n",
        "null",
        "NaN",
        "0",
        "-1",
    ),
    *(
        "1e400",
        "true",
        "2026-13-40T99:99:99Z",
        "upload:",
        "upload:x",
        "digits",
        "Dense",
        "ops.mean",
        "o:output->d:input",
    ),
)
NUMBERS: Final = (
    *(0, 1, -1, 2, 255, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400),
    *(0.5, -0.0, 1e-320, 1.7e308, float("nan"), float("inf"), float("-inf")),
)
BODIES: Final = (
    *(b"", b"{", b"null", b"[]", b"0", b'"x"', b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":' * 5_000),
    *(
        b"1" * 5_000,
        b'{"name":"\\ud800"}',
        b'{"name":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"NaN",
        b'{"name":"\\u0000"}',
    ),
)


@dataclass(frozen=True)
class Invented:
    """One request: what is sent to which door."""

    door: str
    method: str
    path: str
    query: list[tuple[str, str]]
    content: bytes | None = None
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Inventor:
    """Invents requests to the doors of `description`; `known` are values by the name of a parameter or a property."""

    def __init__(self, description: Schema, known: Mapping[str, list[Any]], seed: int) -> None:
        self.components: Schema = description["components"]["schemas"]
        self.doors = [
            (f"{method.upper()} {path}", method.upper(), path, operation)
            for path, item in sorted(description["paths"].items())
            for method, operation in sorted(item.items())
        ]
        self.known = known
        self.chance = random.Random(seed)

    def request(self, number: int) -> Invented:
        """Return the request `number`; each door has its turn."""
        door, method, path, operation = self.doors[number % len(self.doors)]
        query: list[tuple[str, str]] = []
        for parameter in operation.get("parameters", []):
            name, schema = parameter["name"], parameter["schema"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(_utf8(self._text_of(name, schema)), safe="")[:3_000])
            elif parameter["in"] == "query" and (parameter.get("required") or self.chance.random() < 0.7):
                found = self.value(schema, name)
                values = found if isinstance(found, list) else [found]
                query += [(name, _utf8(_plain(value))[:3_000]) for value in values[:20]]
        if self.chance.random() < 0.1:
            query.append((_utf8(self._nasty_text())[:100], _utf8(self._nasty_text())[:100]))
        headers = {"if-none-match": "x" * 3_000} if self.chance.random() < 0.05 else {}
        content, content_type = self._body(operation.get("requestBody"))
        return Invented(door, method, path, query, content, content_type, headers)

    def _body(self, declared: Schema | None) -> tuple[bytes | None, str]:
        if declared is None:
            return (b"{}", "application/json") if self.chance.random() < 0.1 else (None, "")
        ((content_type, media),) = declared["content"].items()
        if self.chance.random() < 0.1:
            return self.chance.choice(BODIES), self.chance.choice((content_type, "application/json", "text/plain", ""))
        if content_type == "multipart/form-data":
            content = self.chance.choice((*BODIES, json.dumps(self.value({}, "")).encode(), b"a,b\n1,x\n2,y\n" * 20))
            name = _utf8(self._nasty_text()).encode()[:300].replace(b'"', b"")
            head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
            return head + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
        return json.dumps(self.value(media["schema"], "")).encode(), content_type

    def value(self, schema: Schema, name: str, depth: int = 0) -> Any:
        """Return a value that mostly fits `schema`."""
        chance = self.chance
        if name in self.known and chance.random() < 0.6:
            return chance.choice(self.known[name])
        if depth > 8 or chance.random() < 0.03:
            return self._nasty()
        if "$ref" in schema:
            return self.value(self.components[schema["$ref"].rpartition("/")[2]], name, depth + 1)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(chance.choice(schema[several]), name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return chance.choice(schema["enum"])
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                items = schema.get("prefixItems") or [schema.get("items", {})] * chance.choice((0, 1, 1, 2, 5))
                return [self.value(item, name, depth + 1) for item in items]
            case "string":
                return self._text(schema)
            case "integer" | "number" as kind:
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return chance.random() < 0.5
            case "null":
                return None
            case _:
                return self._nasty()

    def _object(self, schema: Schema, depth: int) -> Any:
        chance, required = self.chance, schema.get("required", [])
        found = {
            name: self.value(inner, name, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if name in required or chance.random() < 0.5
        }
        more = schema.get("additionalProperties", chance.random() < 0.03)
        if more:
            for _ in range(chance.choice((0, 1, 1, 2, 4))):
                key = chance.choice(("a", "b", "i", "d", "o", "1", self._nasty_text()))
                found[key] = self.value(more if isinstance(more, Mapping) else {}, key, depth + 1)
        if found and chance.random() < 0.03:
            found.pop(chance.choice(list(found)))
        return found

    def _text_of(self, name: str, schema: Schema) -> str:
        found = self.value(schema, name)
        return found if isinstance(found, str) and found else "x"

    def _text(self, schema: Schema) -> str:
        most = schema.get("maxLength", 100)
        text = self.chance.choice((self._nasty_text(), "a" * most, "a" * (most + 1), "a", "abc"))
        return text[: most + 1]

    def _nasty_text(self) -> str:
        return self.chance.choice(TEXTS)

    def _number(self, schema: Schema, *, whole: bool) -> Any:
        ends = [schema[end] for end in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if end in schema]
        near = [end + step for end in ends for step in (-1, 0, 1)]
        found = self.chance.choice([*near, 1, 2, 10, self.chance.choice(NUMBERS)])
        return int(found) if whole and found == found and abs(found) != float("inf") and found != 0.5 else found

    def _nasty(self) -> Any:
        return self.chance.choice((None, True, [], {}, [[]], {"": {}}, self._nasty_text(), self.chance.choice(NUMBERS)))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
