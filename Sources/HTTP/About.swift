// HTTP: an HTTP/1.1 server and a small client on the event loop. It is in charge of one thing above all: a request has
// one boundary and one answer (RFC 9110, RFC 9112), whatever the peer sends and however slowly. Parsing knows bytes
// only; `Session` is the life of a connection; `Server` is one listening socket of one loop. It must never know what an
// answer means, wait outside the loop, or let a peer decide how much memory or time it takes: every such number is in
// `Limits`.
