// EventLoop: one epoll thread that is at once the serial executor of an actor and the task executor of everything that
// runs there, so that a wait costs one enqueue and no thread hand-over. It knows descriptors, deadlines and bytes; it
// knows nothing of HTTP, Postgres, Redis or curl. All waiting in the program is done here: `Loop.ready` for a
// descriptor, `Waiter` for another task of the same loop, `Loop.sleep` for time. Nothing here may block the thread.
