"""Sites on shared balancers: what they may not say, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from modules.fleet.domains import both_forms
from modules.fleet.problems import Code, Problem, words
from modules.fleet.shared import limits, needs
from modules.fleet.subject import Subject

OF_THE_BALANCER = (
    "tls", "ipv6", "internal", "allow", "idle_timeout", "deletion_protection",
    "drop_invalid_headers", "desync_mitigation", "access_logs", "waf",
)  # fmt: skip
"""Settings that a shared balancer has from `defaults`; all others are each site's own."""


def shared_settings(subject: Subject) -> Iterator[Problem]:
    defaults = subject.file.defaults
    for path, site in subject.sites.items():
        if "shared" not in dict(subject.kinds(path)):
            continue
        for key in OF_THE_BALANCER:
            at = subject.setting(path, key)
            if getattr(site, key) != getattr(defaults, key) and not subject.doubtful(
                ("defaults", key)
            ):
                message = words(
                    f"a shared balancer has the {key} of defaults, for all of its sites",
                    cure=f"leave {key} out here, say it in defaults, or say another load_balancer",
                )
                yield subject.problem(Code.SHARED_SETTING, at, message)


def fits(subject: Subject) -> Iterator[Problem]:
    most = limits(subject.file.quotas)
    for path, site in subject.sites.items():
        if "shared" not in dict(subject.kinds(path)):
            continue
        rules = needs(site, subject.file.certificates).rules
        if rules > most.rules:
            message = words(
                f"{both_forms(site.domain)} has {len(site.names)} names with its aliases, which "
                f"take {rules} rules of a shared balancer",
                allowed=f"{most.rules} rules",
                cure="make a second site of some, or say another load_balancer",
            )
            yield subject.problem(Code.SHARED_LIMIT, (*path, "aliases"), message, at_key=True)
