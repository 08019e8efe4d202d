/* What a disk holds after a power cut: LD_PRELOADed into a sender, it lets every write of one database through, and
   beside that keeps a copy that changes only when the program asks for it by fsync or fdatasync. Writes not yet asked
   for are kept in order in NAME.pending; a test applies none, some or all of them, as a disk might have.

   POWER_DB names the database; its write-ahead log is watched too. POWER_DIR is where the copies lie. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 4096
#define FILES 2

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char watched[FILES][PATH_MAX];
static int copy_of[FILES], pending_of[FILES];
static signed char slot_of[FDS];
static int ready;

static int (*r_open)(const char *, int, ...);
static int (*r_openat)(int, const char *, int, ...);
static int (*r_close)(int);
static ssize_t (*r_write)(int, const void *, size_t);
static ssize_t (*r_pwrite)(int, const void *, size_t, off_t);
static int (*r_ftruncate)(int, off_t);
static int (*r_fsync)(int);
static int (*r_fdatasync)(int);

struct record {
    uint64_t kind, at, size; /* kind 1: bytes follow; 2: the file is cut to `at` */
};

__attribute__((constructor)) static void begin(void) {
    r_open = dlsym(RTLD_NEXT, "open64");
    r_openat = dlsym(RTLD_NEXT, "openat64");
    r_close = dlsym(RTLD_NEXT, "close");
    r_write = dlsym(RTLD_NEXT, "write");
    r_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    r_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    r_fsync = dlsym(RTLD_NEXT, "fsync");
    r_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *db = getenv("POWER_DB"), *dir = getenv("POWER_DIR");
    for (int fd = 0; fd < FDS; fd++) slot_of[fd] = -1;
    if (!db || !dir) return;
    snprintf(watched[0], PATH_MAX, "%s", db);
    snprintf(watched[1], PATH_MAX, "%s-wal", db);
    for (int no = 0; no < FILES; no++) {
        char name[PATH_MAX];
        const char *base = strrchr(watched[no], '/') + 1;
        snprintf(name, sizeof name, "%s/%s", dir, base);
        copy_of[no] = r_open(name, O_RDWR | O_CREAT, 0600);
        snprintf(name, sizeof name, "%s/%s.pending", dir, base);
        pending_of[no] = r_open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
        if (copy_of[no] < 0 || pending_of[no] < 0) abort();
    }
    ready = 1;
}

static int slot(int fd) { return ready && fd >= 0 && fd < FDS ? slot_of[fd] : -1; }

static void note_open(int fd, const char *path) {
    if (!ready || fd < 0 || fd >= FDS) return;
    slot_of[fd] = -1;
    for (int no = 0; no < FILES; no++)
        if (!strcmp(path, watched[no])) slot_of[fd] = (signed char)no;
}

static void keep(int no, struct record head, const void *bytes) {
    if (r_write(pending_of[no], &head, sizeof head) != (ssize_t)sizeof head) abort();
    if (head.kind == 1 && r_write(pending_of[no], bytes, head.size) != (ssize_t)head.size) abort();
}

/* The disk has it now: what waits goes into the copy. */
static void settle(int no) {
    struct record head;
    off_t at = 0;
    while (pread(pending_of[no], &head, sizeof head, at) == (ssize_t)sizeof head) {
        at += sizeof head;
        if (head.kind == 2) {
            if (r_ftruncate(copy_of[no], (off_t)head.at)) abort();
            continue;
        }
        char *bytes = malloc(head.size);
        if (!bytes || pread(pending_of[no], bytes, head.size, at) != (ssize_t)head.size) abort();
        if (r_pwrite(copy_of[no], bytes, head.size, (off_t)head.at) != (ssize_t)head.size) abort();
        free(bytes);
        at += (off_t)head.size;
    }
    if (r_ftruncate(pending_of[no], 0)) abort();
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        int fd = r_open(path, flags, mode_of(flags, more));                                                            \
        va_end(more);                                                                                                  \
        note_open(fd, path);                                                                                           \
        return fd;                                                                                                     \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                   \
    int name(int at, const char *path, int flags, ...) {                                                               \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        int fd = r_openat(at, path, flags, mode_of(flags, more));                                                      \
        va_end(more);                                                                                                  \
        note_open(fd, path);                                                                                           \
        return fd;                                                                                                     \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    if (slot(fd) >= 0) slot_of[fd] = -1;
    return r_close(fd);
}

static ssize_t written_at(int no, int fd, const void *bytes, size_t size, off_t at) {
    pthread_mutex_lock(&turn);
    ssize_t done = r_pwrite(fd, bytes, size, at);
    if (done > 0) keep(no, (struct record){1, (uint64_t)at, (uint64_t)done}, bytes);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    int no = slot(fd);
    return no < 0 ? r_pwrite(fd, bytes, size, at) : written_at(no, fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return pwrite(fd, bytes, size, at); }

ssize_t write(int fd, const void *bytes, size_t size) {
    int no = slot(fd);
    if (no < 0) return r_write(fd, bytes, size);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = written_at(no, fd, bytes, size, at);
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    return done;
}

static int cut(int fd, off_t size) {
    int no = slot(fd);
    if (no < 0) return r_ftruncate(fd, size);
    pthread_mutex_lock(&turn);
    int done = r_ftruncate(fd, size);
    if (!done) keep(no, (struct record){2, (uint64_t)size, 0}, NULL);
    pthread_mutex_unlock(&turn);
    return done;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

/* The copy is brought up to date before the call returns: from then on the program may count on it. */
static int synced(int fd, int (*real)(int)) {
    int no = slot(fd);
    if (no < 0) return real(fd);
    pthread_mutex_lock(&turn);
    settle(no);
    pthread_mutex_unlock(&turn);
    return 0; /* the real disk is not what is tested */
}

int fsync(int fd) { return synced(fd, r_fsync); }
int fdatasync(int fd) { return synced(fd, r_fdatasync); }
