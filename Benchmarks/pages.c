/* An upstream of pages that answers exactly so many milliseconds after each request: what page fetching is measured against.
 *
 *   pages PORT LATENCY_MS RECORDS PAGES MODE
 *
 * Each day of /costo-marginal-online has PAGES pages of RECORDS records, in the form that the dataset cmg reads: quarters of one
 * bus after another, buses named BUS00000 and on, each record some 285 B. MODE "rows": all of them. MODE "text": one record a page
 * (the quarters of BUS00000 are on the last pages of the day, so that every page is needed), and a text that nobody reads makes up
 * the same number of bytes. A page is made once for a day and kept, so that making it costs no measured time.
 * GET /_span answers at once with the nanoseconds from the first page's request to the last page's answer since it was last asked, and
 * how many pages that was.
 * One epoll thread, a timer for the earliest answer due; nothing else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEERS 4096
#define DAYS 64
#define PAGE_BYTES 285328

struct page { char *bytes; size_t size; };
struct day { char date[11]; struct page *pages; };
struct peer { char in[8192]; size_t filled; const struct page *out; size_t sent; long long due; int waiting; };

static struct peer *peers[PEERS];
static struct day days[DAYS];
static int day_count, records, page_count, text_only, waits[PEERS], first_wait, wait_count;

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

static int record(char *out, const char *date, int number) {
    int bus = number / 96, quarter = number % 96;
    return sprintf(out,
        "{\"barra_transf\":\"BUS%05d\",\"barra_info\":\"%-40s\",\"fecha\":\"%s\",\"hra\":%d,\"min\":%d,"
        "\"fecha_minuto\":\"%s %02d:%02d\",\"version\":\"EN LINEA\",\"cmg_clp_kwh_\":%d.%06d,\"cmg_usd_mwh_\":%d.%06d,"
        "\"cmg_reservado\":null,\"nota\":\"%-20s\"}",
        bus, "Barra de transferencia", date, quarter / 4, quarter % 4 * 15, date, quarter / 4, quarter % 4 * 15,
        30 + number % 50, number * 37 % 1000000, 20 + number % 90, number * 61 % 1000000, "sin observaciones");
}

static void make(struct page *page, const char *date, int index) {
    char *body = malloc(PAGE_BYTES + 400 * (size_t)records);
    size_t size = sprintf(body, "{\"data\":[");
    if (text_only) {
        /* BUS00000 fills the last 96 pages; those before hold a quarter of another bus each. */
        int quarter = index - (page_count - 96);
        size += record(body + size, date, quarter >= 0 ? quarter : 96 + index);
    } else {
        for (int i = 0; i < records; i++) {
            if (i) body[size++] = ',';
            size += record(body + size, date, index * records + i);
        }
    }
    size += sprintf(body + size, "],\"page\":%d,\"limit\":%d,\"totalPages\":%d", index, text_only ? 1 : records, page_count);
    if (text_only) {
        size += sprintf(body + size, ",\"text\":\"");
        size_t fill = PAGE_BYTES - size - 2;
        memset(body + size, 'x', fill);
        size += fill;
        body[size++] = '"';
    }
    body[size++] = '}';
    page->bytes = malloc(size + 200);
    page->size = sprintf(page->bytes, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", size);
    memcpy(page->bytes + page->size, body, size);
    page->size += size;
    free(body);
}

static long long first_asked, last_answered, answered;
static char span_text[200];
static struct page span_page = { span_text, 0 };

static const struct page *span(void) {
    char body[80];
    int size = sprintf(body, "%lld %lld\n", answered ? last_answered - first_asked : 0, answered);
    span_page.size = sprintf(span_text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
    first_asked = last_answered = answered = 0;
    return &span_page;
}

static const char *parameter(const char *target, const char *name) {
    const char *found = strstr(target, name);
    return found ? found + strlen(name) : NULL;
}

static const struct page *find(const char *target) {
    const char *date = parameter(target, "startDate="), *page = parameter(target, "&page=");
    int index = page ? atoi(page) : 0;
    if (!date || index < 0 || index >= page_count) index = 0;
    for (int i = 0; i < day_count; i++)
        if (date && !strncmp(days[i].date, date, 10)) return &days[i].pages[index];
    if (day_count == DAYS) return &days[0].pages[index];
    struct day *day = &days[day_count++];
    memcpy(day->date, date ? date : "2025-01-01", 10);
    day->pages = calloc(page_count, sizeof(struct page));
    for (int i = 0; i < page_count; i++) make(&day->pages[i], day->date, i);
    return &day->pages[index];
}

static void drop(int set, int fd) {
    epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
    /* A wait that is left in the line finds no peer and passes. */
    free(peers[fd]);
    peers[fd] = NULL;
}

static void push(int set, int fd) {
    struct peer *peer = peers[fd];
    while (peer->sent < peer->out->size) {
        ssize_t n = send(fd, peer->out->bytes + peer->sent, peer->out->size - peer->sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN) { drop(set, fd); return; }
            struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };
            epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
            return;
        }
        peer->sent += n;
    }
    if (peer->out != &span_page) last_answered = now_ns(), answered++;
    peer->out = NULL;
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
}

static void take(int set, int fd, long long latency) {
    struct peer *peer = peers[fd];
    ssize_t n = recv(fd, peer->in + peer->filled, sizeof peer->in - 1 - peer->filled, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { drop(set, fd); return; }
    peer->filled += n;
    peer->in[peer->filled] = 0;
    if (!strstr(peer->in, "\r\n\r\n")) return;
    /* Before the page is looked for: the first of a day is made then. */
    long long now = now_ns();
    int is_span = !strncmp(peer->in, "GET /_span", 10);
    if (!is_span && !first_asked) first_asked = now;
    peer->due = is_span ? now : now + latency;
    peer->out = is_span ? span() : find(peer->in);
    peer->filled = peer->sent = 0;
    peer->waiting = 1;
    waits[(first_wait + wait_count++) % PEERS] = fd;
}

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "usage: pages PORT LATENCY_MS RECORDS PAGES rows|text\n"); return 2; }
    long long latency = atoll(argv[2]) * 1000000LL;
    records = atoi(argv[3]), page_count = atoi(argv[4]), text_only = !strcmp(argv[5], "text");
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 1024)) fail("listen");
    int set = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = door }, ready[256];
    epoll_ctl(set, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        struct timespec left, *limit = NULL;
        if (wait_count) {
            struct peer *next = peers[waits[first_wait]];
            long long ns = next && next->waiting ? next->due - now_ns() : 0;
            if (ns < 0) ns = 0;
            left.tv_sec = ns / 1000000000LL, left.tv_nsec = ns % 1000000000LL, limit = &left;
        }
        int count = epoll_pwait2(set, ready, 256, limit, NULL);
        if (count < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == door) {
                while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (fd >= PEERS) { close(fd); continue; }
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    peers[fd] = calloc(1, sizeof(struct peer));
                    event.events = EPOLLIN, event.data.fd = fd;
                    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            if (peers[fd] && ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !peers[fd]->out) take(set, fd, latency);
            if (peers[fd] && ready[i].events & EPOLLOUT && peers[fd]->out && !peers[fd]->waiting) push(set, fd);
        }
        while (wait_count) {
            int fd = waits[first_wait];
            if (peers[fd] && peers[fd]->waiting) {
                if (peers[fd]->due > now_ns()) break;
                peers[fd]->waiting = 0;
                push(set, fd);
            }
            first_wait = (first_wait + 1) % PEERS, wait_count--;
        }
    }
}
