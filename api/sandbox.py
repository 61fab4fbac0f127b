"""A process that gives up, for good, what reading a file does not need: other files, the network, other programs.

Three layers, each worth something by itself: limits of the kernel on memory, time and file size; Landlock (no file but
those named, no TCP, Linux 5.13 and later); a filter of system calls (no socket, no program, no new process). Where a
layer is not to be had, the others stand; `confine` returns which of them hold.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _FILTER = 1, 38, 4, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_NO_PLAIN_FILES = 1 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 15
"""Running files, making devices, sockets, pipes and links: nobody is led elsewhere by what was left in a folder."""
_FS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FS_SINCE_5 = (1 << 16) - 1
_NET_TCP = 0b11
_SCOPED = 0b11
"""Abstract sockets and signals of processes outside."""

_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x10000
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_DENIED = {
    "x86_64": (
        41, 42, 43, 49, 50, 288,  # socket, connect, accept, bind, listen, accept4
        57, 58, 59, 322,  # fork, vfork, execve, execveat
        62, 101, 310, 311, 424, 434, 438,  # kill, ptrace, process_vm_*, pidfd_*
        155, 161, 165, 166, 272, 308, 303, 304, 428, 429, 430, 431, 432, 442,  # roots, mounts, namespaces, handles
        246, 248, 249, 250, 298, 320, 321, 323, 425, 426, 427,  # kexec, keys, perf, bpf, userfaultfd, io_uring
        105, 106, 113, 114, 117, 119, 116, 122, 123,  # users and groups
        169, 175, 176, 313, 134, 153, 172, 173,  # reboot, modules
    ),
    "aarch64": (
        198, 203, 202, 200, 201, 242, 221, 281, 129, 117, 270, 271, 424, 434, 438, 41, 51, 40, 39, 97, 268, 264, 265,
        428, 429, 430, 431, 432, 442, 104, 217, 218, 219, 241, 294, 280, 282, 425, 426, 427, 143, 144, 145, 146, 147,
        149, 151, 152, 159, 142, 105, 106, 273,
    ),
}  # fmt: skip


def limit(*, memory_bytes: int, cpu_s: int, file_bytes: int, open_files: int = 64) -> None:
    """Put limits on this process that it cannot lift: address space beyond what it has now, processor time, files.

    Parameters
    ----------
    memory_bytes
        So much more than now.
    cpu_s
        Processor time from now on [s].
    file_bytes
        Largest file that it may write.
    """
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    for kind, most in (
        (resource.RLIMIT_AS, used + memory_bytes), (resource.RLIMIT_CPU, spent + cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes), (resource.RLIMIT_NOFILE, open_files), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that made it is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def confine(*, readable: Iterable[Path], writable: Path, moves: bool = False) -> tuple[str, ...]:
    """Give up everything but reading in some places and working in one folder; return the layers that hold.

    Nothing of it can be taken back in this process, and threads made later are held by it too. Programs, links, pipes
    and devices cannot be made in the folder either. With `moves`, files can be moved between folders within it: where
    the kernel cannot tell that apart (before 5.19), the layer `files` is left out.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl") or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    held = []
    if _abi(libc) >= (2 if moves else 1) and _landlock(libc, readable, writable):
        held.append("files")
    if _filter_calls(libc):
        held.append("calls")
    return tuple(held)


def offered(*, moves: bool = False) -> tuple[str, ...]:
    """Return the layers that `confine` can put up on this machine, as far as can be told beforehand."""
    libc = ctypes.CDLL(None, use_errno=True)
    files = hasattr(libc, "prctl") and _abi(libc) >= (2 if moves else 1)
    return (*(("files",) if files else ()), *(("calls",) if platform.machine() in _ARCH else ()))


def readable() -> list[Path]:
    """Return where Python, the libraries and their data lie, and our own packages: no file of a user's."""
    here = Path(__file__).resolve().parents[1]
    system = [Path(each) for each in ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo",
                                      "/usr/share/proj", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
                                      "/dev/null", "/dev/urandom")]  # fmt: skip
    own = [here / name for name in ("api", "geo", "layers")]
    base = Path(sysconfig.get_path("stdlib")).parent
    data = [Path(os.environ[name]) for name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA") if os.environ.get(name)]
    return [each for each in (*system, *own, Path(sys.prefix) / "lib", base, *data) if each.exists()]


def fonts() -> list[Path]:
    """Return where fonts lie, for those who draw."""
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/etc/fonts")]
    if home := os.environ.get("HOME"):
        places += [Path(home) / ".fonts", Path(home) / ".local" / "share" / "fonts"]
    return [each for each in places if each.exists()]


def bare_environment(*more: str) -> Mapping[str, str]:
    """Return what a process that opens files gets of our environment: no secret of a setting is in it.

    Parameters
    ----------
    more
        How the names of other variables begin that it needs.
    """
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(more)}


_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _abi(libc: ctypes.CDLL) -> int:
    """Return which edition of Landlock the kernel has; below 1 where it has none."""
    return int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path], writable: Path) -> bool:
    abi = _abi(libc)
    every = _FS_BY_ABI.get(abi, _FS_SINCE_5)
    asked = struct.pack("=QQQ", every, _NET_TCP if abi >= 4 else 0, _SCOPED if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = libc.syscall(_CREATE_RULESET, asked, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        given = [(writable, every & ~_NO_PLAIN_FILES), (Path(os.devnull), _READ_FILE | _WRITE_FILE)]
        for path, rights in (*given, *((each, _READ_FILE | _READ_DIR) for each in readable)):
            with suppress(FileNotFoundError):
                _permit(libc, rules, path, rights)
        return bool(libc.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(rules)


def _permit(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        only = rights if path.is_dir() else rights & (_READ_FILE | _WRITE_FILE)
        libc.syscall(_ADD_RULE, rules, ctypes.c_int(1), struct.pack("=Qi", only, opened), ctypes.c_uint32(0))
    finally:
        os.close(opened)


# ── system calls ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _filter_calls(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _ARCH:
        return False
    program = b"".join(struct.pack("=HBBI", *each) for each in _program(machine))
    held = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(held)))
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, head, 0, 0) == 0)


def _program(machine: str) -> Sequence[tuple[int, int, int, int]]:
    """Return the filter, as classic BPF: (code, jump if true, jump if false, constant)."""
    load, equal, above, bits, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    made: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4), (equal, 1, 0, _ARCH[machine]), (answer, 0, 0, _KILL),  # no other machine's numbers
        (load, 0, 0, 0),
        (above, 0, 1, 0x40000000), (answer, 0, 0, _ERROR | _EPERM),  # nor those of x32
        (equal, 0, 1, _CLONE3), (answer, 0, 0, _ERROR | _ENOSYS),  # its arguments cannot be looked at: use clone
        (equal, 0, 4, _CLONE[machine]),
        (load, 0, 0, 16), (bits, 1, 0, _CLONE_THREAD), (answer, 0, 0, _ERROR | _EPERM), (answer, 0, 0, _ALLOW),
    ]  # fmt: skip
    for number in _DENIED[machine]:
        made += [(equal, 0, 1, number), (answer, 0, 0, _ERROR | _EPERM)]
    return [*made, (answer, 0, 0, _ALLOW)]
