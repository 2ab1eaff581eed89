"""Torture: trials of the front door from outside, against the release program. In charge of bad clients, dying servers and lying
caches, and of measuring what a healthy client beside them sees. It knows the promises, never the code: whatever it learns, it
learns through sockets, signals and /proc. scripts/torture-door starts it."""
