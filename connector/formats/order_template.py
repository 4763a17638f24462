"""Order files by a template: Jinja, sandboxed, and strict about names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.domain.money import units
from connector.errors import SettingsError

KEY = "orders.format"
REMEDY = "mend the template; the order stays in the outbox until then"


def render(document: dict[str, Any], templates: Path, name: str) -> tuple[str, bytes]:
    """Render a template of the folder with an order's fields as names; returns the suffix (`pedido.txt.j2` gives .txt) and UTF-8.

    Filters beside Jinja's own: `units` (1990 becomes 19.90), `day` (an instant as dd/mm/yyyy), `fixed(width)` (one line, cut or filled
    with blanks).
    Raises SettingsError naming template and line where it is missing or cannot be rendered.
    """
    suffix = Path(name.removesuffix(".j2")).suffix or ".txt"
    template = look_at(templates, name)
    try:
        return suffix, template.render(document).encode()
    except TemplateNotFound as error:
        raise _missing(templates / name, error) from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(templates / name, f"{_line(error)}{error}", "a template that names what an order has") from error


def look_at(templates: Path, name: str) -> Template:
    """Read a template without rendering it. Raises SettingsError where it is missing or is none."""
    try:
        return _environment(templates).get_template(name)
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


def _environment(templates: Path) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(units=units, day=_day, fixed=_fixed)
    return environment


def _day(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%d/%m/%Y")


def _fixed(value: object, width: int) -> str:
    """Fill or cut to a width; a line break in what a customer wrote would else begin a record of its own."""
    text = "".join(c if c.isprintable() else " " for c in ("" if value is None else str(value)))
    return " ".join(text.split())[:width].ljust(width)


def _unusable(path: Path, found: str, allowed: str) -> SettingsError:
    return SettingsError(str(path), KEY, found=found, allowed=allowed, remedy=REMEDY)
