import EventLoop
import Postgres
import Testing

@Suite struct ConnectionTests {
    @Test func errorsCarryTheirState() async throws {
        try await withConnection({ $0.lockTimeout = .milliseconds(50) }) { connection in
            try await connection.script(
                """
                create table parent (id int primary key check (id < 100));
                create table child (id int not null references parent, constraint child_once unique (id));
                insert into parent values (1); insert into child values (1);
                """)
            let cases: [(SQL, PostgresError.Kind, String, String)] = [
                ("insert into parent values (1)", .uniqueViolation, "23505", "parent_pkey"),
                ("insert into child values (1)", .uniqueViolation, "23505", "child_once"),
                ("insert into parent values (100)", .checkViolation, "23514", "parent_id_check"),
                ("insert into child values (7)", .foreignKeyViolation, "23503", "child_id_fkey"),
                ("insert into child values (null)", .notNullViolation, "23502", ""),
                ("selec 1", .syntax, "42601", ""),
                ("select * from nowhere", .missingObject, "42P01", ""),
                ("select 1/0", .invalidValue, "22012", ""),
                ("select \("x\0y")", .invalidValue, "22021", ""),
            ]
            for (sql, kind, state, constraint) in cases {
                let error = await failure { try await connection.query(sql) }
                #expect(error?.kind == kind && error?.sqlstate == state && error?.constraint == constraint, "\(sql.text)")
                #expect(error?.isTransient == false)
                #expect(connection.isReusable)
            }
            try await connection.script("set default_transaction_read_only = on")
            let readOnly = await failure { try await connection.query("insert into parent values (2)") }
            #expect(readOnly?.kind == .readOnly && readOnly?.isTransient == true)
        }
    }

    @Test func waitsForLocksEnd() async throws {
        try await withConnection { first in
            try await first.script("create table held (id int)")
            var configuration = first.configuration
            configuration.lockTimeout = .milliseconds(30)
            let second = try await PostgresConnection.connect(configuration, on: first.loop)
            try await first.transaction { first in
                try await first.script("lock table held")
                let error = await failure { try await second.query("select * from held") }
                #expect(error?.kind == .lockTimeout && error?.sqlstate == "55P03")
            }
            #expect(try await second.query("select count(*) from held").only().int(0) == 0)
        }
    }

    @Test func theServersTimeoutKeepsTheConnection() async throws {
        try await withConnection({ $0.statementTimeout = .milliseconds(30) }) { connection in
            let error = await failure { try await connection.query("select pg_sleep(60)") }
            #expect(error?.kind == .statementTimeout && error?.isTransient == true)
            #expect(connection.isReusable)
        }
    }

    @Test func ourDeadlineClosesTheConnection() async throws {
        try await withConnection({ $0.statementTimeout = .zero }) { connection in
            let error = await failure { try await connection.query("select pg_sleep(60)", until: .after(.milliseconds(30))) }
            #expect(error?.kind == .timedOut)
            #expect(!connection.isOpen)
            #expect(await failure { try await connection.query("select 1") }?.kind == .connectionLost)
        }
    }

    @Test func connectingIsRefusedWithAReason() async throws {
        try await onLoop { loop in
            var missing = TestServer.shared.configuration(database: "nowhere")
            #expect(await failure { _ = try await PostgresConnection.connect(missing, on: loop) }?.sqlstate == "3D000")
            missing = PostgresConfiguration(host: "/nonexistent", database: "x", user: "x", password: "hunter2")
            let error = await failure { _ = try await PostgresConnection.connect(missing, on: loop) }
            #expect(error?.kind == .connectionLost)
            #expect(error?.description.contains("hunter2") == false)
            // A server that accepts and never answers.
            let mute = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            guard case .tcp(_, let port) = mute.address else { return }
            var stalled = PostgresConfiguration(host: "127.0.0.1", port: Int(port), database: "x", user: "x")
            stalled.connectTimeout = .milliseconds(40)
            #expect(await failure { _ = try await PostgresConnection.connect(stalled, on: loop) }?.kind == .timedOut)
        }
    }

    @Test func passwordsAreNeverShown() throws {
        for text in ["postgresql://ann:hunter2@db.example:5433/shop", "host=db.example port=5433 user=ann password=hunter2 dbname=shop"] {
            let configuration = try PostgresConfiguration(text)
            #expect(configuration.description == "user=ann host=db.example port=5433 dbname=shop")
            var dumped = ""
            dump(configuration, to: &dumped)
            let shown = dumped + "\(configuration)" + String(reflecting: configuration)
            #expect(!shown.contains("hunter2"))
        }
        let bad = #expect(throws: PostgresConfiguration.Unreadable.self) { try PostgresConfiguration("postgresql//ann:hunter2@x") }
        #expect(bad?.description.contains("hunter2") == false)
    }

