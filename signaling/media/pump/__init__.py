"""The hot path: many datagrams per system call, SRTP in place, one copy per packet and subscriber."""

from signaling.media.pump.batch import Leg, Pump

__all__ = ["Leg", "Pump"]
