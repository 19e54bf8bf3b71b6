"""Shut a process in, with what Linux lets an ordinary user take away from himself.

Every layer stands alone, so where the kernel grants one of them less, the others still hold:

    namespaces   no other process, no network and no shared memory can be seen (user, mount, net, ipc, pid)
    read-only    every file system is read-only, but for a scratch folder in memory that goes away with the process
    Landlock     of the files only the interpreter and its libraries can be read, and only scratch be written
    seccomp      no programs, no new processes, no sockets, no signals to others, no rarely used kernel interfaces
    limits       address space, processor time, file size, open files, threads; no new privileges

There is no well-kept binding for these calls, and tools such as bubblewrap isolate a program that they start, not
a process that was forked; so the calls are made here, through the C library. See namespaces(7), mount_setattr(2),
landlock(7), seccomp(2), setrlimit(2).
"""

import contextlib
import ctypes
import functools
import os
import platform
import re
import shutil
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

NAMESPACES, READ_ONLY, LANDLOCK, SECCOMP, LIMITS = "namespaces", "read-only files", "Landlock", "seccomp", "limits"
LAYERS = (NAMESPACES, READ_ONLY, LANDLOCK, SECCOMP, LIMITS)

MEMORY_BYTES = 2 * 2**30
SCRATCH_BYTES = 64 * 2**20
CPU_SECONDS = 600
OPEN_FILES = 128
THREADS = 64

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SYS_MOUNT_SETATTR, SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446

# Landlock's rights, in the order of their bits, each with the version of the interface that brought it.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
NET_RIGHTS, SCOPES = 3, 3  # bind and connect TCP; abstract sockets and signals

NONE = -1  # no such call on that machine
# What a notebook never needs: numbers of the calls on x86-64 and on 64-bit ARM.
DENIED = {
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, NONE), "vfork": (58, NONE), "socket": (41, 198),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "memfd_create": (319, 279), "memfd_secret": (447, 447), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "swapon": (167, 224), "reboot": (169, 142),
    "personality": (135, 92), "mknod": (133, NONE), "mknodat": (259, 33), "fanotify_init": (300, 262),
    "inotify_init": (253, NONE), "inotify_init1": (294, 26), "io_setup": (206, 0), "io_destroy": (207, 1),
    "io_submit": (209, 2), "io_cancel": (210, 3), "io_getevents": (208, 4), "io_pgetevents": (333, 292),
    "timer_create": (222, 107), "sync": (162, 81), "syncfs": (306, 267),
}
# Denied only where the whole file system could not be made read-only: Landlock leaves these open.
METADATA = {
    "chmod": (90, NONE), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, NONE),
    "fchown": (93, 55), "lchown": (94, NONE), "fchownat": (260, 54), "utime": (132, NONE), "utimes": (235, NONE),
    "futimesat": (261, NONE), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469), "truncate": (76, 45),
}
ONLY_ITSELF = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}  # the first argument: whose process
# Denied with some values of an argument (its number, then the values): signals to others by way of files, typing on
# the terminal, and outliving the keeper.
DENIED_VALUES = {"fcntl": ((72, 25), 1, (8, 10, 15)), "ioctl": ((16, 29), 1, (0x8901, 0x8902, 0x5412, 0x541C)),
                 "prctl": ((157, 167), 0, (1,))}
SOCKETPAIR = (53, 199)  # streams only: a pair of datagram sockets could write to any socket file
CLONE, CLONE3 = (56, 220), (435, 435)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CLONE_THREAD, STREAM, KINDS = 0x00010000, 1, 0xF
UNKNOWN_FROM = 470  # calls that came after this was written, and those of the other numbering of x86-64
ALLOW, REFUSE, NO_SUCH_CALL, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN, AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
OWN_NAMESPACE_LIMITS = (5, 14)  # the Linux from which on threads are counted in each user namespace alone


