import EventLoop
@testable import Ingest
import Testing

@Suite struct CircuitTests {
    private let start = Deadline(nanoseconds: 1_000_000_000_000)

    private func at(_ seconds: Double) -> Deadline { start + .nanoseconds(Int64(seconds * 1e9)) }

    private func closed() -> Circuit {
        var circuit = Circuit()
        for number in 1...Circuit.failuresMax {
            #expect(circuit.passage(now: start) == .open)
            #expect(circuit.ended(false, asProbe: false, now: start) == (number == Circuit.failuresMax), "told once")
        }
        return circuit
    }

    @Test func failuresInARowCloseIt() {
        var circuit = closed()
        #expect(circuit.passage(now: at(0.9)) == .closed)
        // After the rest one goes, and the others wait for it.
        #expect(circuit.passage(now: at(1.1)) == .probe)
        #expect(circuit.passage(now: at(1.2)) == .wait)
        // Refused again: twice the rest, told no more.
        let isTold = circuit.ended(false, asProbe: true, now: at(1.3))
        #expect(!isTold)
        #expect(circuit.passage(now: at(3.2)) == .closed)
        #expect(circuit.passage(now: at(3.4)) == .probe)
        _ = circuit.ended(true, asProbe: true, now: at(3.5))
        #expect(circuit.passage(now: at(3.5)) == .open)
    }

    @Test func anAnswerBetweenKeepsItOpen() {
        var circuit = Circuit()
        for number in 0..<100 {
            _ = circuit.ended(number % Circuit.failuresMax == 0, asProbe: false, now: start)
            #expect(circuit.passage(now: start) == .open)
        }
    }

    /// A probe that was broken off tells nothing: the next one goes.
    @Test func aProbeThatEndsWithoutAnAnswerIsReplaced() {
        var circuit = closed()
        #expect(circuit.passage(now: at(2)) == .probe)
        _ = circuit.ended(nil, asProbe: true, now: at(3))
        #expect(circuit.passage(now: at(3)) == .probe)
    }
}
