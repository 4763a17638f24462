"""The sentences about settings that cannot be used: where, key, found, allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from connector.errors import SettingsError

PREFIX = "CONNECTOR__"


def refuse_unknown_variables(settings: type[BaseModel], file: Path, variables: Iterable[str]) -> None:
    """Raise SettingsError for an environment variable that names no section: a misspelt one would be ignored in silence."""
    for name in variables:
        section = name.removeprefix(PREFIX).partition("__")[0].lower()
        if name.startswith(PREFIX) and section not in settings.model_fields:
            raise SettingsError(str(file), name, found=name, allowed=no_such_key(section, settings))


def explain(settings: type[BaseModel], file: Path, error: ValidationError, variables: Collection[str]) -> SettingsError:
    """Name the first thing wrong: where it stands (file or environment variable), the key, what was found, what is allowed."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    key = ".".join(location) or "marketplaces"
    variable = PREFIX + "__".join(location).upper()
    place = f"environment variable {variable}" if variable in variables else str(file)
    if first["type"] == "extra_forbidden":
        return SettingsError(place, key, found=location[-1], allowed=no_such_key(location[-1], _model_at(settings, location[:-1])))
    found: object = first["input"]
    secret = "the secret itself" in first["msg"]
    return SettingsError(
        place, key, found="a value" if secret or isinstance(found, (dict, BaseModel)) else found, allowed=_allowed(first["msg"])
    )


def _allowed(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input should be ")


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
