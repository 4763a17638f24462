"""Order files by a template: Jinja, sandboxed, and strict about names."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.domain.money import units
from connector.errors import SettingsError

KEY = "orders.format"
XML = ".xml.j2"
FORBIDDEN_IN_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
SPECIAL_IN_EDI = re.compile(r"[?'+:]")
REMEDY = "mend the template; the order stays in the outbox until then"


def render(document: dict[str, Any], templates: Path, name: str) -> tuple[str, bytes]:
    """Render a template of the folder with an order's fields as names; returns the suffix (`pedido.txt.j2` gives .txt) and UTF-8.

    Null is written as nothing. A template named `<name>.xml.j2` escapes every value for XML, and leaves out characters that XML forbids.
    Filters beside Jinja's own: `units` (1990 becomes 19.90), `day` (an instant as dd/mm/yyyy), `fixed(width)` (one line, cut or filled
    with blanks), `cut(width)` (one line, cut), `plain` (ASCII: São is Sao), `edi` (EDIFACT's release character where a value needs it).
    Raises SettingsError naming template and line where it is missing or cannot be rendered.
    """
    suffix = Path(name.removesuffix(".j2")).suffix or ".txt"
    template = look_at(templates, name)
    try:
        return suffix, template.render(document).encode("utf-8", "replace")
    except TemplateNotFound as error:
        raise _missing(templates / name, error) from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        logged = f"{templates / name}: {KEY}: {_line(error)}{type(error).__name__}; connector status says it whole"
        raise _unusable(templates / name, f"{_line(error)}{error}", "a template that names what an order has", logged) from error


def look_at(templates: Path, name: str) -> Template:
    """Read a template without rendering it. Raises SettingsError where it is missing or is none."""
    try:
        return _environment(templates, xml=name.endswith(XML)).get_template(name)
    except TemplateNotFound as error:
        raise _missing(templates / name, error) from error
    except TemplateSyntaxError as error:
        raise _unusable(templates / name, f"line {error.lineno}: {error.message}", "a Jinja template") from error
    except (OSError, ValueError) as error:
        raise _unusable(templates / name, str(error), "a readable file in UTF-8") from error


def _missing(place: Path, error: TemplateNotFound) -> SettingsError:
    return _unusable(place, f"no template {error.name}", "a file of config/templates")


def _line(error: Exception) -> str:
    """Say on which line of a template it happened: Jinja writes templates into the traceback."""
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"line {lines[-1]}: " if lines else ""


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """Let a document's own names count before Python's: `totals.items` is an amount."""
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)


def _environment(templates: Path, *, xml: bool) -> _Environment:
    environment = _Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=xml,
        finalize=_allowed_in_xml if xml else _null_is_nothing,
    )
    environment.filters.update(units=units, day=_day, fixed=_fixed, cut=_cut, plain=_plain, edi=_edi)
    return environment


def _null_is_nothing(value: Any) -> Any:
    return "" if value is None else value


def _allowed_in_xml(value: Any) -> Any:
    """Leave out what XML 1.0 cannot say in any way: a receiver would refuse the whole file."""
    return FORBIDDEN_IN_XML.sub("", value) if isinstance(value, str) else _null_is_nothing(value)


def _day(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%d/%m/%Y")


def _fixed(value: object, width: int) -> str:
    """Fill or cut to a width; a line break in what a customer wrote would else begin a record of its own."""
    return _cut(value, width).ljust(width)


def _cut(value: object, width: int) -> str:
    text = "".join(c if c.isprintable() else " " for c in ("" if value is None else str(value)))
    return " ".join(text.split())[:width].rstrip()


def _plain(value: object) -> str:
    """Write in ASCII, for an ERP that reads nothing else or counts bytes: accents are taken off, what has no such letter is "?"."""
    apart = unicodedata.normalize("NFKD", "" if value is None else str(value))
    return "".join(c for c in apart if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


def _edi(value: object) -> str:
    return SPECIAL_IN_EDI.sub(r"?\g<0>", " ".join(("" if value is None else str(value)).split()))


def _unusable(path: Path, found: str, allowed: str, logged: str = "") -> SettingsError:
    """`logged` is needed where what was found may quote the order."""
    return SettingsError(str(path), KEY, found=found, allowed=allowed, remedy=REMEDY, logged=logged)
