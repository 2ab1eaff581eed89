import Foundation
import Testing

@testable import Codec

@Suite struct ZipTests {
    private typealias File = ZipMaker.File

    private let text = Array(String(repeating: "1594818000,0.19,0.19,0.18,0.18,149.85089583,3\n", count: 1500).utf8)

    /// An archive that begins `origin` zeros into a file.
    private func source(_ bytes: [UInt8], origin: Int = 0) -> ZipDirectory.PositionalRead {
        { offset, out in
            let from = Int(offset) - origin
            let zeros = min(max(0, -from), out.count)
            let count = min(out.count - zeros, max(0, bytes.count - from - zeros))
            out.replaceSubrange(0..<zeros + count, with: repeatElement(0, count: zeros) + bytes[(from + zeros)...].prefix(count))
            return zeros + count
        }
    }

    private func directory(_ bytes: [UInt8], origin: Int = 0) throws -> ZipDirectory {
        try ZipDirectory(size: Int64(origin + bytes.count), read: source(bytes, origin: origin))
    }

    private func unpack(_ entry: ZipEntry, _ source: @escaping ZipDirectory.PositionalRead, piece: Int = 4096) throws -> [UInt8] {
        let reader = try ZipEntryReader(entry, limit: 1 << 30, source: source)
        var buffer = [UInt8](repeating: 0, count: piece)
        var out: [UInt8] = []
        while true {
            let count = try reader.read(into: &buffer)
            if count == 0 { return out }
            out += buffer[..<count]
        }
    }

    private func reason(_ bytes: [UInt8], origin: Int = 0) -> ZipError? {
        do {
            for entry in try directory(bytes, origin: origin).entries { _ = try unpack(entry, source(bytes, origin: origin)) }
            return nil
        } catch { return error as? ZipError }
    }

