"""Parts of HTTP: the path that is asked, the statuses that are awaited."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from modules.fleet.problems import Code, refusal, show
from modules.fleet.text import Matching, described

UrlPath = Annotated[
    str,
    Matching(
        r"^/[A-Za-z0-9._~/-]{0,1023}$",
        "path",
        "'/' and up to 1023 of A-Z, a-z, 0-9 and ._~/-",
        Code.URL_PATH,
    ),
]
"""Elastic Load Balancing takes more; these are plain to Apache and HAProxy too."""

_MATCHER = re.compile(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", re.ASCII)


def _matcher(value: str) -> str:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html"""  # noqa: D400
    parts = [part.split("-") for part in value.split(",")]
    if not _MATCHER.fullmatch(value) or any(part[0] > part[-1] for part in parts):
        raise refusal(
            Code.MATCHER,
            f"statuses {show(value)} are malformed",
            allowed="200 to 499: 200, 200-299 or 200,301",
        )
    return value


Matcher = Annotated[str, AfterValidator(_matcher), described("statuses, as 200-299,301")]
