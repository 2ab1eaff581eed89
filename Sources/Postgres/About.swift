// Postgres: libpq on an event loop. In charge of connections, their statements with binds, binary rows, COPY, a pool for
// each loop and the order of migrations. It never blocks the loop (the PQexec family is not called anywhere), never lets a
// value become part of a statement's text, and knows no table but its own `schema_migrations`. No pointer of libpq leaves
// this target: `Rows` owns a result, `PostgresConnection` owns a connection, and both free what they own.
