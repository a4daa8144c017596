"""RTCP: the packets an SFU reads and writes. Pure."""

from __future__ import annotations

from typing import TypeAlias

Packet: TypeAlias = object  # filled in with the parser
