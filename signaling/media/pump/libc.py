"""recvmmsg(2) and sendmmsg(2), through cffi without a compiler."""

from __future__ import annotations

from typing import Any, Final

from cffi import FFI

ffi: Final[Any] = FFI()
ffi.cdef(
    """
    struct iovec { void *base; size_t len; };
    struct msghdr {
        void *name; unsigned int namelen; struct iovec *iov; size_t iovlen;
        void *control; size_t controllen; int flags;
    };
    struct mmsghdr { struct msghdr header; unsigned int len; };
    int recvmmsg(int fd, struct mmsghdr *vector, unsigned int count, int flags, void *timeout);
    int sendmmsg(int fd, struct mmsghdr *vector, unsigned int count, int flags);
    """
)
lib: Final[Any] = ffi.dlopen(None)


def address(cdata: Any) -> int:
    """Where something of ours lies in memory."""
    return int(ffi.cast("uintptr_t", cdata))
