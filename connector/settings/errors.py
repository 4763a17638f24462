"""The sentences about settings that cannot be used: where, key, found, allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from connector.errors import SettingsError
from connector.settings.masking import masked

PREFIX = "CONNECTOR__"
MISFIT = "misfit"
NAME = re.compile(r"[\w-]+")  # of a key or an index; pydantic names its own validators, too
MEANINGS = {
    "missing": "a value; this key must be there",
    "tuple_type": "a list: [ … ], or sections under double brackets",
    "model_type": "a section of keys",
    "ip_v4_network": "a network such as 10.0.0.0/8",
}


def refuse_unknown_variables(settings: type[BaseModel], file: Path, variables: Iterable[str]) -> None:
    """Raise SettingsError for an environment variable that names no section: a misspelt one would be ignored in silence."""
    for name in variables:
        section = name.removeprefix(PREFIX).partition("__")[0].lower()
        if name.startswith(PREFIX) and section not in settings.model_fields:
            raise SettingsError(str(file), name, found=name, allowed=no_such_key(section, settings))


def explain(settings: type[BaseModel], file: Path, error: ValidationError, variables: Collection[str]) -> SettingsError:
    """Name the first thing wrong: where it stands (file or environment variable), the key, what was found, what is allowed."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"] if NAME.fullmatch(str(part))]
    if first["type"] == MISFIT:
        location.append(first["ctx"]["key"])
    key = ".".join(location)
    variable = PREFIX + "__".join(location).upper()
    place = f"environment variable {variable}" if variable in variables else str(file)
    if first["type"] == "extra_forbidden":
        return SettingsError(place, key, found=location[-1], allowed=no_such_key(location[-1], _model_at(settings, location[:-1])))
    return SettingsError(place, key, found=_found(first), allowed=_allowed(first))


def unreadable(error: Exception, variables: Collection[str]) -> SettingsError:
    """Name the environment variable that stands for a whole section or list, and holds no JSON."""
    named = re.search(r'field "(\w+)"', str(error))
    key = named[1] if named else "settings"
    variable = PREFIX + key.upper()
    place = f"environment variable {variable if variable in variables else variable + '__…'}"
    return SettingsError(place, key, found="no JSON", allowed="a whole section or list as JSON")


def misfit(key: str, found: object, allowed: str) -> PydanticCustomError:
    """Return the error of a key that does not fit with others, to be raised where they are seen together: in their section."""
    return PydanticCustomError(MISFIT, "{allowed}", {"key": key, "found": found, "allowed": allowed})


def _found(error: ErrorDetails) -> object:
    """Say what was found; never a secret, nobody's login, and no whole section."""
    if error["type"] == "missing":
        return "nothing"
    found = error["ctx"]["found"] if error["type"] == MISFIT else error["input"]
    is_hidden = "the secret itself" in error["msg"] or isinstance(found, (dict, list, BaseModel))
    return "a value" if is_hidden else masked(found) if isinstance(found, str) else found


def _allowed(error: ErrorDetails) -> str:
    if error["type"] in MEANINGS:
        return MEANINGS[error["type"]]
    return error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _model_at(settings: type[BaseModel], location: list[str]) -> type[BaseModel] | None:
    model: Any = settings
    for part in location:
        if part.isdigit():
            continue
        field = model.model_fields.get(part)
        if field is None:
            return None
        model = field.annotation
        for inner in getattr(model, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return None
    return model  # type: ignore[no-any-return]  # the loop leaves a model class here, which mypy cannot follow through annotations


def no_such_key(key: str, model: type[BaseModel] | None) -> str:
    """Say that there is no such key, and which one comes near."""
    near = difflib.get_close_matches(key, model.model_fields if model else (), n=1)
    return "no such key" + (f"; did you mean {near[0]}?" if near else "")
