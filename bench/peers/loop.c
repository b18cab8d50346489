/* The physical limit: what the kernel takes per message, with next to nothing around it.
 *
 *   loop PORT broadcast PAYLOAD_FILE   when any client says anything, send() the frame to each client, for ever
 *   loop PORT echo                     send() back whatever comes
 *
 * It is no server: it believes that each recv() brings whole frames, and answers the one key that load.c uses.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1 << 16, MOST_CLIENTS = 20000 };
static const char UPGRADE[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"; /* RFC 6455, 1.3 */
static int clients[MOST_CLIENTS], count, ours;
static uint8_t frame[MOST + 4], buffer[MOST];
static size_t frame_size;

static size_t header(uint8_t *out, size_t size) {
    out[0] = 0x81;
    if (size < 126) return out[1] = (uint8_t)size, 2;
    return out[1] = 126, out[2] = (uint8_t)(size >> 8), out[3] = (uint8_t)size, 4;
}

static void load(const char *name) {
    uint8_t text[MOST];
    FILE *file = fopen(name, "rb");
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;
    frame_size = header(frame, size);
    memcpy(frame + frame_size, text, size);
    frame_size += size;
}

static void broadcast(void) {
    for (;;) {
        int alive = 0;
        for (int i = 0; i < count; i++) alive += send(clients[i], frame, frame_size, MSG_NOSIGNAL) > 0;
        if (!alive) exit(0);
    }
}

static void echo(int fd, uint8_t *data, size_t size) {
    size_t length = data[1] & 127, head = 2;
    if (length == 126) length = (size_t)(data[2] << 8 | data[3]), head = 4;
    uint8_t *mask = data + head, *payload = mask + 4, out[MOST];
    if (size < head + 4 + length) return;
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
    head = header(out, length);
    memcpy(out + head, payload, length);
    send(fd, out, head + length, MSG_NOSIGNAL);
}

static void meet(int listener) {
    int fd = accept(listener, NULL, NULL), yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(ours, EPOLL_CTL_ADD, fd, &event);
    clients[count++] = fd;
}

static void hear(int fd, int does_broadcast) {
    ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) {
        close(fd);
    } else if (!memcmp(buffer, "GET ", 4)) {
        send(fd, UPGRADE, sizeof UPGRADE - 1, MSG_NOSIGNAL);
    } else if (does_broadcast) {
        broadcast();
    } else {
        echo(fd, buffer, (size_t)size);
    }
}

int main(int words, char **word) {
    if (words < 3) return 2;
    if (words > 3) load(word[3]);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(word[1]))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return perror("loop"), 1;
    ours = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(ours, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int found = epoll_wait(ours, events, 256, -1);
        for (int i = 0; i < found; i++) {
            if (events[i].data.fd == listener) meet(listener);
            else hear(events[i].data.fd, !strcmp(word[2], "broadcast"));
        }
    }
}
