/* The load side of the benchmark: many WebSocket clients in one thread, cheap enough never to be what is measured.
 *
 * It connects, says what it is told, counts what comes, and prints one JSON object a line:
 *   {"event":"connected",...}  all connections stand (and have had their answer to --hello)
 *   {"event":"begin"}          the warm-up is over, and counting begins
 *   {"event":"end",...}        the figures
 *   {"event":"slow",...}       what became of the slow ones
 * Masks are zero, which RFC 6455 allows: the payload stays as it is, and the server has the same work.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { IN_FLIGHT = 64 };           /* Handshakes at once: fewer than any server's backlog, or SYNs would be lost. */
enum { BUFFER = 1 << 18, HEAD = 14, REQUEST = 4096, SAMPLES = 1 << 22, SESSION = 64 };
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* Of RFC 6455, 1.3; a nonce is no matter here. */

typedef struct {
    int fd;
    bool open, ready, reads_slowly, closed;
    uint8_t head[HEAD];
    int head_size;
    uint64_t left;      /* Bytes of the present frame's payload that are still to come. */
    int opcode;
    int close_code;
    int request_size;
    uint8_t *request;   /* The frame that is sent again and again. */
} Client;

static struct {
    const char *host, *path, *hello, *say, *go;
    int port, connections, slow, rate;
    double warm_s, seconds;
    bool deflate, echo, stamps, ping;
} options = {.host = "127.0.0.1", .path = "/", .connections = 1, .warm_s = 0.5, .seconds = 1.0};

static Client *clients;
static int epoll, opened, standing, ready, lost;
static bool running, counting;
static uint64_t frames, bytes;
static float *samples_ms;
static int sample_count;
static uint8_t buffer[BUFFER];

static double now_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* Frames out ---------------------------------------------------------------------------------- */

static int frame_of(uint8_t *out, int opcode, const char *text) {
    size_t size = strlen(text);
    int head = 2;
    out[0] = (uint8_t)(0x80 | opcode);
    if (size < 126) {
        out[1] = (uint8_t)(0x80 | size);
    } else {
        out[1] = 0x80 | 126;
        out[2] = (uint8_t)(size >> 8);
        out[3] = (uint8_t)size;
        head = 4;
    }
    memset(out + head, 0, 4);
    memcpy(out + head + 4, text, size);
    return head + 4 + (int)size;
}

static void put(Client *client, const void *data, int size) {
    if (send(client->fd, data, (size_t)size, MSG_NOSIGNAL) != size && errno != EPIPE && errno != ECONNRESET)
        fail("cannot send: %s", strerror(errno));
}

static void say(Client *client, int opcode, const char *text) {
    uint8_t out[REQUEST + 8];
    put(client, out, frame_of(out, opcode, text));
}

/* The request of a client: --say, with the session that the answer to --hello named in place of "@session". */
static void prepare(Client *client, const char *session) {
    char text[REQUEST] = "";
    if (!options.say) return;
    const char *mark = strstr(options.say, "@session");
    if (mark)
        snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - options.say), options.say, session, mark + 8);
    else
        snprintf(text, sizeof text, "%s", options.say);
    client->request = malloc(strlen(text) + 8);
    client->request_size = frame_of(client->request, options.ping ? PING : TEXT, text);
}

/* Connecting ---------------------------------------------------------------------------------- */

static void watch(Client *client) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event)) fail("epoll: %s", strerror(errno));
}

static void connect_one(Client *client) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    inet_pton(AF_INET, options.host, &address.sin_addr);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0) fail("no socket %d: %s (see `ulimit -n`)", opened + 1, strerror(errno));
    int yes = 1, small = 1 << 16;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    client->reads_slowly = opened < options.slow;
    if (client->reads_slowly) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address))
        fail("connection %d is refused: %s", opened + 1, strerror(errno));
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
                        options.path, options.host, options.port, KEY,
                        options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
    put(client, text, size);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    watch(client);
    opened++;
}

static void be_ready(Client *client, const char *session) {
    client->ready = true;
    ready++;
    prepare(client, session);
    if (client->reads_slowly) epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL);
}

/* Looks at the answer to the handshake; how many bytes it has is given back, 0 while it is not whole. */
static size_t handshake(Client *client, const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) fail("the handshake is refused: %.*s", (int)(end - data), data);
    bool deflates = memmem(data, size, "permessage-deflate", 18) != NULL;
    if (deflates != options.deflate) fail("deflate is %s", deflates ? "forced" : "not accepted");
    client->open = true;
    standing++;
    if (!options.hello)
        be_ready(client, "");
    else if (*options.hello)
        say(client, TEXT, options.hello); /* Else the server greets, and that is waited for. */
    return (size_t)(end - data) + 4;
}

