internal import Bytes

/// Pages of a scan: which rows of which days, and the envelope.
extension Operator {
    /// A day's listing and, where not all of it is there, the numbers of the rows that are.
    private struct Part {
        let listing: DayListing
        let rows: [Int32]?

        var count: Int { rows?.count ?? listing.count }
        subscript(index: Int) -> Int { rows.map { Int($0[index]) } ?? index }
    }

    /// `bus`: an index, -1 for one that is not there, nil for all.
    func page(_ scan: Scan, of bus: Int?, now: Int64) -> Answer {
        var first = scan.page
        if bus == nil {
            switch faults.pageBase(scan.source) {
            case .both: first = max(0, scan.page - 1)
            case .zero: break
            case .one where scan.page == 0: return .page(502, "Bad Gateway")
            case .one: first = scan.page - 1
            }
        }
        if happens(faults.emptyPageRate, 63) { return envelope(scan, [], 0..<0, nil, total: nil) }
        let parts = scan.days.compactMap { part(scan, $0, bus: bus, now: now) }
        let total = parts.reduce(0) { $0 + $1.count }
        let pages = (total + scan.limit - 1) / scan.limit
        var told: Int? = pages
        if happens(faults.totalPagesDrift, 57) {
            let step = 1 + dice.pick(3, 58, asked)
            told = dice.unit(59, asked) < 0.5 ? pages + step : max(0, pages - step)
        }
        if happens(faults.omitTotalPagesRate, 56) { told = nil }
        let (start, overflow) = first.multipliedReportingOverflow(by: scan.limit)
        guard !overflow, start < total else { return envelope(scan, [], 0..<0, nil, total: pages) }
        var range = start..<min(total, start + scan.limit)
        if range.upperBound == total, happens(faults.emptyLastPageRate, 55) { return envelope(scan, [], 0..<0, nil, total: told) }
        if happens(faults.shortPageRate, 66) { range = start..<start + range.count / 2 }
        // Another order of the whole doubles some rows for a scan and loses as many, and leaves every count as it was.
        let shuffle = happens(faults.duplicateAndOmit, 64) ? Shuffle(total, dice, asked) : nil
        return envelope(scan, parts, range, shuffle, total: told)
    }

    private func part(_ scan: Scan, _ date: LocalDate, bus: Int?, now: Int64) -> Part? {
        let today = zone.day(at: now)
        if !scan.source.isProgramme, date > today { return nil }
        if scan.source == .online, let window = faults.windowDays, date < today.advanced(by: -window) { return nil }
        if bus == -1 || isEmptied(scan.source, date, now: now) { return nil }
        guard let listing = shelf.listing(scan.source, date, bus: bus, isMixed: faults.mixedVersions, now: now) else { return nil }
        if let type = scan.type, let table = listing as? QuarterTable {
            let version = Version(text: type)
            return Part(listing: listing, rows: table.rows.indices.filter { table.rows[$0].version == version }.map(Int32.init))
        }
        let lag = scan.source == .online ? Int64(faults.extraLagMinutes) * 60 : 0
        return Part(listing: listing, rows: listing.visible(at: now - lag))
    }

    /// An order of the rows of a scan that is another one than that in which they stand.
    private struct Shuffle {
        let step: Int
        let shift: Int
        let total: Int

        init(_ total: Int, _ dice: Dice, _ asked: Int64) {
            self.total = total
            shift = 1 + dice.pick(total, 65, asked)
            var step = 1 + dice.pick(total, 54, asked)
            // Only then each row has one place.
            while Shuffle.divisor(step, total) != 1 { step += 1 }
            self.step = step
        }

        private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }

        func place(_ index: Int) -> Int { (index * step + shift) % total }
    }

    // MARK: The envelope

    /// `total` pages; nil leaves the field out, as the operator does with an empty page inside a scan.
    private func envelope(_ scan: Scan, _ parts: [Part], _ range: Range<Int>, _ shuffle: Shuffle?, total: Int?) -> Answer {
        var out: [UInt8] = []
        out.reserveCapacity(96 + range.count * 288)
        out += #"{"data":["#.utf8
        var spoiled = 0
        let isSpoiling = faults.dropFieldRate > 0 || faults.wrongTypeRate > 0
        var (at, day) = (range.lowerBound, 0)
        while shuffle == nil, day < parts.count, at >= parts[day].count {
            at -= parts[day].count
            day += 1
        }
        for index in range {
            if let shuffle {
                (at, day) = (shuffle.place(index), 0)
                while at >= parts[day].count {
                    at -= parts[day].count
                    day += 1
                }
            }
            while at == parts[day].count { (at, day) = (0, day + 1) }
            if index > range.lowerBound { out.append(UInt8(ascii: ",")) }
            let start = out.count
            parts[day].listing.write(parts[day][at], to: &out, comma: faults.decimalComma)
            if isSpoiling, spoil(&out, from: start, index) { spoiled += 1 }
            at += 1
        }
        out += "]".utf8
        if scan.source == .real { out += #","type":"\#(Version(text: scan.type ?? "")?.text ?? "REAL-DEF")""#.utf8 }
        if let total { out += #","totalPages":\#(total)"#.utf8 }
        out += #","page":\#(scan.page),"limit":\#(scan.limit)}"#.utf8
        return Answer(status: 200, body: out, rows: range.count, spoiled: spoiled)
    }

    private func spoil(_ out: inout [UInt8], from start: Int, _ index: Int) -> Bool {
        let chance = dice.unit(52, asked, Int64(index))
        if chance < faults.dropFieldRate {
            Spoiling.drop(&out, from: start, dice.bits(53, asked, Int64(index)))
        } else if chance < faults.dropFieldRate + faults.wrongTypeRate {
            Spoiling.distort(&out, from: start, dice.bits(53, asked, Int64(index)))
        } else {
            return false
        }
        return true
    }
}
