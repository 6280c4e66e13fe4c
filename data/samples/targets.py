"""Other programs whose metrics are scraped, as the setting names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

#: The app's own name as a job.
OWN_JOB = "voicehive"
_MOST_TARGETS = 50


@dataclass(frozen=True, slots=True)
class Target:
    """A program to scrape: its job, and where its metrics are."""

    job: str
    url: str

    @property
    def labels(self) -> dict[str, str]:
        """What its series are labelled with."""
        return {"job": self.job, "instance": urlsplit(self.url).netloc.rpartition("@")[2]}


def parse_targets(text: str) -> tuple[Target, ...]:
    """The targets of `name=http://host:port/path,...`; ValueError with the remedy."""
    targets = tuple(_target(part.strip()) for part in text.split(",") if part.strip())
    if len(targets) > _MOST_TARGETS:
        raise ValueError(f"at most {_MOST_TARGETS} targets; beyond that let a Prometheus scrape them")
    seen = [tuple(target.labels.values()) for target in targets]
    for job, instance in seen:
        if seen.count((job, instance)) > 1:
            raise ValueError(f"{job} at {instance} is named twice; give each target a name of its own")
    return targets


def _target(text: str) -> Target:
    job, _, url = text.partition("=")
    if not re.fullmatch(r"[A-Za-z0-9_.:-]+", job) or not url:
        raise ValueError("each target must be name=http://host:port/metrics, with commas between them")
    if job == OWN_JOB:
        raise ValueError(f"the name {OWN_JOB} is the app's own; choose another")
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(f"{job} must have an http:// or https:// URL with a valid port") from None
    if not parts.hostname:
        raise ValueError(f"the URL of {job} names no host")
    host = parts.netloc.removesuffix(":") if parts.port else f"{parts.netloc.removesuffix(':')}:{port}"
    return Target(job, parts._replace(netloc=host, path=parts.path or "/metrics", fragment="").geturl())