/* Frames in ----------------------------------------------------------------------------------- */

/* How late a message is by its own timestamp, which must stand near its beginning. */
static void sample(const uint8_t *payload, size_t size) {
    static const char mark[] = "\"timestamp\":\"";
    const uint8_t *at = memmem(payload, size < 200 ? size : 200, mark, sizeof mark - 1);
    struct tm day = {0};
    double second;
    if (!at || (size_t)(at - payload) + 40 > size || sample_count == SAMPLES) return;
    if (sscanf((const char *)at + sizeof mark - 1, "%d-%d-%dT%d:%d:%lf", &day.tm_year, &day.tm_mon, &day.tm_mday,
               &day.tm_hour, &day.tm_min, &second) != 6) return;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    double sent_s = (double)timegm(&day) + second;
    samples_ms[sample_count++] = (float)((now_s(CLOCK_REALTIME) - sent_s) * 1e3);
}

static void first_answer(Client *client, const uint8_t *payload, size_t size) {
    char session[SESSION] = "";
    const uint8_t *at = memmem(payload, size, "\"session\":\"", 11);
    if (at) {
        size_t room = (size_t)(payload + size - at) - 11, n = 0;
        while (n < room && n < SESSION - 1 && at[11 + n] != '"') n++;
        memcpy(session, at + 11, n);
    }
    be_ready(client, session);
}

/* A frame has begun, of whose payload `size` bytes are here. */
static void frame_begins(Client *client, const uint8_t *payload, size_t size) {
    int opcode = client->opcode;
    if (opcode == CLOSE && size >= 2) client->close_code = payload[0] << 8 | payload[1];
    if (opcode > BINARY && opcode != PONG) return;
    if (!client->ready && options.hello) {
        if (opcode == TEXT) first_answer(client, payload, size);
        return;
    }
    if (counting) frames++;
    if (counting && options.stamps && !client->reads_slowly) sample(payload, size);
    if (options.echo && running) put(client, client->request, client->request_size);
}

static size_t header_size(const uint8_t *head) {
    return 2 + ((head[1] & 127) == 126 ? 2 : (head[1] & 127) == 127 ? 8 : 0);
}

static void take(Client *client, const uint8_t *data, size_t size) {
    while (size) {
        if (client->left) {
            size_t step = client->left < size ? (size_t)client->left : size;
            client->left -= step, data += step, size -= step;
            continue;
        }
        client->head[client->head_size++] = *data++, size--;
        if (client->head_size < 2 || client->head_size < (int)header_size(client->head)) continue;
        uint64_t length = client->head[1] & 127;
        if (length >= 126) {
            length = 0;
            for (int i = 2; i < client->head_size; i++) length = length << 8 | client->head[i];
        }
        client->opcode = client->head[0] & 15;
        client->left = length;
        client->head_size = 0;
        frame_begins(client, data, length < size ? (size_t)length : size);
    }
}

static void forget(Client *client) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL);
    client->closed = true;
    lost++;
}

/* Reads at most `most` bytes; false when the connection has ended. */
static bool read_some(Client *client, size_t most) {
    ssize_t got = recv(client->fd, buffer, most < BUFFER ? most : BUFFER, 0);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
        if (!client->open) fail("connection %d ended before the handshake", (int)(client - clients) + 1);
        forget(client);
        return false;
    }
    size_t start = 0, size = (size_t)got;
    if (counting) bytes += size;
    if (!client->open) start = handshake(client, buffer, size);
    if (start || client->open) take(client, buffer + start, size - start);
    return true;
}

static void look(int wait_ms) {
    struct epoll_event events[512];
    int count = epoll_wait(epoll, events, 512, wait_ms);
    for (int i = 0; i < count; i++) read_some(events[i].data.ptr, BUFFER);
}

/* The run ------------------------------------------------------------------------------------- */

static void connect_all(void) {
    double began = now_s(CLOCK_MONOTONIC), cpu = cpu_s();
    while (ready < options.connections) {
        while (opened < options.connections && opened - standing < IN_FLIGHT) connect_one(&clients[opened]);
        look(1000);
        if (now_s(CLOCK_MONOTONIC) - began > 60) fail("%d of %d connections stand after 60 s", ready, opened);
    }
    double took = now_s(CLOCK_MONOTONIC) - began;
    printf("{\"event\":\"connected\",\"seconds\":%.6f,\"cpu_s\":%.6f}\n", took, cpu_s() - cpu);
    fflush(stdout);
}

