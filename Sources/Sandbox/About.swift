// Sandbox: an imitation of upstreams on our own HTTP server, with their oddities and, on demand, their faults; from a
// seeded generator or from recorded files. It is in charge of answering as the real one would, and of saying by side
// channels (truth, calls) what a client should have found. It shares nothing with Series or Datasets, on purpose: a
// mistake made twice would cancel out. It must never be reached from the service, only from the command line and tests.
