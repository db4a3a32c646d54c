"""A system call's name and the machine in, its number out; `-` where a machine does not have it.

Source: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` (aarch64).
"""

# name x86_64 aarch64
_TABLE = """
read 0 63; write 1 64; readv 19 65; writev 20 66; pread64 17 67; pwrite64 18 68; lseek 8 62; close 3 57;
close_range 436 436; fstat 5 80; dup 32 23; dup2 33 -; dup3 292 24; pipe 22 -; pipe2 293 59; poll 7 -;
ppoll 271 73; select 23 -; pselect6 270 72; epoll_create 213 -; epoll_create1 291 20; epoll_ctl 233 21;
epoll_wait 232 -; epoll_pwait 281 22; eventfd2 290 19; mmap 9 222; munmap 11 215; mremap 25 216;
mprotect 10 226; brk 12 214; madvise 28 233; futex 202 98; futex_waitv 449 449; set_robust_list 273 99;
set_tid_address 218 96; rseq 334 293; sched_yield 24 124; sched_getaffinity 204 123; sched_getparam 143 121;
sched_getscheduler 145 120; getpid 39 172; gettid 186 178; getppid 110 173; getuid 102 174; geteuid 107 175;
getgid 104 176; getegid 108 177; getresuid 118 148; getresgid 120 150; getpgrp 111 -; getgroups 115 158;
uname 63 160; sysinfo 99 179; getrusage 98 165; times 100 153; getcpu 309 168; clock_gettime 228 113;
clock_getres 229 114; clock_nanosleep 230 115; nanosleep 35 101; gettimeofday 96 169; time 201 -;
setitimer 38 103; getitimer 36 102; alarm 37 -; timer_create 222 107; timer_settime 223 110;
timer_gettime 224 108; timer_delete 226 111; rt_sigaction 13 134; rt_sigprocmask 14 135;
rt_sigreturn 15 139; rt_sigpending 127 136; rt_sigtimedwait 128 137; rt_sigsuspend 130 133;
sigaltstack 131 132; restart_syscall 219 128; pause 34 -; exit 60 93; exit_group 231 94; getrandom 318 278;
recvfrom 45 207; recvmsg 47 212; shutdown 48 210; getsockopt 55 209; getsockname 51 204; open 2 -;
openat 257 56; openat2 437 437; creat 85 -; stat 4 -; lstat 6 -; newfstatat 262 79; statx 332 291;
access 21 -; faccessat 269 48; faccessat2 439 439; readlink 89 -; readlinkat 267 78; getcwd 79 17;
chdir 80 49; fchdir 81 50; mkdir 83 -; mkdirat 258 34; rmdir 84 -; unlink 87 -; unlinkat 263 35;
rename 82 -; renameat 264 38; renameat2 316 276; link 86 -; linkat 265 37; symlink 88 -; symlinkat 266 36;
truncate 76 45; ftruncate 77 46; chmod 90 -; fchmod 91 52; fchmodat 268 53; chown 92 -; fchown 93 55;
lchown 94 -; fchownat 260 54; utime 132 -; utimes 235 -; utimensat 280 88; statfs 137 43; fstatfs 138 44;
getdents 78 -; getdents64 217 61; mknod 133 -; mknodat 259 33; execve 59 221; execveat 322 281;
clone3 435 435; membarrier 324 283; io_uring_setup 425 425; clone 56 220; prlimit64 302 261;
getrlimit 97 163; fcntl 72 25; ioctl 16 29; prctl 157 167; socketpair 53 199; sendto 44 206
"""

MACHINES = ("x86_64", "aarch64")


def numbers(machine: str) -> dict[str, int]:
    """The calls that a machine has, by name.

    Raises:
        KeyError: If there is no table for this machine.

    >>> numbers("x86_64")["openat"], numbers("aarch64")["openat"], "open" in numbers("aarch64")
    (257, 56, False)
    """
    if machine not in MACHINES:
        raise KeyError(machine)
    column = 1 + MACHINES.index(machine)
    rows = (cell.split() for cell in _TABLE.split(";"))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
