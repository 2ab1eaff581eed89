// PrivateServers: a Postgres and a Redis of a data directory's own, on Unix sockets that only their owner may open, for
// people who bring none. In charge of finding the binaries, making the cluster, starting, supervising and stopping the
// processes; whoever uses the directory last stops them. It must never touch a server of the system, listen on a network
// address, speak SQL, or remove a postmaster.pid that a live process of the same cluster may still stand behind.
// Every function here blocks: call from the main thread before the loops start, or after they ended. Supervision runs on
// a thread of its own.