class Sandbox:
    """The layers around one line of processes; `missing` says which the kernel did not grant, and why.

    A server calls `prepare` once. Each of its forks calls `part`, forks again, and the second fork, which is
    alone in its own process namespace, calls `shut` before it runs any code that is not ours.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.missing: dict[str, str] = {}
        self._mapped = 0
        self._rules: int | None = None

    def prepare(self, readable: Iterable[Path], hidden: Iterable[Path]) -> None:
        """Take away network and foreign processes, make files read-only, and draw up what may be read.

        Args:    readable: the interpreter and its libraries. hidden: what must not be read even where it lies in one
                 of those, such as reference solutions installed beside the package.
        """
        self._mapped = _mapped_bytes()
        self._attempt(NAMESPACES, _enter_namespaces)
        if NAMESPACES in self.missing:
            self.missing[READ_ONLY] = "it needs the namespaces"
        else:
            self._attempt(READ_ONLY, _all_read_only)
        self._attempt(LANDLOCK, lambda: self._draw_up(list(readable), [path.resolve() for path in hidden]))
        self._attempt(SECCOMP, _processor)
        self._rehearse()

    def _rehearse(self) -> None:
        """Go through `part` and `shut` once, in forks that end: what fails there is missing, too."""
        reads, writes = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                self.part()
                if os.fork() == 0:
                    self.shut()
                else:
                    os.wait()
            except OSError as error:
                layer = {"prctl": SECCOMP, "landlock": LANDLOCK}.get(str(error.filename), NAMESPACES)
                os.write(writes, f"{layer}\n{error.filename}: {error.strerror}\n".encode())
            finally:
                os._exit(0)
        os.close(writes)
        os.waitpid(process, 0)
        with os.fdopen(reads) as told:
            lines = told.read().splitlines()
        self.missing |= dict(zip(lines[::2], lines[1::2]))

    def part(self) -> None:
        """Give the calling process's next child a process namespace of its own, and an empty scratch folder."""
        if NAMESPACES in self.missing:
            return
        _call("unshare", CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC)
        options = f"size={SCRATCH_BYTES},nr_inodes=4096,mode=700".encode()
        _call("mount", b"scratch", bytes(self.scratch), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
        _call("mount", b"nothing", b"/proc", b"tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=4096")

    def clear(self) -> None:
        """Empty a scratch folder that is on disk, because there are no namespaces."""
        if NAMESPACES in self.missing:
            for path in self.scratch.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def shut(self) -> None:
        """Shut the calling process in, for good."""
        os.chdir(self.scratch)
        _call("prctl", PR_SET_PDEATHSIG, 9, 0, 0, 0)
        self._limit()
        _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _drop_capabilities()
        if self._rules is not None:
            _syscall(SYS_LANDLOCK_RESTRICT, self._rules, 0)
            os.close(self._rules)
        if SECCOMP not in self.missing:
            _install(_filter(os.getpid(), READ_ONLY in self.missing))

    def _limit(self) -> None:
        import resource

        wanted = {resource.RLIMIT_AS: self._mapped + MEMORY_BYTES, resource.RLIMIT_CPU: CPU_SECONDS,
                  resource.RLIMIT_FSIZE: SCRATCH_BYTES, resource.RLIMIT_NOFILE: OPEN_FILES, resource.RLIMIT_CORE: 0,
                  resource.RLIMIT_MEMLOCK: 0, resource.RLIMIT_MSGQUEUE: 0}
        if NAMESPACES not in self.missing and _linux() >= OWN_NAMESPACE_LIMITS:
            wanted[resource.RLIMIT_NPROC] = THREADS  # elsewhere it would count all that the user runs
        for what, amount in wanted.items():
            hard = resource.getrlimit(what)[1]
            amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(what, (amount, amount))

    def _attempt(self, layer: str, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self.missing[layer] = f"{error.filename or 'the kernel'}: {error.strerror}"

    def _draw_up(self, readable: list[Path], hidden: list[Path]) -> None:
        version = _syscall(SYS_LANDLOCK_CREATE, None, 0, 1, name="landlock")
        rights = sum(bits for since, bits in FILE_RIGHTS.items() if since <= version)
        attributes = struct.pack("<QQQ", rights, NET_RIGHTS, SCOPES)[:24 if version >= 6 else 16 if version >= 4 else 8]
        self._rules = _syscall(SYS_LANDLOCK_CREATE, attributes, len(attributes), 0, name="landlock")
        kept, split = _without(readable, hidden)
        for path in kept:
            self._allow(path, (READ_FILE | READ_DIR) if path.is_dir() else READ_FILE)
        for path in split:
            self._allow(path, READ_DIR)  # or nothing could be imported from there
        for device in ("null", "zero", "full", "random", "urandom"):
            self._allow(Path("/dev", device), READ_FILE | WRITE_FILE)
        # The rule is for the folder above: the scratch folder in memory is laid over the one on disk for every fork.
        self._allow(self.scratch.parent, rights & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK | MAKE_SOCK | IOCTL_DEV))

    def _allow(self, path: Path, rights: int) -> None:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # what is not there, or may not be opened, needs no rule
        try:
            _syscall(SYS_LANDLOCK_ADD, self._rules, 1, struct.pack("<Qi", rights, handle), 0, name="landlock")
        finally:
            os.close(handle)


@contextlib.contextmanager
def limited_memory(more_bytes: int) -> Iterator[None]:
    """While entered, this process gets no more than so many bytes more: what is asked for beyond is a MemoryError.

    Only Linux counts what a process has been given (RLIMIT_DATA); elsewhere nothing is limited.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    allowed = [amount for amount in (now + more_bytes, soft, hard) if amount != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def keep_to_itself() -> None:
    """Let no process of the same user read or write this one's memory."""
    _call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def _without(paths: Iterable[Path], hidden: list[Path]) -> tuple[set[Path], set[Path]]:
    """The paths, with every folder that holds something hidden replaced by what else lies in it; and those folders."""
    secrets = set(hidden)
    holders = {parent for secret in secrets for parent in secret.parents}
    kept: set[Path] = set()
    split: set[Path] = set()
    waiting = [path for path in {path.resolve() for path in paths} if secrets.isdisjoint(path.parents)]
    while waiting:
        path = waiting.pop()
        if path in secrets:
            continue
        if path in holders:
            split.add(path)
            waiting += [entry for entry in path.iterdir() if not entry.is_symlink()]
        else:
            kept.add(path)
    return kept, split


def _enter_namespaces() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)


