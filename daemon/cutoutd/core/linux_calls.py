"""System calls of Linux for which Python has no function."""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

#: Names are looked up in the present folder.
_NO_FOLDER = -100

_NO_REPLACE = 1
_EXCHANGE = 2

_LIBC = ctypes.CDLL(None, use_errno=True)


def _found(name: str, arguments: list[type]) -> Callable[..., int] | None:
    """Return a function of the C library; None if this library lacks it."""
    function = getattr(_LIBC, name, None)
    if function is not None:
        function.argtypes = arguments
    return function


_RENAMEAT2 = _found("renameat2", [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint])


def rename_to_free_name(
    name: Path | str, new: Path | str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
) -> None:
    """Rename a file as ``os.rename`` does, but only to a name that is free, in one step. Blocking.

    Raises:
        FileExistsError: the new name is taken.
        OSError: EINVAL or ENOSYS if file system, kernel or C library cannot do it, and every other error.
    """
    folders = [_NO_FOLDER if each is None else each for each in (src_dir_fd, dst_dir_fd)]
    _rename((folders[0], name), (folders[1], new), _NO_REPLACE)


def exchange_names(name: str, other: str, dir_fd: int) -> None:
    """Exchange the names of two files in an open folder, in one step. Blocking.

    Raises:
        OSError: EINVAL or ENOSYS if file system, kernel or C library cannot do it, and every other error.
    """
    _rename((dir_fd, name), (dir_fd, other), _EXCHANGE)


def _rename(place: tuple[int, Path | str], new: tuple[int, Path | str], flag: int) -> None:
    if _RENAMEAT2 is None:
        raise _error(errno.ENOSYS, new[1])
    if _RENAMEAT2(place[0], os.fsencode(place[1]), new[0], os.fsencode(new[1]), flag) != 0:
        raise _error(ctypes.get_errno(), new[1])


_FALLOCATE = _found("fallocate", [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64])


def reserve_space(descriptor: int, size_bytes: int) -> None:
    """Reserve space for a file without writing it. Blocking.

    ``os.posix_fallocate`` does not fit, because it writes to the file where nothing can be reserved.

    Raises:
        OSError: EOPNOTSUPP or ENOSYS if space cannot be reserved there, and every other error.
    """
    if _FALLOCATE is None:
        raise _error(errno.ENOSYS, "")
    if _FALLOCATE(descriptor, 0, 0, size_bytes) != 0:
        raise _error(ctypes.get_errno(), "")


def _error(number: int, name: Path | str) -> OSError:
    return OSError(number, os.strerror(number), str(name))
