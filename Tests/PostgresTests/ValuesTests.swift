import EventLoop
import Postgres
import Testing

@Suite struct ValuesTests {
    @Test func plainValuesComeBackAsTheyWent() async throws {
        try await withConnection { connection in
            let name = "Zoë 'quoted' \"\\ \u{1F4C8}"
            let row = try await connection.query(
                """
                select \(Int.max) as a, \(Int64.min) as b, \(Int32(-7)) as c, \(true) as d, \(name) as e,
                       \([UInt8(0), 255, 39, 92]) as f, \(-0.1) as g, \("") as h, \([UInt8]()) as i, 3::int2 as j
                """
            ).only()
            #expect(try row.int("a") == .max)
            #expect(try row.int64("b") == .min)
            #expect(try row.int("c") == -7)
            #expect(try row.bool("d"))
            #expect(try row.string("e") == name)
            #expect(try row.bytes("f") == [0, 255, 39, 92])
            #expect(try row.double("g") == -0.1)
            #expect(try row.string("h") == "")
            #expect(try row.bytes("i") == [])
            #expect(try row.int(9) == 3)
        }
    }

    @Test func nullsAreNilAndNothingElse() async throws {
        try await withConnection { connection in
            let no: String? = nil
            let row = try await connection.query(
                """
                select \(Int?.none) as a, \(no) as b, \([UInt8]?.none) as c, \(.instant(nil)) as d, \(.numeric(nil)) as e,
                       \(.json(nil)) as f, \(Bool?.none) as g, \(.date(nil)) as h, \([Int64]?.none) as i, null::int8multirange as j
                """
            ).only()
            #expect(try row.intOrNil("a") == nil && row.stringOrNil("b") == nil && row.bytesOrNil("c") == nil)
            #expect(try row.instantOrNil("d") == nil && row.numericTextOrNil("e") == nil && row.jsonOrNil("f") == nil)
            #expect(try row.boolOrNil("g") == nil && row.dateOrNil("h") == nil && row.rangesOrNil("j") == nil)
            #expect(throws: RowError.null(column: "a")) { try row.int("a") }
            #expect(throws: RowError.null(column: "b")) { try row.string(1) }
            #expect(throws: RowError.wrongType(column: "a", expected: "text", got: "int8")) { try row.string("a") }
            #expect(throws: RowError.noColumn("z")) { try row.int("z") }
            #expect(throws: RowError.noColumn("99")) { try row.int(99) }
        }
    }

