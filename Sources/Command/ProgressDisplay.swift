internal import EventLoop
internal import Glibc
internal import Series
internal import Store

/// Shows how far a job is: a bar that is drawn over on a terminal, else plain lines; for machines, objects on standard error.
struct ProgressDisplay {
    private enum Form {
        case bar
        /// One line at a time, at most one a second, and only where something has changed.
        case lines
        case objects
    }

    private let form: Form
    private let descriptor: Int32
    private var pace = Pace()
    private var shown: ProgressFigures?
    private var shownAt: Deadline?
    /// Columns that the bar takes on the terminal now.
    private var drawn = 0

    /// `json`: standard output is left to the answer.
    init(json: Bool) {
        descriptor = json ? Terminal.errors : Terminal.output
        form = Terminal.redraws(descriptor) ? .bar : json ? .objects : .lines
    }

    mutating func show(_ job: StoredIngestion, now: Deadline = .now) {
        var figures = ProgressFigures(job)
        let seconds = pace.secondsLeft(done: figures.requests.done, total: figures.requests.total, now: now)
        switch form {
        case .bar:
            figures.secondsLeft = seconds
            draw(figures)
        case .lines, .objects:
            // Whether something has changed is not a matter of the estimate.
            if figures == shown || figures.isOver { return }
            if let shownAt, now < shownAt + .seconds(1) { return }
            (shown, shownAt) = (figures, now)
            figures.secondsLeft = seconds
            Terminal.write(Array("\(form == .lines ? figures.line : figures.json(at: Int64(ServiceClock.realNow)))\n".utf8), to: descriptor)
        }
    }

    private mutating func draw(_ figures: ProgressFigures) {
        // The last column stays free: some terminals begin a new line after it.
        let text = figures.bar(width: max(1, (Terminal.columns(of: descriptor) ?? 80) - 1))
        wipe()
        Terminal.write(Array(text.utf8), to: descriptor)
        drawn = text.count
    }

    /// Takes the bar away, so that other lines can be written; the next `show` draws it again.
    mutating func wipe() {
        if drawn == 0 { return }
        let blank = Terminal.takesEscapes(descriptor) ? "\r\u{1B}[K" : "\r" + String(repeating: " ", count: drawn) + "\r"
        Terminal.write(Array(blank.utf8), to: descriptor)
        drawn = 0
    }
}
