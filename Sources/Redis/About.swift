// Redis: one pipelined connection for each loop, with hiredis as the codec and the loop's own `Stream` as the socket. In
// charge of commands, replies, their limits, and of failing at once while the server is away. It knows nothing of what is
// stored: a cache above it must treat every error here as a miss, and every value as possibly wrong.
