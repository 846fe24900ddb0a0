/* calls_file: what glibc has for files but reads, writes and opens. Most of it does not
 * wait: it is told only where the kernel tells no calls, but for what changes a file
 * system, which may take its time. */
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/wait.h"

#include <stdarg.h>
#include <string.h>
#include <termios.h>

#define A WAIT_ARG

CALL_HOOK(int, stat, SYS_newfstatat, (const char *restrict path, struct stat *restrict out),
          (path, out), A(AT_FDCWD), A(path), A(out), 0)
CALL_HOOK(int, stat64, SYS_newfstatat, (const char *restrict path, struct stat64 *restrict out),
          (path, out), A(AT_FDCWD), A(path), A(out), 0)
CALL_HOOK(int, lstat, SYS_newfstatat, (const char *restrict path, struct stat *restrict out),
          (path, out), A(AT_FDCWD), A(path), A(out), A(AT_SYMLINK_NOFOLLOW))
CALL_HOOK(int, lstat64, SYS_newfstatat, (const char *restrict path, struct stat64 *restrict out),
          (path, out), A(AT_FDCWD), A(path), A(out), A(AT_SYMLINK_NOFOLLOW))
CALL_HOOK(int, fstat, SYS_newfstatat, (int fd, struct stat *out), (fd, out), A(fd), 0, A(out),
          A(AT_EMPTY_PATH))
CALL_HOOK(int, fstat64, SYS_newfstatat, (int fd, struct stat64 *out), (fd, out), A(fd), 0, A(out),
          A(AT_EMPTY_PATH))
CALL_HOOK(int, fstatat, SYS_newfstatat,
          (int dir, const char *restrict path, struct stat *restrict out, int flags),
          (dir, path, out, flags), A(dir), A(path), A(out), A(flags))
CALL_HOOK(int, fstatat64, SYS_newfstatat,
          (int dir, const char *restrict path, struct stat64 *restrict out, int flags),
          (dir, path, out, flags), A(dir), A(path), A(out), A(flags))
CALL_HOOK(int, statx, SYS_statx,
          (int dir, const char *restrict path, int flags, unsigned mask,
           struct statx *restrict out),
          (dir, path, flags, mask, out), A(dir), A(path), A(flags), A(mask), A(out))
CALL_HOOK(int, statfs, SYS_statfs, (const char *path, struct statfs *out), (path, out), A(path),
          A(out))
CALL_HOOK(int, statfs64, SYS_statfs, (const char *path, struct statfs64 *out), (path, out), A(path),
          A(out))
CALL_HOOK(int, fstatfs, SYS_fstatfs, (int fd, struct statfs *out), (fd, out), A(fd), A(out))
CALL_HOOK(int, fstatfs64, SYS_fstatfs, (int fd, struct statfs64 *out), (fd, out), A(fd), A(out))
CALL_HOOK(int, access, SYS_access, (const char *path, int mode), (path, mode), A(path), A(mode))
CALL_HOOK(int, faccessat, SYS_faccessat, (int dir, const char *path, int mode, int flags),
          (dir, path, mode, flags), A(dir), A(path), A(mode), A(flags))
CALL_HOOK(off_t, lseek, SYS_lseek, (int fd, off_t off, int whence), (fd, off, whence), A(fd),
          A(off), A(whence))
CALL_HOOK(off64_t, lseek64, SYS_lseek, (int fd, off64_t off, int whence), (fd, off, whence), A(fd),
          A(off), A(whence))
CALL_HOOK(ssize_t, readlink, SYS_readlink,
          (const char *restrict path, char *restrict buf, size_t n), (path, buf, n), A(path),
          A(buf), A(n))
CALL_HOOK(ssize_t, readlinkat, SYS_readlinkat,
          (int dir, const char *restrict path, char *restrict buf, size_t n), (dir, path, buf, n),
          A(dir), A(path), A(buf), A(n))
