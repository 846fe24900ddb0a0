/* file: whole files in, whole files out.
 *
 * An output file is written under a temporary name in the same folder and gets
 * its final name only when it is complete, so nobody ever sees half a file. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct file_map {
    const uint8_t *data; /* borrowed until file_unmap; NULL for an empty file */
    size_t bytes;
    int fd;
};

/* Maps a regular file read-only. Pages that vanish later because somebody cuts
 * the file short read as zeros (guard.h). */
bool file_map(struct file_map *map, const char *path, struct err *err);
void file_unmap(struct file_map *map);

/* Reads a whole file (also /proc's, whose size is not known) into *data, which
 * the caller frees; a NUL stands after the last byte. */
bool file_read(const char *path, char **data, size_t *bytes, struct err *err);

struct file_out {
    int fd;
    uint64_t off; /* bytes written, buffered ones included */
    uint8_t *buf; /* owned */
    size_t buf_len;
    char *path;      /* owned: the final name */
    char *temp_path; /* owned: the name until file_out_commit; NULL for a device or pipe */
    bool failed;     /* a write failed: commit will fail with its cause */
    struct err cause;
};

/* Begins a file, mode 0600. Missing folders are an error. What is there and is no
 * file (a device, a pipe) is written to directly, a link's target is replaced. */
bool file_out_open(struct file_out *out, const char *path, struct err *err);
/* Buffered; a failure is kept and told by commit, so callers need not look each time. */
void file_out_write(struct file_out *out, const void *p, size_t bytes);
/* Overwrites bytes written before (a header). */
void file_out_patch(struct file_out *out, uint64_t off, const void *p, size_t bytes);
/* Reads back bytes written before. */
bool file_out_read(struct file_out *out, uint64_t off, void *p, size_t bytes, struct err *err);
/* Flushes and gives the file its name. On failure the temporary file is gone. */
bool file_out_commit(struct file_out *out, struct err *err);
/* Goes on in a new file that begins with a copy of what was written so far, and leaves
 * the one before to somebody else: after a fork, to the process that has it too. */
bool file_out_branch(struct file_out *out, const char *path, struct err *err);
/* Takes away its name: for what is only read back, and gone with the process. */
void file_out_unname(struct file_out *out);
/* Drops the file. Safe after commit and on a zeroed struct. */
void file_out_discard(struct file_out *out);

/* mkdir -p, mode 0777 less umask. */
bool file_make_dirs(const char *path, struct err *err);
/* Removes a folder and all in it; missing is fine. Does not follow links. */
bool file_remove_tree(const char *path, struct err *err);
/* Bytes of all regular files under path, 0 where it cannot be read. */
uint64_t file_tree_bytes(const char *path);

#endif
