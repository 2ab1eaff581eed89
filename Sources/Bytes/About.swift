// Bytes: text at the edges of the house. In charge of JSON, CSV, numbers, time stamps, HTTP dates and durations as bytes, in both
// directions, at the speed of upstream pages and with every limit that untrusted text needs. Pure: it must never read a clock, a file
// or a socket, never import another target or a C module, and never trap on any input.
