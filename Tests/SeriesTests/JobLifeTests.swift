import Testing

@testable import Series

@Suite("The life of jobs")
struct JobLifeTests {
    private static let actions: [(String, IngestionStatus.Action)] = [
        ("start", .start), ("pause", .pause), ("resume", .resume), ("cancel", .cancel), ("end", .end(.partial)),
    ]

    /// Rows: status; columns: start, pause, resume, cancel, end(partial).
    @Test(arguments: [
        (.pending, [.running, .paused, .pending, .cancelled, .partial]), (.running, [.running, .paused, .running, .cancelled, .partial]),
        (.paused, [nil, .paused, .pending, .cancelled, .partial]), (.completed, [nil, nil, nil, nil, nil]),
        (.partial, [nil, nil, .pending, nil, nil]), (.failed, [nil, nil, .pending, nil, nil]),
        (.cancelled, [nil, nil, nil, .cancelled, nil]),
    ] as [(IngestionStatus, [IngestionStatus?])])
    func ingestionMoves(_ status: IngestionStatus, _ expected: [IngestionStatus?]) {
        for ((name, action), next) in zip(Self.actions, expected) {
            #expect(status.moved(by: action) == next, "\(status) \(name)")
        }
    }

    @Test func pauseResumeAndCancelAreIdempotent() {
        for status in IngestionStatus.allCases {
            for action in [IngestionStatus.Action.pause, .resume, .cancel] {
                if let once = status.moved(by: action) { #expect(once.moved(by: action) == once, "\(status) \(action)") }
            }
        }
    }

    @Test func howIngestionsEnd() {
        func ended(_ missing: Int, _ quarantined: Int, _ failed: Int, _ tasks: Int, _ stored: Int) -> IngestionStatus.Outcome {
            IngestionStatus.ended(
                missingFillable: missing, quarantined: quarantined, failedTasks: failed, tasks: tasks, stored: stored)
        }
        #expect(ended(0, 0, 0, 5, 100) == .completed)
        #expect(ended(0, 0, 1, 5, 100) == .completed)
        #expect(ended(0, 0, 0, 0, 0) == .completed)
        #expect(ended(0, 1, 0, 5, 100) == .partial)
        #expect(ended(3, 0, 1, 5, 100) == .partial)
        #expect(ended(3, 0, 0, 5, 0) == .partial)
        #expect(ended(3, 0, 5, 5, 0) == .failed)
        #expect(ended(3, 0, 5, 5, 1) == .partial)
        #expect(ended(3, 0, 0, 0, 0) == .partial)
    }
}
