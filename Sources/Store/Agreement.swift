internal import Postgres
internal import Series

/// A told series (`Roster`), and slots of its teller in which something changed that its silence is judged by.
struct Telling {
    let id: Int
    let teller: Int
    /// In the teller's numbers.
    let longer: SlotSet
    let numbers: FinerSlots
    let counted: CountedSlots.Columns

    /// The told slots in them.
    var slots: SlotSet { numbers.finer(in: longer) }
}

/// Slots of a series whose count is held against the sum of the counts of a series of shorter slots.
struct CountedSlots {
    /// Where the counts of both are.
    struct Columns: Hashable {
        let longer: Column
        let shorter: Column
        let ruler: Ruler
    }

    struct Column: Hashable {
        let table: String
        let name: String
    }

    let longer: Int
    let shorter: Int
    let slots: SlotSet
    let columns: Columns
}

/// Whether the counts of longer slots and those of the shorter ones in them agree: then nothing happened in the shorter ones that are not
/// held.
extension Store {
    private static let slotsPerStatement = 10_000

    /// By shorter series, the longer slots of which the row is held and has the sum of the shorter rows that are held in them, 0 where
    /// none is. One statement for ten thousand slots, whosever they are.
    static func equalCounts(_ given: [CountedSlots], on connection: PostgresConnection) async throws -> [Int: SlotSet] {
        var equal: [Int: [Range<Int>]] = [:]
        for (columns, pairs) in Dictionary(grouping: given, by: \.columns) {
            let each = pairs.flatMap { pair in pair.slots.ranges.joined().map { (pair.longer, pair.shorter, $0) } }
            let (longer, counted) = (try identifier(columns.longer.table), try identifier(columns.longer.name))
            let (shorter, parts) = (try identifier(columns.shorter.table), try identifier(columns.shorter.name))
            for from in stride(from: 0, to: each.count, by: slotsPerStatement) {
                let some = each[from..<min(from + slotsPerStatement, each.count)]
                // For each slot by itself, along the primary keys.
                let rows = try await connection.query("""
                    select v.shorter, v.slot from unnest(
                        \(some.map { Int32(clamping: $0.0) }), \(some.map { Int32(clamping: $0.1) }), \(some.map(\.2)),
                        \(.instants(some.map { columns.ruler.start(of: $0.2) })), \(.instants(some.map { columns.ruler.end(of: $0.2) })))
                        as v (longer, shorter, slot, low, high)
                    join \(longer) c on c.series_id = v.longer and c.time = v.low
                    cross join lateral (
                        select coalesce(sum(f.\(parts)), 0) as parts from \(shorter) f
                        where f.series_id = v.shorter and f.time >= v.low and f.time < v.high offset 0
                    ) f
                    where c.\(counted) = f.parts
                    """)
                for row in rows {
                    let slot = try row.int(1)
                    equal[try row.int(0), default: []].append(slot..<slot + 1)
                }
            }
        }
        return equal.mapValues { SlotSet(ranges: $0) }
    }

    /// What is to be judged after a call: the slots of tellers in which told rows came or were said not to be, and those of which a
    /// teller's own row is other than before (`isOther`).
    static func tellings(
        by changes: [CoverageChange], isOther: Bool, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [Telling] {
        guard let roster = dataset.roster else { return [] }
        var longer: [SeriesKey: SlotSet] = [:]
        for change in changes {
            if let teller = roster.teller(change.key) {
                guard let numbers = FinerSlots(of: dataset.calendar(of: change.key).ruler, in: dataset.calendar(of: teller).ruler) else {
                    continue
                }
                let slots = numbers.coarser(touching: change.came.union(change.nothing))
                if !slots.isEmpty { longer[change.key, default: SlotSet()].formUnion(slots) }
            } else if isOther, !change.came.isEmpty {
                for told in roster.told(change.key) { longer[told, default: SlotSet()].formUnion(change.came) }
            }
        }
        if longer.isEmpty { return [] }
        let names = Set(longer.keys).union(longer.keys.compactMap(roster.teller))
        let ids = try await entries(names, of: dataset.name, on: connection).reduce(into: [SeriesKey: Int]()) { $0[$1.key] = $1.id }
        return longer.compactMap { key, slots in
            guard let teller = roster.teller(key), let id = ids[key], let tellerID = ids[teller] else { return nil }
            let ruler = dataset.calendar(of: teller).ruler
            return FinerSlots(of: dataset.calendar(of: key).ruler, in: ruler).map { numbers in
                Telling(
                    id: id, teller: tellerID, longer: slots, numbers: numbers,
                    counted: CountedSlots.Columns(
                        longer: .init(table: dataset.schema(of: teller).table, name: roster.tellerCount),
                        shorter: .init(table: dataset.schema(of: key).table, name: roster.toldCount), ruler: ruler))
            }
        }
    }

    /// By told series, the verdict on slots that are silent there, by what is stored or by what was just said.
    static func verdicts(
        on tellings: [Telling], _ stored: [Int: [Absences.Run]], _ said: [Int: CoverageChange], _ dataset: Dataset,
        on connection: PostgresConnection
    ) async throws -> [Int: Verdict] {
        guard let roster = dataset.roster, !tellings.isEmpty else { return [:] }
        let silent = tellings.compactMap { telling -> CountedSlots? in
            let runs = (stored[telling.id] ?? []).filter { [roster.emptyReason, roster.doubtReason].contains($0.absence.reason) }
            let slots = SlotSet(ranges: runs.map(\.slots)).union(said[telling.id]?.nothing ?? SlotSet()).intersection(telling.slots)
            let longer = telling.numbers.coarser(touching: slots)
            return longer.isEmpty
                ? nil : CountedSlots(longer: telling.teller, shorter: telling.id, slots: longer, columns: telling.counted)
        }
        let equal = try await equalCounts(silent, on: connection)
        return tellings.reduce(into: [:]) { verdicts, telling in
            verdicts[telling.id] = Verdict(slots: telling.slots, empty: telling.numbers.finer(in: equal[telling.id] ?? SlotSet()))
        }
    }
}

/// Of slots of a told series those of which silence means that nothing happened: counts agree. Of the others it is doubted.
struct Verdict {
    let slots: SlotSet
    let empty: SlotSet
}
