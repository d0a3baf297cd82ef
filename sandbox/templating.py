"""The sandbox's own templates."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=select_autoescape(["html.j2"], default=False),
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """Return a template of `templates/` filled in, with one line end at its end."""
    return _ENVIRONMENT.get_template(f"{template}.j2").render(values).rstrip() + "\n"
