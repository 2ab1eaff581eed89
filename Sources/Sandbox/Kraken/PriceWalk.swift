internal import Glibc

/// A price that wanders, known at any instant without walking there: a sum of slopes between random points that lie 1, 2, 4, ...
/// 2^22 minutes apart, each octave the square root of two wider than the one before, as with a random walk.
struct PriceWalk {
    private let dice: Dice
    private let stream: Int64
    private let price: Double
    /// Of each fine octave the stretch last asked for: instants mostly come in order.
    private var stretches: [Stretch]
    /// The coarse octaves together, which are a straight line between two points of the finest of them.
    private var coarse = Stretch()

    private struct Stretch {
        var number = Int64.min
        var from = 0.0
        var to = 0.0
    }

    private static let fine = 5
    private static let octaves = 23
    /// Of a minute, relative.
    private static let step = 0.0004
    private static let minute: Double = 60e9

    init(_ dice: Dice, stream: Int64, price: Double) {
        self.dice = dice
        self.stream = stream
        self.price = price
        stretches = Array(repeating: Stretch(), count: PriceWalk.fine)
    }

    /// `time` in nanoseconds since 1970.
    mutating func price(at time: Int64) -> Double {
        let minutes = Double(time) / PriceWalk.minute
        var sum = 0.0, width = 1.0
        for octave in 0..<PriceWalk.fine {
            let place = minutes / width
            let number = Int64(place.rounded(.down))
            if stretches[octave].number != number {
                stretches[octave] = Stretch(number: number, from: point(octave, number), to: point(octave, number + 1))
            }
            let stretch = stretches[octave]
            sum += stretch.from + (stretch.to - stretch.from) * (place - Double(number))
            width *= 2
        }
        let place = minutes / width
        let number = Int64(place.rounded(.down))
        if coarse.number != number { coarse = Stretch(number: number, from: line(at: number), to: line(at: number + 1)) }
        return price * exp(sum + coarse.from + (coarse.to - coarse.from) * (place - Double(number)))
    }

    private func point(_ octave: Int, _ number: Int64) -> Double {
        let height = PriceWalk.step * exp2(Double(octave) / 2)
        return height * (dice.unit(400 + UInt64(octave), stream, number) - 0.5)
    }

    /// The coarse octaves at a point of the finest of them.
    private func line(at number: Int64) -> Double {
        var sum = 0.0
        for octave in PriceWalk.fine..<PriceWalk.octaves {
            let width = Int64(1) << Int64(octave - PriceWalk.fine)
            let stretch = number.floored(by: width)
            let from = point(octave, stretch), to = point(octave, stretch + 1)
            sum += from + (to - from) * Double(number - stretch * width) / Double(width)
        }
        return sum
    }
}