    @Test(arguments: [false, true], [0, 21, 65_535])
    func whatIsPackedComesBack(isWide: Bool, comment: Int) throws {
        let files = [
            File(name: "a/XBTUSD_60.csv", text: text, flags: 8, localExtra: 28, isWide: isWide), File(name: "a/"),
            File(name: "stored.csv", text: text, isDeflated: false, isWide: isWide), File(name: "empty.csv", isDeflated: false),
            File(name: "nothing.csv", text: []), File(name: "é.csv", text: [1, 2, 3]),
        ]
        let bytes = try ZipMaker(isWide: isWide, comment: [UInt8](repeating: 0x50, count: comment)).bytes(files)
        let entries = try directory(bytes).entries
        #expect(entries.map(\.name) == files.map(\.name).filter { $0 != "a/" })
        for entry in entries {
            let file = try #require(files.first { $0.name == entry.name })
            #expect(entry.bytes == Int64(file.text.count))
            for piece in [1000, 1 << 20] { #expect(try unpack(entry, source(bytes), piece: piece) == file.text) }
        }
        #expect(try directory(ZipMaker(isWide: isWide).bytes([])).entries.isEmpty)
    }

    /// Behind gigabytes of other bytes: the offsets are in ZIP64 fields.
    @Test(arguments: [5 << 30, 9 << 30])
    func largeArchivesAreRead(origin: Int) throws {
        let files = [File(name: "a.csv", text: text, isWide: true), File(name: "b.csv", text: [7], isWide: true)]
        let bytes = try ZipMaker(origin: origin, isWide: true).bytes(files)
        let entries = try directory(bytes, origin: origin).entries
        #expect(try entries.map { try unpack($0, source(bytes, origin: origin)) } == [text, [7]])
    }

    /// As macOS wrote them: an entry of 3 GB at the beginning, two behind it, offsets of 32 bits, no ZIP64.
    @Test func largeArchivesWithoutZIP64AreRead() throws {
        let gap = 3 << 30
        var files: [File] = []
        for number in 0..<3 { files.append(File(name: "gap\(number)", isDeflated: false, gap: gap)) }
        files.append(File(name: "a.csv", text: text))
        files.append(File(name: "b.csv", text: [7]))
        let made = try ZipMaker().parts(files)
        let size = Int64(made.last!.offset + made.last!.bytes.count)
        #expect(size > 9 << 30)
        let source: ZipDirectory.PositionalRead = { offset, out in
            var filled = 0
            while filled < out.count {
                let at = Int(offset) + filled
                guard let part = made.last(where: { $0.offset <= at }), Int64(at) < size else { break }
                let next = made.first { $0.offset > at }?.offset ?? Int(size)
                let count = min(out.count - filled, next - at)
                for index in 0..<count {
                    let place = at + index - part.offset
                    out[filled + index] = place < part.bytes.count ? part.bytes[place] : 0
                }
                filled += count
            }
            return filled
        }
        let entries = try ZipDirectory(size: size, read: source).entries
        #expect(entries.count == 5)
        #expect(try unpack(entries[3], source) == text)
        #expect(try unpack(entries[4], source) == [7])
        #expect(throws: ZipError(.overLimit, entry: "gap2")) { try unpack(entries[2], source) }
    }

    @Test func manyEntriesWithoutZIP64AreCounted() throws {
        let files = (0..<70_000).map { File(name: "\($0)", isDeflated: false) }
        #expect(try directory(ZipMaker().bytes(files)).entries.count == 70_000)
    }

    @Test func oneBadEntryDoesNotKeepTheOthersBack() throws {
        let bad: [(File, ZipError.Reason)] = [
            (File(name: "/etc/x"), .unsafeName), (File(name: "a/../../x"), .unsafeName), (File(name: "a\\x"), .unsafeName),
            (File(name: "a\nx"), .unsafeName), (File(name: ""), .unsafeName), (File(name: "secret", flags: 1), .encrypted),
            (File(name: "strong", flags: 0x41), .encrypted), (File(name: "bzip2", method: 12), .unknownMethod),
            (File(name: "zstd", method: 93), .unknownMethod), (File(name: "good"), .nameTwice),
            (File(name: "short", text: text, isDeflated: false, statedSize: 3), .sizeDiffers),
        ]
        let bytes = try ZipMaker().bytes([File(name: "good", text: text)] + bad.map(\.0))
        let entries = try directory(bytes).entries
        #expect(try unpack(entries[0], source(bytes)) == text)
        #expect(entries.dropFirst().map(\.refusal) == bad.map(\.1))
        for entry in entries.dropFirst() {
            #expect(throws: ZipError(entry.refusal!, entry: entry.name)) { try unpack(entry, source(bytes)) }
        }
    }

    @Test func damageIsNamed() throws {
        func made(_ file: File) throws -> [UInt8] { try ZipMaker().bytes([File(name: "a", text: text), file]) }
        let cases: [(File, ZipError.Reason)] = [
            (File(name: "b", text: text, checksum: 1), .checksumDiffers), (File(name: "b", text: text, statedSize: 10), .sizeDiffers),
            (File(name: "b", text: text, statedSize: text.count + 1), .sizeDiffers), (File(name: "b", localName: "c"), .headerDiffers),
            (File(name: "b", localName: "bb"), .headerDiffers), (File(name: "b", header: 0), .overlapping),
            (File(name: "b", header: 40), .overlapping), (File(name: "b", header: 1 << 30), .directoryDamaged),
        ]
        for (file, expected) in cases {
            let found = reason(try made(file))
            #expect(found?.reason == expected, "\(file.name) \(String(describing: found))")
        }
        #expect("\(ZipError(.encrypted, entry: "a/b.csv"))" == "a/b.csv: it is encrypted")
    }

    @Test func notAWholeArchiveIsRefused() throws {
        let bytes = try ZipMaker().bytes([File(name: "a", text: text), File(name: "b", text: [1])])
        for length in 0..<bytes.count {
            #expect(throws: ZipError.self, "cut at \(length)") { try directory(Array(bytes[..<length])) }
        }
        #expect(throws: ZipError(.directoryMisplaced)) { try directory([1, 2, 3] + bytes) }
    }

    @Test func noByteChangedGivesOtherBytes() throws {
        let texts = ["a": Array("some text, some text, some text".utf8), "b": Array("other".utf8)]
        let bytes = try ZipMaker().bytes(["a", "b"].map { File(name: $0, text: texts[$0]!) })
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let entries = try? directory(damaged).entries else { continue }
                for entry in entries {
                    guard let out = try? unpack(entry, source(damaged)) else { continue }
                    #expect(texts.values.contains(out), "byte \(index), bit \(bit)")
                }
            }
        }
    }

    @Test func archivesOfPythonAreRead() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "zip-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = """
            import zipfile, gzip, sys
            text = b''.join(b'%d,0.19,0.2,9.7e-06,0.18,149.85,%d\\n' % (i * 3600, i % 7) for i in range(100000))
            open('text', 'wb').write(text)
            with zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED) as z:
                z.writestr('Kraken/XBTUSD_60.csv', text)
                z.writestr('__MACOSX/._XBTUSD_60.csv', b'junk', zipfile.ZIP_STORED)
                with z.open('wide.csv', 'w', force_zip64=True) as f: f.write(text)
                z.comment = b'archive'
            with gzip.open('text.gz', 'wb') as f: f.write(text)
            with gzip.open('text.gz', 'ab') as f: f.write(text)
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        process.currentDirectoryURL = folder
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            print("SKIPPED: archives of Python's zipfile, since there is no python3")
            return
        }
        func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }
        let (bytes, text, packed) = (try read("a.zip"), try read("text"), try read("text.gz"))
        let entries = try directory(bytes).entries
        #expect(entries.map(\.name) == ["Kraken/XBTUSD_60.csv", "__MACOSX/._XBTUSD_60.csv", "wide.csv"])
        #expect(try unpack(entries[0], source(bytes)) == text)
        #expect(try unpack(entries[1], source(bytes)) == Array("junk".utf8))
        #expect(try unpack(entries[2], source(bytes), piece: 1 << 18) == text)
        #expect(try GunzipTests.unpack(packed, limit: 1 << 30) == text + text)
    }
}
