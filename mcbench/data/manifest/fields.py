"""Which fields a manifest may have at a place, found by following the typed shape."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from mcbench.data.manifest.schema import Manifest


def fields_beside(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the fields that the table around a place may have, sorted.

    Args:
        loc: the place as pydantic tells it, which puts the `kind` of a table behind the table's own name.
    """
    types: list[Any] = [Manifest]
    for part in loc[:-1]:
        if len(types) > 1:  # tables of several kinds: this part says which
            types = [each for each in types if part in _kinds(each)]
        else:
            types = [inner for each in types for inner in _inside(each, part)]
    return tuple(sorted({field for each in types if _is_model(each) for field in each.model_fields}))


def _inside(kind: Any, part: int | str) -> list[Any]:
    """Return what lies under a name or number of a table or list."""
    if _is_model(kind):
        field = kind.model_fields.get(str(part))
        return _members(field.annotation) if field is not None else []
    inner = [each for each in get_args(kind) if each is not Ellipsis]
    return _members(inner[-1]) if inner else []


def _members(kind: Any) -> list[Any]:
    """Return the types that a type stands for, without None."""
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [member for each in get_args(kind) for member in _members(each)]
    return [] if kind is NoneType else [kind]


def _kinds(kind: Any) -> tuple[Any, ...]:
    field = kind.model_fields.get("kind") if _is_model(kind) else None
    return get_args(field.annotation) if field is not None else ()


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