def _all_read_only() -> None:
    attributes = struct.pack("<QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    _syscall(SYS_MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, attributes, len(attributes), name="mount_setattr")


def _mapped_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _linux() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", platform.release())[:2]))


def _drop_capabilities() -> None:
    _call("capset", struct.pack("<II", 0x20080522, 0), struct.pack("<6I", *[0] * 6))


def _processor() -> tuple[int, int]:
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(38, f"no table of system calls for {machine}", "seccomp")
    return ARCHITECTURES[machine]


def _filter(own_process: int, deny_metadata: bool) -> bytes:
    """The filter as a program for the kernel: every step is (code, jump if true, jump if false, value)."""
    column, architecture = _processor()
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    steps += [(AT_LEAST, 0, 1, UNKNOWN_FROM), (RETURN, 0, 0, NO_SUCH_CALL)]
    for numbers in [*DENIED.values(), *(METADATA.values() if deny_metadata else ())]:
        if numbers[column] != NONE:
            steps += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, REFUSE)]
    steps += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NO_SUCH_CALL)]  # the C library then falls back to clone
    steps += [(EQUAL, 0, 4, CLONE[column]), _argument(0), (ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW),
              (RETURN, 0, 0, REFUSE)]
    steps += [(EQUAL, 0, 5, SOCKETPAIR[column]), _argument(1), (AND, 0, 0, KINDS), (EQUAL, 0, 1, STREAM),
              (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    for numbers in ONLY_ITSELF.values():
        steps += [(EQUAL, 0, 5, numbers[column]), _argument(0), (EQUAL, 1, 0, own_process),
                  (EQUAL, 0, 1, 0 if numbers == ONLY_ITSELF["prlimit64"] else own_process), (RETURN, 0, 0, ALLOW),
                  (RETURN, 0, 0, REFUSE)]
    for numbers, argument, values in DENIED_VALUES.values():
        steps += [(EQUAL, 0, 2 + 2 * len(values), numbers[column]), _argument(argument)]
        for value in values:
            steps += [(EQUAL, 0, 1, value), (RETURN, 0, 0, REFUSE)]
        steps.append((RETURN, 0, 0, ALLOW))
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _argument(number: int) -> tuple[int, int, int, int]:
    """Load the lower half of an argument."""
    return (LOAD, 0, 0, 16 + 8 * number)


def _install(program: bytes) -> None:
    steps = ctypes.create_string_buffer(program, len(program))
    _call("prctl", PR_SET_SECCOMP, 2, struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(steps)), 0, 0)


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library that returns -1 on failure."""
    result = getattr(_library(), name)(*map(_as_c, arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def _syscall(number: int, *arguments: int | bytes | None, name: str = "syscall") -> int:
    try:
        return _call("syscall", number, *arguments)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None


def _as_c(value: int | bytes | None) -> ctypes.c_long | bytes | None:
    return ctypes.c_long(value) if isinstance(value, int) else value
