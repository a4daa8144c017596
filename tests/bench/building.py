"""The bench's two C files, compiled when the bench starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


class NoCompiler(Exception):
    """The load generator is C and nothing here compiles it."""


def build(name: str, into: Path) -> Path:
    """Compile tests/bench/<name>.c to a shared object in `into`. Raises NoCompiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("the bench needs a C compiler (Debian: apt install gcc libc6-dev)")
    made = into / f"{name}.so"
    words = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(HERE / f"{name}.c"), "-ldl"]
    subprocess.run(words, check=True)
    return made
