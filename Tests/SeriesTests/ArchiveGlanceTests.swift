import Testing
import TestSupport

@testable import Series

@Suite("A look at a text that reads no rows")
struct ArchiveGlanceTests {
    private static let day: Range<Int64> = 1_000_000_000..<2_000_000_000

    private func look(_ text: [UInt8], pieces: [Int] = []) -> ArchiveGlance {
        var glance = ArchiveGlance(instants: Self.day, step: 60)
        var from = 0
        for size in pieces + [text.count] {
            let to = min(from + size, text.count)
            let piece = Array(text[from..<to])
            glance.read(piece.span)
            from = to
        }
        glance.finish()
        return glance
    }

    private func told(_ text: String) -> [Int64?] {
        let glance = look(Array(text.utf8))
        return [Int64(glance.lines), Int64(glance.rows), glance.first, glance.last]
    }

    @Test func linesAndInstantsAreTold() {
        #expect(told("") == [0, 0, nil, nil])
        #expect(told("\n\n") == [2, 0, nil, nil])
        #expect(told("1500000000,1\n") == [1, 1, 1_500_000_000, 1_500_000_000])
        #expect(told("1500000000,1") == [1, 1, 1_500_000_000, 1_500_000_000])
        #expect(told("1500000000") == [1, 0, nil, nil])
        #expect(told("time,open\r\n1500000060,1e-06\r\n1500000000,9.77e-06\r\n\r\n") == [4, 2, 1_500_000_000, 1_500_000_060])
        #expect(told("\u{FEFF}1500000000,1\n1400000040,2\n\u{FEFF}1300000020,1\n") == [3, 2, 1_400_000_040, 1_500_000_000])
        // No time of a row: too early, too late, off the grid, negative, blank before it, more digits than there are.
        #expect(told("999999960,1\n2000000040,1\n1500000001,1\n-1500000000,1\n 1500000000,1\n1500000000000000000000,1\n,1\n") == [
            7, 0, nil, nil,
        ])
    }

    /// However the text is cut; slot by slot what the words say.
    @Test(arguments: [61, 62, 63] as [UInt64])
    func cutAnywhereItIsTheSame(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<200 {
            var text = ""
            var lines = 0
            var times: [Int64] = []
            for _ in 0..<random.below(12) {
                let time = 1_000_000_020 + Int64(random.below(1_000)) * 20
                // Bytes next to the line's end among them: a search by words must not take them for it.
                let rest = (0..<random.below(30)).map { _ in ["\u{B}", "\t", "9", ",", "é", "\u{1}", "\r"][random.below(7)] }.joined()
                text += ["\(time),\(rest)", "x\(time),\(rest)", "\(rest)"][random.below(3)] + "\n"
                lines += 1
            }
            for line in text.unicodeScalars.split(separator: "\n").map(String.init) {
                let field = line.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
                if field.count == 2, !field[0].isEmpty, field[0].count < 19, field[0].unicodeScalars.allSatisfy({ "0"..."9" ~= $0 }),
                    let time = Int64(field[0]), Self.day.contains(time), time % 60 == 0 { times.append(time) }
            }
            let bytes = Array(text.utf8)
            let whole = look(bytes)
            #expect(whole.lines == lines && whole.rows == times.count && whole.first == times.min() && whole.last == times.max(), "\(text)")
            #expect(look(bytes, pieces: (0..<40).map { _ in random.below(9) }) == whole)
        }
    }
}
