#define _GNU_SOURCE
#include "csystem.h"
#include <errno.h>
#include <malloc.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint32_t bits(uint32_t interest) {
    // EPOLLRDHUP only beside EPOLLIN: a wait for room to write would spin on a peer that has half closed.
    uint32_t b = 0;
    if (interest & CSYS_READ) b |= EPOLLIN | EPOLLRDHUP;
    if (interest & CSYS_WRITE) b |= EPOLLOUT;
    return b;
}

int csys_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int csys_epoll_arm(int epoll, int fd, uint32_t interest) {
    struct epoll_event e = {.events = bits(interest) | EPOLLONESHOT, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e) == 0) return 0;
    if (errno != ENOENT) return -errno;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

int csys_epoll_adopt(int epoll, int fd) {
    struct epoll_event e = {.events = bits(CSYS_READ | CSYS_WRITE) | EPOLLET, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

int csys_epoll_watch(int epoll, int fd, uint32_t interest) {
    struct epoll_event e = {.events = bits(interest), .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e) == 0) return 0;
    if (errno != ENOENT) return -errno;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

int csys_epoll_forget(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0 ? 0 : -errno;
}

int csys_epoll_wait(int epoll, csys_event *events, int capacity, int64_t timeout_ns) {
    struct epoll_event raw[256];
    if (capacity > 256) capacity = 256;
    int n;
    if (timeout_ns < 0) {
        n = epoll_wait(epoll, raw, capacity, -1);
    } else if (timeout_ns == 0) {
        n = epoll_wait(epoll, raw, capacity, 0);
    } else {
        struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
        n = epoll_pwait2(epoll, raw, capacity, &t, NULL);
        if (n < 0 && errno == ENOSYS) n = epoll_wait(epoll, raw, capacity, (int)((timeout_ns + 999999) / 1000000));
    }
    if (n < 0) return -errno;
    for (int i = 0; i < n; i++) {
        uint32_t e = 0;
        if (raw[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) e |= CSYS_READ;
        if (raw[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) e |= CSYS_WRITE;
        if (raw[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) e |= CSYS_HANGUP;
        events[i].fd = raw[i].data.fd;
        events[i].events = e;
    }
    return n;
}

int csys_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int csys_eventfd_wake(int fd) {
    uint64_t one = 1;
    return write(fd, &one, 8) == 8 ? 0 : -errno;
}

int csys_eventfd_drain(int fd) {
    uint64_t count;
    return read(fd, &count, 8) == 8 ? 0 : -errno;
}

int csys_accept(int fd) {
    int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return c < 0 ? -errno : c;
}

int csys_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : -errno; }

int csys_ignore_sigpipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0; }

static void stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int csys_block_signals(void) {
    sigset_t set;
    stop_signals(&set);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int csys_wait_signal(int64_t timeout_ms) {
    sigset_t set;
    stop_signals(&set);
    int n;
    do {
        if (timeout_ms < 0) {
            n = sigwaitinfo(&set, NULL);
        } else {
            struct timespec t = {.tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1000000};
            n = sigtimedwait(&set, NULL, &t);
        }
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int64_t csys_thread_cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t csys_process_rss_peak_bytes(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (int64_t)u.ru_maxrss * 1024;
}

void csys_tune_heap(void) {
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

void csys_trim_heap(void) { malloc_trim(0); }

int csys_name_thread(const char *name) { return -pthread_setname_np(pthread_self(), name); }
