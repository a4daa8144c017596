"""Whether this process was told to stop: nobody new should be sent here, and who is here is served."""

from __future__ import annotations

import threading
from typing import Final

told: Final = threading.Event()  # set by the server that runs this process