static void read_slowly(void) {
    for (int i = 0; i < options.slow; i++)
        if (!clients[i].closed && options.rate) read_some(&clients[i], (size_t)options.rate / 20);
}

static void listen_until(double until) {
    double next = 0;
    for (double now; (now = now_s(CLOCK_MONOTONIC)) < until;) {
        if (now >= next) read_slowly(), next = now + 0.05;
        look(10);
    }
}

static int by_size(const void *a, const void *b) {
    float one = *(const float *)a, other = *(const float *)b;
    return (one > other) - (one < other);
}

static double percentile(double part) {
    return sample_count ? samples_ms[(int)(part * (sample_count - 1))] : -1;
}

/* What the slow ones find when they read on at last: how many were cut, and how many were told so by a close frame. */
static void ask_the_slow(int *cut, int *told, int *code) {
    for (int i = 0; i < options.slow; i++) {
        Client *client = &clients[i];
        double until = now_s(CLOCK_MONOTONIC) + 0.2;
        while (!client->closed && !client->close_code && now_s(CLOCK_MONOTONIC) < until)
            if (read_some(client, BUFFER)) {
                struct pollfd one = {.fd = client->fd, .events = POLLIN};
                poll(&one, 1, 20);
            }
        *cut += client->closed || client->close_code;
        *told += client->close_code != 0;
        if (client->close_code) *code = client->close_code;
    }
}

static void run(void) {
    running = true;
    if (options.go) say(&clients[options.connections - 1], TEXT, options.go);
    if (options.echo)
        for (int i = 0; i < options.connections; i++) put(&clients[i], clients[i].request, clients[i].request_size);
    listen_until(now_s(CLOCK_MONOTONIC) + options.warm_s);
    printf("{\"event\":\"begin\"}\n");
    fflush(stdout);
    counting = true;
    double began = now_s(CLOCK_MONOTONIC), cpu = cpu_s();
    listen_until(began + options.seconds);
    double took = now_s(CLOCK_MONOTONIC) - began, used = cpu_s() - cpu;
    counting = false;
    qsort(samples_ms, (size_t)sample_count, sizeof *samples_ms, by_size);
    printf("{\"event\":\"end\",\"frames\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"cpu_s\":%.6f,\"lost\":%d,"
           "\"samples\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           (unsigned long long)frames, (unsigned long long)bytes, took, used, lost, sample_count, percentile(0.5),
           percentile(0.99), percentile(1));
    fflush(stdout);
    int cut = 0, told = 0, code = 0;
    if (options.slow) ask_the_slow(&cut, &told, &code);
    printf("{\"event\":\"slow\",\"cut\":%d,\"told\":%d,\"code\":%d}\n", cut, told, code);
}

static void read_options(int count, char **words) {
    static const struct option known[] = {
        {"path", 1, 0, 'p'},  {"connections", 1, 0, 'n'}, {"seconds", 1, 0, 's'}, {"warm", 1, 0, 'w'},
        {"hello", 1, 0, 'h'}, {"say", 1, 0, 'y'},         {"go", 1, 0, 'g'},      {"slow", 1, 0, 'l'},
        {"rate", 1, 0, 'r'},  {"deflate", 0, 0, 'd'},     {"stamps", 0, 0, 't'},  {"ping", 0, 0, 'i'},
        {"port", 1, 0, 'P'},  {0}};
    for (int found; (found = getopt_long(count, words, "", known, NULL)) != -1;) switch (found) {
        case 'p': options.path = optarg; break;
        case 'P': options.port = atoi(optarg); break;
        case 'n': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'w': options.warm_s = atof(optarg); break;
        case 'h': options.hello = optarg; break;
        case 'y': options.say = optarg, options.echo = true; break;
        case 'g': options.go = optarg; break;
        case 'l': options.slow = atoi(optarg); break;
        case 'r': options.rate = atoi(optarg); break;
        case 'd': options.deflate = true; break;
        case 't': options.stamps = true; break;
        case 'i': options.ping = true; break;
        default: exit(2);
    }
}

int main(int count, char **words) {
    read_options(count, words);
    clients = calloc((size_t)options.connections, sizeof *clients);
    samples_ms = malloc(SAMPLES * sizeof *samples_ms);
    epoll = epoll_create1(0);
    connect_all();
    run();
    return 0;
}
