"""What a browser and the room socket may say to each other. The only copy.

`manage.py protocol_types` writes frontend/src/protocol/messages.gen.ts from this package. JSON text frames on
/ws/rooms/<meeting id>, subprotocol `viop.<VERSION>`. State travels as whole views (`Room`), made for this one
reader by the server: a view never contains what its reader may not see. `seq` is the room log's; a client
that sees a `Pong` with a newer seq than its own has missed a bell and is sent a view at once.
"""

from __future__ import annotations

from signaling.protocol.asked import FromBrowser, decode
from signaling.protocol.basics import MAX_FRAME_BYTES, VERSION, Close
from signaling.protocol.told import ToBrowser, encode

__all__ = ["MAX_FRAME_BYTES", "VERSION", "Close", "FromBrowser", "ToBrowser", "decode", "encode"]
