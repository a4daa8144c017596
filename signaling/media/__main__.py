"""`python -m signaling.media`: one media worker, told by its environment (see config.py)."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from signaling.media.config import Config, ConfigError, from_environment
from signaling.media.worker import Worker


def main() -> int:
    try:
        config = from_environment(os.environ)
    except ConfigError as error:
        sys.stderr.write(f"media worker: {error}\n")
        return 2
    logging.basicConfig(
        level=config.log_level,
        format="%(asctime)s level=%(levelname)s logger=%(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        asyncio.run(_run(config))
    except OSError as error:
        sys.stderr.write(f"media worker: {error}\n")
        return 1
    return 0


async def _run(config: Config) -> None:
    await Worker(config).run()


if __name__ == "__main__":
    raise SystemExit(main())
