import Testing
import TestSupport

@testable import Bytes

@Suite struct CSVTests {
    static func read(_ bytes: [UInt8], limits: CSVReader.Limits = .init()) throws(CSVError) -> [[String]] {
        var reader = try CSVReader(bytes, limits: limits)
        var rows: [[String]] = []
        while try reader.nextRow() { rows.append((0..<reader.count).map { reader.text($0) }) }
        return rows
    }

    /// Reads in pieces of `size` bytes, as a file would be.
    static func read(_ bytes: [UInt8], pieces size: Int) throws(CSVError) -> [[String]] {
        var rows: [[String]] = []
        var rest: [UInt8] = []
        var from = 0
        var previous: CSVReader?
        repeat {
            let to = min(from + size, bytes.count)
            var reader = try CSVReader(rest + bytes[from..<to], isLast: to == bytes.count, continuing: previous)
            while try reader.nextRow() { rows.append((0..<reader.count).map { reader.text($0) }) }
            rest = Array(reader.bytes[reader.offset...])
            previous = reader
            from = to
        } while from < bytes.count
        return rows
    }

    static func read(_ text: String) throws(CSVError) -> [[String]] { try read(Array(text.utf8)) }

    @Test func rows() throws {
        #expect(try Self.read("") == [])
        #expect(try Self.read("a,b") == [["a", "b"]])
        #expect(try Self.read("a,b\r\n1,2\n3,4") == [["a", "b"], ["1", "2"], ["3", "4"]])
        #expect(try Self.read("a,\r\n,b\r\n") == [["a", ""], ["", "b"]])
        #expect(try Self.read("\"a,\"\"x\"\"\r\n\",\"\"\n") == [["a,\"x\"\r\n", ""]])
        #expect(try Self.read("\"\"\n") == [[""]])
        #expect(try Self.read("\"\"\"\"") == [["\""]])
        #expect(try Self.read("é,😀\n") == [["é", "😀"]])
        #expect(try Self.read(" a , b ") == [[" a ", " b "]])
    }

    @Test(arguments: [
        ("a,b\n1\n", .uneven, 2, 1), ("a,b\n1,2,3\n", .uneven, 2, 1), ("a\n\nb\n", .emptyLine, 2, 1), ("a,b\"c\n", .strayQuote, 1, 4),
        ("a\n\"b\"c\n", .afterQuote, 2, 4), ("a\n\"b\nc", .openQuote, 2, 1), ("a\rb\n", .loneReturn, 1, 2), ("a\r", .loneReturn, 1, 2),
        ("a,\0\n", .nul, 1, 3), ("\"a\nb\0\"", .nul, 2, 2), ("\"a\"\0", .nul, 1, 4), ("\u{FEFF}a,b\n", .byteOrderMark, 1, 1),
    ] as [(String, CSVError.Reason, Int, Int)])
    func refuses(text: String, reason: CSVError.Reason, line: Int, column: Int) {
        #expect(throws: CSVError(reason, line: line, column: column)) { try Self.read(text) }
    }

    @Test func latin1IsRefusedWhereItStands() {
        #expect(throws: CSVError(.invalidUTF8, line: 2, column: 3)) { try Self.read(Array("a\nca".utf8) + [0xE9, 0x0A]) }
        #expect(throws: CSVError(.invalidUTF8, line: 3, column: 2)) { try Self.read(Array("a\n\"x\ny".utf8) + [0xE9] + Array("\"".utf8)) }
    }

    @Test func limitsHold() {
        var limits = CSVReader.Limits()
        limits.field = 10
        limits.fields = 3
        func refusal(_ text: String) -> CSVError.Reason? {
            #expect(throws: CSVError.self) { try Self.read(Array(text.utf8), limits: limits) }?.reason
        }
        #expect(refusal("12345678901\n") == .fieldTooLong)
        #expect(refusal("\"12345678901\"\n") == .fieldTooLong)
        #expect(refusal("1,2,3,4\n") == .tooManyFields)
        #expect((try? Self.read(Array("1234567890,\"1234567890\",c\n".utf8), limits: limits))?.count == 1)
        #expect(refusal(String(repeating: "x", count: 10_000_000)) == .fieldTooLong)
    }

    @Test func formulasBecomeText() {
        var csv = CSVWriter()
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "a=b", "=\"x\"", "x,y", ""] { csv.text(text) }
        csv.int(-5)
        csv.number("-0.50".utf8)
        csv.timestamp(0)
        csv.endRow()
        csv.empty()
        csv.endRow()
        let expected = "'=1+1,'+1,'-1,'@x,'\tx,a=b,\"'=\"\"x\"\"\",\"x,y\",,-5,-0.50,1970-01-01T00:00:00Z\r\n\"\"\r\n"
        #expect(String(decoding: csv.bytes, as: UTF8.self) == expected)
    }

    @Test func whatIsWrittenReadsBackWholeAndInPieces() throws {
        let alphabet = Array("ab,\"\r\n é😀".unicodeScalars)
        for seed in 0..<1_500 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let width = Int.random(in: 1...4, using: &random)
            let rows = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                (0..<width).map { _ in
                    // The writer marks a leading carriage return as it does formulas, so a letter goes first.
                    var text = String.UnicodeScalarView("x".unicodeScalars)
                    for _ in 0..<Int.random(in: 0...6, using: &random) { text.append(alphabet.randomElement(using: &random)!) }
                    return text.count == 1 ? "" : String(text)
                }
            }
            var csv = CSVWriter()
            for row in rows {
                for cell in row { csv.text(cell) }
                csv.endRow()
            }
            #expect(try Self.read(csv.bytes) == rows, "seed \(seed)")
            #expect(try Self.read(csv.bytes, pieces: Int.random(in: 1...9, using: &random)) == rows, "seed \(seed)")
        }
    }

    @Test func randomBytesNeverCrashAndPiecesAgree() {
        let alphabet = Array("aé,,\"\"\"\r\n\n".utf8) + [0]
        for seed in 0..<10_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            let whole = try? Self.read(bytes)
            let pieces = try? Self.read(bytes, pieces: Int.random(in: 1...7, using: &random))
            #expect(whole == pieces, "seed \(seed)")
        }
    }
}
