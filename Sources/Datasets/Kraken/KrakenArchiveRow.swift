internal import Series

/// `mantissa / 10^scale`, not negative.
struct KrakenArchiveNumber: Equatable {
    let mantissa: Int64
    let scale: UInt8
}

/// A row that broke no rule.
struct KrakenArchiveRow: Equatable {
    let time: Int64
    let open: KrakenArchiveNumber
    let high: KrakenArchiveNumber
    let low: KrakenArchiveNumber
    let close: KrakenArchiveNumber
    let volume: KrakenArchiveNumber
    let trades: Int64
}

/// The columns of a batch while rows are added: taken out of it, so that they have one owner and are not copied.
struct KrakenArchiveColumns: ~Copyable {
    private struct Numbers {
        var mantissas: [Int64] = []
        var scales: [UInt8] = []

        init(takenFrom column: inout RowBatch.Column) {
            guard case .decimals(let mantissas, let scales) = column else {
                preconditionFailure("the batch of another dataset was handed to Kraken's archive reader")
            }
            column = .same(.null)
            self.mantissas = mantissas
            self.scales = scales
        }

        @inline(__always)
        mutating func append(_ number: KrakenArchiveNumber) {
            mantissas.append(number.mantissa)
            scales.append(number.scale)
        }

        var column: RowBatch.Column { .decimals(mantissas: mantissas, scales: scales) }
    }

    private var times: [Int64] = []
    private var open: Numbers
    private var high: Numbers
    private var low: Numbers
    private var close: Numbers
    private var volume: Numbers
    private var trades: [Int64] = []

    init(takenFrom batch: inout RowBatch) {
        swap(&times, &batch.times)
        open = Numbers(takenFrom: &batch.columns[0])
        high = Numbers(takenFrom: &batch.columns[1])
        low = Numbers(takenFrom: &batch.columns[2])
        close = Numbers(takenFrom: &batch.columns[3])
        volume = Numbers(takenFrom: &batch.columns[5])
        if case .integers(let integers) = batch.columns[6] { trades = integers }
        batch.columns[6] = .same(.null)
    }

    @inline(__always)
    mutating func append(_ row: KrakenArchiveRow) {
        times.append(row.time)
        open.append(row.open)
        high.append(row.high)
        low.append(row.low)
        close.append(row.close)
        volume.append(row.volume)
        trades.append(row.trades)
    }

    consuming func putBack(into batch: inout RowBatch) {
        batch.times = times
        batch.columns[0] = open.column
        batch.columns[1] = high.column
        batch.columns[2] = low.column
        batch.columns[3] = close.column
        batch.columns[5] = volume.column
        batch.columns[6] = .integers(trades)
    }
}