CALL_HOOK(int, chdir, SYS_chdir, (const char *path), (path), A(path))
CALL_HOOK(int, fchdir, SYS_fchdir, (int fd), (fd), A(fd))
CALL_HOOK(ssize_t, getdents64, SYS_getdents64, (int fd, void *buf, size_t n), (fd, buf, n), A(fd),
          A(buf), A(n))
CALL_HOOK_AS(int, posix_fadvise64, SYS_fadvise64, (int fd, off64_t off, off64_t n, int advice),
             (fd, off, n, advice), -(int64_t)result, A(fd), A(off), A(n), A(advice))
CALL_HOOK_AS(int, posix_fadvise, SYS_fadvise64, (int fd, off_t off, off_t n, int advice),
             (fd, off, n, advice), -(int64_t)result, A(fd), A(off), A(n), A(advice))
WAIT_HOOK(int, mkdir, SYS_mkdir, (const char *path, mode_t mode), (path, mode), A(path), A(mode))
WAIT_HOOK(int, mkdirat, SYS_mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode),
          A(dir), A(path), A(mode))
WAIT_HOOK(int, rmdir, SYS_rmdir, (const char *path), (path), A(path))
WAIT_HOOK(int, unlink, SYS_unlink, (const char *path), (path), A(path))
WAIT_HOOK(int, unlinkat, SYS_unlinkat, (int dir, const char *path, int flags), (dir, path, flags),
          A(dir), A(path), A(flags))
WAIT_HOOK(int, remove, SYS_unlink, (const char *path), (path), A(path))
WAIT_HOOK(int, rename, SYS_rename, (const char *from, const char *to), (from, to), A(from), A(to))
WAIT_HOOK(int, renameat, SYS_renameat, (int from_dir, const char *from, int to_dir, const char *to),
          (from_dir, from, to_dir, to), A(from_dir), A(from), A(to_dir), A(to))