    @Test func aSessionHasItsLimits() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                """
                select current_setting('statement_timeout') as a, current_setting('lock_timeout') as b,
                       current_setting('idle_in_transaction_session_timeout') as c, current_setting('application_name') as d,
                       current_setting('TimeZone') as e
                """
            ).only()
            #expect(try ["a", "b", "c", "d", "e"].map { try row.string(.named($0)) } == ["5s", "2s", "10s", "gapless", "UTC"])
        }
    }

    @Test func transactionsCommitOrLeaveNothing() async throws {
        struct Stop: Error {}
        try await withConnection { connection in
            try await connection.script("create table t (id int primary key)")
            let value = try await connection.transaction { connection in
                try await connection.query("insert into t values (1) returning id").only().int(0)
            }
            #expect(value == 1)
            #expect(await failure(Stop.self) {
                try await connection.transaction { connection in
                    try await connection.query("insert into t values (2)")
                    throw Stop()
                }
            } != nil)
            // An error swallowed inside: COMMIT would be answered with ROLLBACK.
            let swallowed = await failure {
                try await connection.transaction { connection in
                    try await connection.query("insert into t values (3)")
                    _ = await failure { try await connection.query("select 1/0") }
                }
            }
            #expect(swallowed?.kind == .rolledBack)
            let nested = await failure { try await connection.transaction { inner in try await inner.transaction { _ in } } }
            #expect(nested?.kind == .misuse)
            #expect(connection.isReusable)
            #expect(try await connection.query("select array_agg(id::int8) as a from t").only().int64s("a") == [1])
        }
    }

    @Test func commitWithoutAnAnswerIsSaidToBeUnknown() async throws {
        try await withConnection({ $0.lockTimeout = .zero }) { connection in
            // A deferred trigger stalls COMMIT itself, so that our deadline falls into it.
            try await connection.script(
                """
                create table t (id int);
                create function stall() returns trigger language plpgsql as 'begin perform pg_sleep(60); return null; end';
                create constraint trigger slow after insert on t deferrable initially deferred for each row execute function stall();
                """)
            let error = await failure {
                try await connection.transaction(until: .after(.milliseconds(200))) { _ = try await $0.query("insert into t values (1)") }
            }
            #expect(error?.kind == .commitOutcomeUnknown)
            #expect(!connection.isOpen)
        }
    }

    @Test func oneStatementIsPreparedOnce() async throws {
        try await withConnection { connection in
            for i in 0..<5 { #expect(try await connection.query("select \(i) + 1").only().int(0) == i + 1) }
            let names = "select count(*) from pg_prepared_statements where statement like 'select $1 + 1%'" as SQL
            #expect(try await connection.query(names).only().int(0) == 1)
            // More statements than the cache holds: the server keeps no more than the cache either.
            for i in 0..<300 {
                let column = try #require(Identifier("c\(i)"))
                try await connection.query("select 1 as \(column)")
            }
            #expect(try await connection.query("select count(*) from pg_prepared_statements").only().int(0) <= 257)
            // A changed table makes a plan stale: mended without the caller seeing it.
            try await connection.script("create table t (a int); insert into t values (1)")
            #expect(try await connection.query("select * from t").columns == ["a"])
            try await connection.script("alter table t add b int")
            #expect(try await connection.query("select * from t").columns == ["a", "b"])
        }
    }

    @Test func misuseIsAnErrorNotAHang() async throws {
        try await withConnection { connection in
            #expect(await failure { try await connection.query("copy pg_class to stdout") }?.kind == .misuse)
            #expect(!connection.isOpen)
        }
    }

    @Test func hugeBindsPassUnderBackPressure() async throws {
        try await withConnection({ $0.statementTimeout = .zero; $0.answerTimeout = .seconds(60) }) { connection in
            let bytes = [UInt8](repeating: 7, count: 48 << 20)
            let row = try await connection.query("select length(\(bytes)) as n, substr(\(bytes), 1, 20000000) as echo").only()
            #expect(try row.int("n") == bytes.count)
            #expect(try row.bytes("echo").count == 20_000_000)
        }
    }

    @Test func notificationsArriveOrTheDeadlineDoes() async throws {
        try await withConnection { listener in
            let channel = try #require(Identifier("changes"))
            try await listener.listen(channel)
            let other = try await PostgresConnection.connect(listener.configuration, on: listener.loop)
            try await other.notify(channel, payload: "it's")
            let note = try await listener.notification(until: .after(.seconds(20)))
            #expect(note?.channel == "changes" && note?.payload == "it's")
            #expect(try await listener.notification(until: .after(.milliseconds(20))) == nil)
            #expect(listener.isReusable)
            try await other.query("select pg_terminate_backend(\(listener.serverProcess))")
            #expect(await failure { _ = try await listener.notification(until: .after(.seconds(20))) }?.isTransient == true)
        }
    }
}
