"""What a media worker is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


class ConfigError(ValueError):
    """The environment does not describe a worker. The text names the variable."""


@dataclass(frozen=True, slots=True)
class Config:
    rpc: Path  # Unix socket to serve the web processes on
    host: str  # address to bind
    port: int  # UDP and TCP; 0 takes any number free on both
    advertise: str  # address written into candidates, `host` unless told otherwise
    parent_pid: int | None  # stop when this process ends
    log_level: str


def from_environment(environ: Mapping[str, str]) -> Config:
    """Raises ConfigError."""
    rpc = environ.get("VIOP_MEDIA_RPC", "")
    if not rpc:
        raise ConfigError("VIOP_MEDIA_RPC must name the path of the worker's Unix socket")
    host = environ.get("VIOP_MEDIA_HOST") or "127.0.0.1"
    parent = environ.get("VIOP_MEDIA_PARENT_PID", "")
    return Config(
        rpc=Path(rpc),
        host=_address("VIOP_MEDIA_HOST", host),
        port=_number("VIOP_MEDIA_PORT", environ.get("VIOP_MEDIA_PORT") or "0", 65535),
        advertise=_address("VIOP_MEDIA_ADVERTISE", environ.get("VIOP_MEDIA_ADVERTISE") or host),
        parent_pid=_number("VIOP_MEDIA_PARENT_PID", parent, 1 << 22) if parent else None,
        log_level=_level(environ.get("VIOP_MEDIA_LOG") or "INFO"),
    )


def _address(variable: str, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ConfigError(f"{variable} must be an IP address") from None


def _number(variable: str, text: str, limit: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > limit:
        raise ConfigError(f"{variable} must be a number from 0 to {limit}")
    return int(text)


def _level(text: str) -> str:
    if text not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ConfigError("VIOP_MEDIA_LOG must be DEBUG, INFO, WARNING or ERROR")
    return text
