/* An open-loop HTTP/1.1 client: a fixed number of requests a second, whether or not the server keeps up. wrk has no such
 * mode. Each latency is counted from the moment at which the request was due, so that a server that stalls cannot hide it.
 *
 *     rate PORT RATE SECONDS CONNECTIONS FILE FIRST
 *
 * FILE holds targets, a line each, asked for one after the other from the line FIRST on (0: the first), round and round.
 * Prints "count p50 p99", latencies in microseconds. Any other answer than 200 with a Content-Length ends it with code 1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, ROOM = 1 << 17 };

struct connection {
    int fd, busy;
    int64_t due;
    size_t got;
    char answer[ROOM];
};

static struct connection connections[MOST_CONNECTIONS];

static void fail(const char *what) {
    fprintf(stderr, "rate: %s\n", what);
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int dial(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail(strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void ask(struct connection *c, const char *target, int port, int64_t due) {
    char head[4096];
    int length = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", target, port);
    if (length >= (int)sizeof head) fail("a target is too long");
    if (send(c->fd, head, (size_t)length, MSG_NOSIGNAL) != length) fail("a request was not taken whole");
    c->busy = 1;
    c->due = due;
    c->got = 0;
}

/* 1 where the answer is whole. */
static int take(struct connection *c) {
    ssize_t count = recv(c->fd, c->answer + c->got, ROOM - 1 - c->got, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (count <= 0) fail("a connection ended");
    c->got += (size_t)count;
    c->answer[c->got] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return 0;
    if (strncmp(c->answer, "HTTP/1.1 200 ", 13)) fail("an answer was not 200");
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (!length || length > end) fail("an answer has no Content-Length");
    size_t whole = (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    if (whole >= ROOM) fail("an answer is too long");
    return c->got >= whole;
}

static char **read_targets(const char *path, size_t *count) {
    FILE *file = fopen(path, "r");
    char **targets = NULL, *line = NULL;
    size_t room = 0;
    if (!file) fail("the file of targets cannot be read");
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        targets = realloc(targets, (*count + 1) * sizeof *targets);
        targets[(*count)++] = strdup(line);
    }
    fclose(file);
    if (!*count) fail("the file of targets is empty");
    return targets;
}

int main(int argc, char **argv) {
    if (argc != 7) fail("PORT RATE SECONDS CONNECTIONS FILE FIRST");
    int port = atoi(argv[1]), width = atoi(argv[4]);
    double rate = atof(argv[2]);
    int64_t total = (int64_t)(rate * atof(argv[3])), sent = 0, done = 0;
    size_t count = 0, first = strtoul(argv[6], NULL, 10);
    char **targets = read_targets(argv[5], &count);
    if (width < 1 || width > MOST_CONNECTIONS || rate <= 0 || total < 1) fail("a number is out of range");
    int64_t *latencies = malloc((size_t)total * sizeof *latencies);
    struct pollfd waits[MOST_CONNECTIONS];
    prctl(PR_SET_TIMERSLACK, 1);
    for (int i = 0; i < width; i++) waits[i] = (struct pollfd){.fd = connections[i].fd = dial(port), .events = POLLIN};
    int64_t start = now() + 10000000, last = start + (int64_t)(total / rate * 1e9) + 10000000000LL;
    int turn = 0;
    while (done < total) {
        int64_t moment = now(), due = start + (int64_t)(sent / rate * 1e9);
        if (moment > last) fail("the server did not keep up");
        for (int tried = 0; sent < total && due <= moment && tried < width; tried++, turn = (turn + 1) % width) {
            if (connections[turn].busy) continue;
            ask(&connections[turn], targets[(first + (size_t)sent) % count], port, due);
            due = start + (int64_t)(++sent / rate * 1e9);
        }
        /* Late because every connection is busy: then only an answer can help. */
        int64_t left = sent == total || due <= now() ? 100000000 : due - now();
        struct timespec wait = {.tv_sec = 0, .tv_nsec = left < 0 ? 0 : left < 100000000 ? left : 100000000};
        if (ppoll(waits, (nfds_t)width, &wait, NULL) <= 0) continue;
        for (int i = 0; i < width; i++) {
            if (!(waits[i].revents & (POLLIN | POLLHUP | POLLERR)) || !connections[i].busy || !take(&connections[i])) continue;
            latencies[done++] = now() - connections[i].due;
            connections[i].busy = 0;
        }
    }
    qsort(latencies, (size_t)total, sizeof *latencies, by_value);
    printf("%lld %.1f %.1f\n", (long long)total, latencies[total / 2] / 1e3, latencies[total * 99 / 100] / 1e3);
    return 0;
}
