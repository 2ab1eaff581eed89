import Postgres
import Testing
import TestSupport

/// Rows by columns are the bytes that rows field by field are.
@Suite struct CopyColumnsTests {
    @Test func rowsByColumnsAreRowsFieldByField() {
        var random = Seeded(20_260_809)
        let mantissas = (0..<3000).map { _ in Int64(bitPattern: random.next()) >> Int64(random.below(64)) } + [0, .min, .max, 10_000, -1]
        let scales = mantissas.map { _ in UInt8(random.below(19)) }
        let words = mantissas.map { $0 >> 8 }
        let columns: [CopyColumn] = [
            .same(.int4(7)), .instants(words), .same(.null), .numerics(mantissas: mantissas, scales: scales), .integers(mantissas),
            .same(.text("csv")),
        ]
        var expected = CopyRows(fields: 6)
        for row in mantissas.indices {
            expected.beginRow()
            expected.int4(7)
            expected.instant(words[row])
            expected.null()
            expected.numeric(mantissa: mantissas[row], scale: Int(scales[row]))
            expected.int8(mantissas[row])
            expected.text("csv")
        }
        for limit in [1, 100, 5000, 1_000_000] {
            var rows = CopyRows(fields: 6)
            var bytes: [UInt8] = []
            var next = 0
            while next < mantissas.count {
                next = rows.appendRows(of: columns, next..<mantissas.count, upTo: limit)
                let piece = rows.take()
                #expect(piece.count < limit + 200)
                bytes += piece
                // The header is longer than the least limit: a piece may hold nothing else.
                #expect(!piece.isEmpty)
            }
            #expect(bytes == { var all = expected; return all.take() }())
        }
    }

    @Test func whatIsReadyStandsBeforeIt() {
        var rows = CopyRows(fields: 1)
        rows.beginRow()
        rows.int8(1)
        #expect(rows.appendRows(of: [.integers([2, 3])], 0..<2, upTo: 10_000) == 2)
        #expect(rows.appendRows(of: [.integers([2, 3])], 1..<1, upTo: 10_000) == 1)
        var expected = CopyRows(fields: 1)
        for value: Int64 in 1...3 {
            expected.beginRow()
            expected.int8(value)
        }
        #expect(rows.take() == expected.take())
    }
}