    @Test func instantsAndDates() async throws {
        try await withConnection { connection in
            for seconds: Int64 in [0, -1, 946_684_799, 946_684_800, 1_711_846_800, 253_402_300_799, -62_135_596_800] {
                let sql: SQL = "select \(.instant(seconds)) as t, extract(epoch from \(.instant(seconds)))::int8 as e"
                let row = try await connection.query(sql).only()
                #expect(try row.instant("t") == seconds)
                #expect(try row.int64("e") == seconds)
            }
            let odd: SQL = "select timestamptz '1999-12-31 23:59:59.5+00' as t, 'infinity'::timestamptz as i"
            let early = try await connection.query(odd).only()
            #expect(try early.instant("t") == 946_684_799)
            #expect(throws: RowError.unrepresentable(column: "i", type: "timestamptz")) { try early.instant("i") }
            for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("1969-12-31", -1)] {
                let row = try await connection.query("select \(.date(days)) as d, (\(.date(days)))::text as t").only()
                #expect(try row.date("d") == days)
                #expect(try row.string("t") == text)
            }
            let far = await failure { try await connection.query("select \(.instant(Int64.max))") }
            #expect(far?.kind == .invalidValue)
            #expect(connection.isReusable)
        }
    }

    @Test func decimalsOfManyShapes() async throws {
        try await withConnection { connection in
            var shapes = [
                "0", "0.0", "0.00000", "1", "-1", "10000", "9999", "-10000.0001", "0.0001", "0.00001", "123456789.123456789", "1.10",
                "100000000000000000000000000000000.5", "0.000000000000000000000000000001", "9223372036854775807", "-9223372036854775808",
                "9223372036854775808", "42000.00", "0.12", "0.1234567", "99999999.99999999", "1000000000000",
            ]
            var seed: UInt64 = 20_260_101
            for _ in 0..<300 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1
                let whole = (seed >> 20) % (seed % 3 == 0 ? 10 : 100_000_000)
                let digits = String(String((seed >> 9) | 1, radix: 10).prefix(Int(seed >> 33) % 14))
                shapes.append((seed >> 40) % 2 == 0 ? "-\(whole + 1)" : "\(whole)\(digits.isEmpty ? "" : "." + digits)")
            }
            for shape in shapes {
                let row = try await connection.query("select \(.numeric(shape)) as n, (\(.numeric(shape)))::text as t").only()
                let text = try row.numericText("n")
                #expect(text == (try row.string("t")), "seed 20260101, \(shape)")
                let digits = text.filter { $0 != "." }
                let scale = text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) - 1 } ?? 0
                if let mantissa = Int64(digits) {
                    let fixed = try row.numeric("n")
                    #expect(fixed.mantissa == mantissa && fixed.scale == scale, "seed 20260101, \(shape)")
                    let sent = try await connection.query("select \(.numerics([(mantissa, scale), nil])) as a").only()
                    #expect(try sent.numericTexts("a") == [text, nil], "seed 20260101, \(shape)")
                } else {
                    #expect(throws: RowError.unrepresentable(column: "n", type: "numeric")) { try row.numeric("n") }
                }
            }
            let odd = try await connection.query("select 'NaN'::numeric as n, \(.numerics([(150, 2), nil, (-3, 0)])) as a").only()
            #expect(throws: RowError.unrepresentable(column: "n", type: "numeric")) { try odd.numericText("n") }
            #expect(try odd.numericTexts("a") == ["1.50", nil, "-3"])
            for evil in ["1; drop table x", "1\0", "\"", "1,2"] {
                #expect(await failure { try await connection.query("select \(.numeric(evil))") }?.kind == .invalidValue)
            }
        }
    }

    @Test func arrays() async throws {
        try await withConnection { connection in
            let texts = ["", "a,b", "{}", "\"", "NULL", "ä\\"]
            let maybe: [Int64?] = [1, nil, 3]
            let row = try await connection.query(
                """
                select \([Int64.min, 0, .max]) as a, \([Int64]()) as b, \(texts) as c, \([Int32(4), -4]) as d, \(maybe) as e,
                       \(.instants([0, 1_711_846_800])) as f, array[null, 'x']::text[] as g, cardinality(\([true, false])) as h,
                       (\([[UInt8(1)], [], [2, 3]]))[3] as i, (\(.jsons(["{\"a\":1}", nil])))[1] as j
                """
            ).only()
            #expect(try row.int64s("a") == [.min, 0, .max])
            #expect(try row.int64s("b") == [])
            #expect(try row.strings("c") == texts)
            #expect(try row.int64s("d") == [4, -4])
            #expect(try row.int64sWithNulls("e") == maybe)
            #expect(try row.instants("f") == [0, 1_711_846_800])
            #expect(try row.stringsWithNulls("g") == [nil, "x"])
            #expect(throws: RowError.unrepresentable(column: "g", type: "text[]")) { try row.strings("g") }
            #expect(try row.int("h") == 2)
            #expect(try row.bytes("i") == [2, 3])
            #expect(try row.json("j") == "{\"a\": 1}")
        }
    }

    @Test func rangesAndJSON() async throws {
        try await withConnection { connection in
            for ranges in [[], [0..<1], [-5..<3, 7..<9, 1_000_000_000_000..<2_000_000_000_000]] as [[Range<Int>]] {
                let row = try await connection.query("select \(.ranges(ranges)) as r").only()
                #expect(try row.ranges("r") == ranges)
            }
            let joined = try await connection.query("select \(.ranges([5..<7, 0..<5, 3..<3])) as r, '{(,5)}'::int8multirange as u").only()
            #expect(try joined.ranges("r") == [0..<7])
            #expect(throws: RowError.unrepresentable(column: "u", type: "int8multirange")) { try joined.ranges("u") }
            let json = try await connection.query("select \(.json("[1, 2.50, \"é\"]")) as a, '{\"b\":1}'::json as b").only()
            #expect(try json.json("a") == "[1, 2.50, \"é\"]")
            #expect(try json.bytes("a") == Array("[1, 2.50, \"é\"]".utf8))
            #expect(try json.json("b") == "{\"b\":1}")
        }
    }

    @Test func partsOfStatementsKeepTheirBinds() async throws {
        try await withConnection { connection in
            let column = try #require(Identifier("select"))
            #expect(Identifier("a b") == nil && Identifier("A") == nil && Identifier("") == nil && Identifier("1a") == nil)
            #expect(Identifier("a\"b") == nil && Identifier(String(repeating: "a", count: 64)) == nil)
            let parts: [SQL] = ["x > \(1)", "x < \(9)", "x <> \(5)"]
            let sql: SQL = """
                select array_agg(x order by x) as \(column) from generate_series(\(0), \(20)) x
                where \(parts.joined(separator: " and ")) and x <> \(3)
                """
            let row = try await connection.query(sql).only()
            #expect(try row.int64s("select") == [2, 4, 6, 7, 8])
        }
    }
}