WAIT_HOOK(int, renameat2, SYS_renameat2,
          (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
          (from_dir, from, to_dir, to, flags), A(from_dir), A(from), A(to_dir), A(to), A(flags))
WAIT_HOOK(int, link, SYS_link, (const char *from, const char *to), (from, to), A(from), A(to))
WAIT_HOOK(int, linkat, SYS_linkat,
          (int from_dir, const char *from, int to_dir, const char *to, int flags),
          (from_dir, from, to_dir, to, flags), A(from_dir), A(from), A(to_dir), A(to), A(flags))
WAIT_HOOK(int, symlink, SYS_symlink, (const char *from, const char *to), (from, to), A(from), A(to))
WAIT_HOOK(int, symlinkat, SYS_symlinkat, (const char *from, int dir, const char *to),
          (from, dir, to), A(from), A(dir), A(to))
WAIT_HOOK(int, mknod, SYS_mknod, (const char *path, mode_t mode, dev_t dev), (path, mode, dev),
          A(path), A(mode), A(dev))
WAIT_HOOK(int, mkfifo, SYS_mknod, (const char *path, mode_t mode), (path, mode), A(path), A(mode))
WAIT_HOOK(int, chmod, SYS_chmod, (const char *path, mode_t mode), (path, mode), A(path), A(mode))
WAIT_HOOK(int, fchmod, SYS_fchmod, (int fd, mode_t mode), (fd, mode), A(fd), A(mode))
WAIT_HOOK(int, fchmodat, SYS_fchmodat, (int dir, const char *path, mode_t mode, int flags),
          (dir, path, mode, flags), A(dir), A(path), A(mode), A(flags))
WAIT_HOOK(int, chown, SYS_chown, (const char *path, uid_t user, gid_t group), (path, user, group),
          A(path), A(user), A(group))
WAIT_HOOK(int, fchown, SYS_fchown, (int fd, uid_t user, gid_t group), (fd, user, group), A(fd),
          A(user), A(group))
WAIT_HOOK(int, lchown, SYS_lchown, (const char *path, uid_t user, gid_t group), (path, user, group),
          A(path), A(user), A(group))
WAIT_HOOK(int, fchownat, SYS_fchownat,
          (int dir, const char *path, uid_t user, gid_t group, int flags),
          (dir, path, user, group, flags), A(dir), A(path), A(user), A(group), A(flags))
WAIT_HOOK(int, truncate, SYS_truncate, (const char *path, off_t n), (path, n), A(path), A(n))
WAIT_HOOK(int, truncate64, SYS_truncate, (const char *path, off64_t n), (path, n), A(path), A(n))
WAIT_HOOK(int, ftruncate, SYS_ftruncate, (int fd, off_t n), (fd, n), A(fd), A(n))
WAIT_HOOK(int, ftruncate64, SYS_ftruncate, (int fd, off64_t n), (fd, n), A(fd), A(n))
WAIT_HOOK(int, fallocate, SYS_fallocate, (int fd, int mode, off_t off, off_t n), (fd, mode, off, n),
          A(fd), A(mode), A(off), A(n))
WAIT_HOOK(int, fallocate64, SYS_fallocate, (int fd, int mode, off64_t off, off64_t n),
          (fd, mode, off, n), A(fd), A(mode), A(off), A(n))
WAIT_HOOK_AS(int, posix_fallocate, SYS_fallocate, (int fd, off_t off, off_t n), (fd, off, n),
             -(int64_t)result, A(fd), 0, A(off), A(n))
WAIT_HOOK_AS(int, posix_fallocate64, SYS_fallocate, (int fd, off64_t off, off64_t n), (fd, off, n),
             -(int64_t)result, A(fd), 0, A(off), A(n))
WAIT_HOOK(int, utime, SYS_utime, (const char *path, const struct utimbuf *times), (path, times),
          A(path), A(times))
WAIT_HOOK(int, utimes, SYS_utimes, (const char *path, const struct timeval times[2]), (path, times),
          A(path), A(times))
WAIT_HOOK(int, utimensat, SYS_utimensat,
          (int dir, const char *path, const struct timespec times[2], int flags),
          (dir, path, times, flags), A(dir), A(path), A(times), A(flags))
WAIT_HOOK(int, futimens, SYS_utimensat, (int fd, const struct timespec times[2]), (fd, times),
          A(fd), 0, A(times), 0)
WAIT_HOOK(int, syncfs, SYS_syncfs, (int fd), (fd), A(fd))
WAIT_HOOK(ssize_t, readahead, SYS_readahead, (int fd, off64_t off, size_t n), (fd, off, n), A(fd),
          A(off), A(n))
WAIT_HOOK(ssize_t, preadv64, SYS_preadv, (int fd, const struct iovec *iov, int n, off64_t off),
          (fd, iov, n, off), A(fd), A(iov), A(n), A(off))
WAIT_HOOK(ssize_t, pwritev64, SYS_pwritev, (int fd, const struct iovec *iov, int n, off64_t off),
          (fd, iov, n, off), A(fd), A(iov), A(n), A(off))
WAIT_HOOK(ssize_t, preadv2, SYS_preadv2,
          (int fd, const struct iovec *iov, int n, off_t off, int flags), (fd, iov, n, off, flags),
          A(fd), A(iov), A(n), A(off), A(flags))
WAIT_HOOK(ssize_t, pwritev2, SYS_pwritev2,
          (int fd, const struct iovec *iov, int n, off_t off, int flags), (fd, iov, n, off, flags),
          A(fd), A(iov), A(n), A(off), A(flags))
WAIT_HOOK(ssize_t, preadv64v2, SYS_preadv2,
          (int fd, const struct iovec *iov, int n, off64_t off, int flags),
          (fd, iov, n, off, flags), A(fd), A(iov), A(n), A(off), A(flags))
WAIT_HOOK(ssize_t, pwritev64v2, SYS_pwritev2,
          (int fd, const struct iovec *iov, int n, off64_t off, int flags),
          (fd, iov, n, off, flags), A(fd), A(iov), A(n), A(off), A(flags))
WAIT_HOOK(ssize_t, tee, SYS_tee, (int in, int out, size_t n, unsigned flags), (in, out, n, flags),
          A(in), A(out), A(n), A(flags))
WAIT_HOOK(ssize_t, vmsplice, SYS_vmsplice,
          (int fd, const struct iovec *iov, size_t n, unsigned flags), (fd, iov, n, flags), A(fd),
          A(iov), A(n), A(flags))
CALL_HOOK(ssize_t, getxattr, SYS_getxattr,
          (const char *path, const char *name, void *out, size_t n), (path, name, out, n), A(path),
          A(name), A(out), A(n))
CALL_HOOK(ssize_t, lgetxattr, SYS_lgetxattr,
          (const char *path, const char *name, void *out, size_t n), (path, name, out, n), A(path),
          A(name), A(out), A(n))
CALL_HOOK(ssize_t, fgetxattr, SYS_fgetxattr, (int fd, const char *name, void *out, size_t n),
          (fd, name, out, n), A(fd), A(name), A(out), A(n))
WAIT_HOOK(int, setxattr, SYS_setxattr,
          (const char *path, const char *name, const void *value, size_t n, int flags),
          (path, name, value, n, flags), A(path), A(name), A(value), A(n), A(flags))
WAIT_HOOK(int, fsetxattr, SYS_fsetxattr,
          (int fd, const char *name, const void *value, size_t n, int flags),
          (fd, name, value, n, flags), A(fd), A(name), A(value), A(n), A(flags))
CALL_HOOK(ssize_t, listxattr, SYS_listxattr, (const char *path, char *out, size_t n),
          (path, out, n), A(path), A(out), A(n))
CALL_HOOK(ssize_t, flistxattr, SYS_flistxattr, (int fd, char *out, size_t n), (fd, out, n), A(fd),
          A(out), A(n))

CALL_HOOK_AS(char *, getcwd, SYS_getcwd, (char *buf, size_t n), (buf, n),
             result ? (int64_t)strlen(result) + 1 : -errno, A(buf), A(n))
WAIT_HOOK_AS(mode_t, umask, SYS_umask, (mode_t mode), (mode), (int64_t)result, A(mode))

/* What programs linked with a glibc before 2.33 call. */
#define OLD_STAT_HOOK(name, type, what, ...)                                                       \
    CALL_HOOK(int, name, SYS_newfstatat, (int version, what, type *out), (version, at, out),       \
              __VA_ARGS__)
#define OLD_STATS(type, suffix)                                                                    \
    OLD_STAT_HOOK(__xstat##suffix, type, const char *at, A(AT_FDCWD), A(at), A(out), 0)            \
    OLD_STAT_HOOK(__lxstat##suffix, type, const char *at, A(AT_FDCWD), A(at), A(out),              \
                  A(AT_SYMLINK_NOFOLLOW))                                                          \
    OLD_STAT_HOOK(__fxstat##suffix, type, int at, A(at), 0, A(out), A(AT_EMPTY_PATH))
OLD_STATS(struct stat, )
OLD_STATS(struct stat64, 64)

CALL_HOOK_AS(int, isatty, SYS_ioctl, (int fd), (fd), result ? 0 : -errno, A(fd), A(TCGETS), 0)
CALL_HOOK(int, tcgetattr, SYS_ioctl, (int fd, struct termios *out), (fd, out), A(fd), A(TCGETS),
          A(out))

/* Devices may take any time. */
HOOK int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *arg = va_arg(list, void *);
    va_end(list);
    WAIT_BODY(int, wait_wanted(), REAL(ioctl)(fd, request, arg), SYS_ioctl, A(fd), A(request),
              A(arg));
}
