#ifndef CSYSTEM_H
#define CSYSTEM_H

// What Swift's Glibc module lacks (epoll, eventfd, accept4, SIGCHLD-free spawning helpers), wrapped as plain
// functions. _GNU_SOURCE is defined in the .c file only: defining it here would change types that Glibc's own
// module already exported. Every function returns -errno on failure, so that errno is read before anything else runs.
#include <stdint.h>
#include <sys/types.h>

enum { CSYS_READ = 1, CSYS_WRITE = 2, CSYS_HANGUP = 4 };

typedef struct { int32_t fd; uint32_t events; } csys_event;

int csys_epoll_create(void);
/// Arms one shot: MOD, and ADD where the descriptor is new to the set (epoll_ctl(2)).
int csys_epoll_arm(int epoll, int fd, uint32_t interest);
/// Edge-triggered, both directions, once for the descriptor's whole life: for sockets that only we close.
int csys_epoll_adopt(int epoll, int fd);
/// Level-triggered watch without one-shot, for descriptors that are always of interest (the wake-up descriptor).
int csys_epoll_watch(int epoll, int fd, uint32_t interest);
int csys_epoll_forget(int epoll, int fd);
/// timeout_ns < 0 waits without limit.
int csys_epoll_wait(int epoll, csys_event *events, int capacity, int64_t timeout_ns);
int csys_eventfd(void);
int csys_eventfd_wake(int fd);
int csys_eventfd_drain(int fd);
int csys_accept(int fd);
int csys_pipe(int fds[2]);
int csys_ignore_sigpipe(void);
/// Blocks SIGINT, SIGTERM and SIGHUP in the calling thread and those it will start.
int csys_block_signals(void);
/// Waits for one of them; returns the signal's number. timeout_ms < 0 waits without limit, 0 signals: -EAGAIN.
int csys_wait_signal(int64_t timeout_ms);
/// At most 15 characters, shown by ps and top.
int csys_name_thread(const char *name);
int64_t csys_thread_cpu_ns(void);
int64_t csys_process_rss_peak_bytes(void);
/// Large blocks are mapped, and so given back when they are freed, whatever was freed before: left alone, the allocator raises
/// both thresholds with every large block that it sees (mallopt(3), M_MMAP_THRESHOLD).
void csys_tune_heap(void);
/// Free pages inside the heap go back to the kernel (malloc_trim(3)).
void csys_trim_heap(void);
#endif
