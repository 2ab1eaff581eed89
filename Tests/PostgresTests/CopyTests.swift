import EventLoop
import Postgres
import Testing

@Suite struct CopyTests {
    @Test func aHundredThousandRowsGoInAndComeOut() async throws {
        try await withConnection { connection in
            try await connection.script("create table points (id int8 primary key, note text)")
            var next = 0
            let count = try await connection.copyIn("copy points from stdin") {
                if next == 100_000 { return nil }
                var chunk: [UInt8] = []
                for id in next..<(next + 5_000) { chunk += "\(id)\tnumber \(id)\n".utf8 }
                next += 5_000
                return chunk
            }
            #expect(count == 100_000)
            let row = try await connection.query("select count(*) as n, sum(id)::int8 as s, max(length(note)) as l from points").only()
            #expect(try row.int("n") == 100_000 && row.int("s") == 4_999_950_000 && row.int("l") == 12)
            var lines = 0
            var total = 0
            let out = try await connection.copyOut("copy (select id from points) to stdout") { line in
                lines += 1
                total += Int(String(decoding: line.dropLast(), as: UTF8.self)) ?? -1
            }
            #expect(out == 100_000 && lines == 100_000 && total == 4_999_950_000)
            #expect(connection.isReusable)
        }
    }

    @Test func rowsInBinaryComeOutAsTheyWentIn() async throws {
        try await withConnection { connection in
            try await connection.script("create table mixed (a int4, b int8, c timestamptz, d numeric, e text)")
            var rows = CopyRows(fields: 5)
            rows.beginRow()
            rows.int4(-7)
            rows.int8(.min)
            rows.instant(-1)
            rows.numeric(mantissa: .min, scale: 18)
            rows.text("ä\t\\N")
            var pieces = [rows.take()]
            rows.beginRow()
            for _ in 0..<5 { rows.null() }
            rows.end()
            pieces.append(rows.take())
            var left = pieces[...]
            #expect(try await connection.copyIn("copy mixed from stdin (format binary)") { left.popFirst() } == 2)
            let row = try await connection.query("select a, b, c, d::text as d, e from mixed where a is not null").only()
            #expect(try row.int("a") == -7 && row.int64("b") == .min && row.instant("c") == -1)
            #expect(try row.string("d") == "-9.223372036854775808" && row.string("e") == "ä\t\\N")
            let none = try await connection.query("select num_nulls(a, b, c, d, e) from mixed where a is null").only()
            #expect(try none.int(0) == 5)
        }
    }

    @Test func oneChunkMayBeLargerThanAnyBuffer() async throws {
        try await withConnection { connection in
            try await connection.script("create table wide (t text)")
            var chunk: [UInt8]? = [UInt8](repeating: UInt8(ascii: "x"), count: 30_000_000) + [10]
            #expect(try await connection.copyIn("copy wide from stdin") { defer { chunk = nil }; return chunk } == 1)
            #expect(try await connection.query("select length(t) from wide").only().int(0) == 30_000_000)
        }
    }

    @Test func aProducerThatFailsLeavesNoRow() async throws {
        struct Broken: Error {}
        try await withConnection { connection in
            try await connection.script("create table t (id int8)")
            var sent = 0
            let error = await failure(Broken.self) {
                try await connection.copyIn("copy t from stdin") {
                    sent += 1
                    if sent == 3 { throw Broken() }
                    return Array("\(sent)\n".utf8)
                }
            }
            #expect(error != nil)
            #expect(connection.isReusable)
            #expect(try await connection.query("select count(*) from t").only().int(0) == 0)
        }
    }

    @Test func badRowsAndBadStatementsAreRefused() async throws {
        try await withConnection { connection in
            try await connection.script("create table t (id int8)")
            var lines: [[UInt8]] = [Array("1\n".utf8), Array("many\n".utf8), Array("3\n".utf8)]
            let bad = await failure { try await connection.copyIn("copy t from stdin") { lines.isEmpty ? nil : lines.removeFirst() } }
            #expect(bad?.sqlstate == "22P02" && bad?.context.contains("line 2") == true)
            #expect(await failure { try await connection.copyIn("copy nowhere from stdin") { nil } }?.kind == .missingObject)
            #expect(await failure { try await connection.copyIn("select 1") { nil } }?.kind == .misuse)
            #expect(connection.isReusable)
            #expect(try await connection.query("select count(*) from t").only().int(0) == 0)
        }
    }

    @Test func theConnectionIsTakenWhileTheProducerWorks() async throws {
        try await withConnection { connection in
            try await connection.script("create table t (id int8)")
            let error = await failure {
                try await connection.copyIn("copy t from stdin") {
                    try await connection.query("select 1")
                    return nil
                }
            }
            #expect(error?.kind == .misuse)
            #expect(connection.isReusable)
        }
    }
}
