internal import Bytes
internal import Series
internal import Store

/// The families that are read from the store. Each has its help where there is no sample too, so that a scrape says what there is to
/// watch while Postgres is away.
extension MetricsText {
    mutating func store(_ reading: StoreSampler.Reading) {
        family("gapless_store_up", "gauge", "1 where the last look into the store succeeded.")
        sample(reading.isUp ? 1 : 0)
        family("gapless_store_sample_age_seconds", "gauge", "Age of what is told of the store; absent where nothing is.")
        if reading.sample != nil { sample(reading.ageSeconds) }
        family("gapless_store_sample_seconds", "gauge", "Time that the last look into the store took.")
        if let sample = reading.sample { self.sample(sample.seconds) }
        slots(reading.sample?.coverage ?? [])
        quality(reading.sample?.quality ?? [])
        let figures = reading.sample?.figures ?? StoreFigures()
        budgets(figures.budgets)
        work(figures)
        family("gapless_alerts_open", "gauge", "Open alarms by kind, and the dataset or upstream that they are of.")
        for alert in figures.alerts {
            sample([("kind", alert.kind.rawValue), ("severity", alert.severity.rawValue), ("scope", alert.scope)], alert.count)
        }
    }

    private mutating func slots(_ coverage: [StoreSampler.Coverage]) {
        func labels(_ one: StoreSampler.Coverage) -> [(String, String)] { [("dataset", one.dataset), ("channel", one.channel)] }
        family(
            "gapless_coverage_ratio", "gauge",
            "Present slots of those expected within the horizon, by what calls keep apart (CMG: the source); never rounded up.")
        for one in coverage { sample(labels(one), Double(one.tally.completeness.description) ?? 0) }
        family("gapless_expected_slots", "gauge", "Slots that are expected within the horizon.")
        for one in coverage { sample(labels(one), one.tally.expected) }
        family("gapless_present_slots", "gauge", "Of the expected slots those that are held.")
        for one in coverage { sample(labels(one), one.tally.present) }
        family("gapless_gap_slots", "gauge", "Slots within the horizon that are not held, by state; each is counted once.")
        for one in coverage {
            let tally = one.tally
            for (state, count) in [
                ("missing", tally.missing - tally.unfillable - tally.quarantined), ("unfillable", tally.unfillable),
                ("quarantined", tally.quarantined), ("pending", tally.pending), ("absent", tally.absent), ("excluded", tally.excluded),
            ] { sample(labels(one) + [("state", state)], count) }
        }
    }

    private mutating func quality(_ datasets: [StoreSampler.Quality]) {
        family(
            "gapless_quality_below_gate", "gauge",
            "Followed series of which the last records that came scored under the gate, of datasets that have rules for them.")
        for one in datasets { sample([("dataset", one.dataset)], one.belowGate) }
        family("gapless_quality_score_min", "gauge", "The lowest of the followed series' latest scores; absent without one.")
        for one in datasets { if let lowest = one.lowest { sample([("dataset", one.dataset)], lowest) } }
    }

    /// One sample an upstream, however many scopes it counts apart: of the scope that has least left.
    private mutating func budgets(_ budgets: [Store.BudgetState]) {
        func each(_ number: (Store.BudgetState) -> Int) {
            for one in budgets { sample([("upstream", one.upstream)], number(one)) }
        }
        family(
            "gapless_budget_capacity", "gauge",
            "Requests that the upstream lets through in a window, of one scope where it counts them apart.")
        each(\.quota)
        family("gapless_budget_window_seconds", "gauge", "Length of the budget's window.")
        each(\.windowSeconds)
        family("gapless_budget_spent", "gauge", "Requests spent in the window that ends now, of the scope that has spent most.")
        each(\.worst.counted)
        family("gapless_budget_left", "gauge", "Requests that are left of the window, of the scope that has least.")
        each(\.worst.left)
        family("gapless_budget_resting_seconds", "gauge", "What is left of a rest that the upstream asked for; 0 where there is none.")
        for one in budgets { sample([("upstream", one.upstream)], one.worst.restingSeconds) }
        family("gapless_budget_scopes", "gauge", "Scopes of which something is spent in the window, or that rest.")
        each(\.scopes.count)
        tokens(budgets)
    }

    private mutating func tokens(_ budgets: [Store.BudgetState]) {
        func each(_ number: (TokenFacts) -> Double) {
            for one in budgets { if let facts = one.tokens { sample([("upstream", one.upstream)], number(facts)) } }
        }
        family("gapless_tokens_capacity", "gauge", "What the upstream's bucket of tokens holds when it is full.")
        each(\.capacity)
        family("gapless_tokens_left", "gauge", "Tokens in the upstream's bucket; below zero where a request cost more than there was.")
        each(\.balance)
        family("gapless_tokens_reserved", "gauge", "Tokens that requests under way may cost.")
        each(\.reserved)
        family("gapless_tokens_spent_total", "counter", "Tokens that answers said they cost, to all processes.")
        each(\.spent)
    }

    private mutating func work(_ figures: StoreFigures) {
        family("gapless_open_tasks", "gauge", "Tasks that are available, running or parked, by lane.")
        for one in figures.tasks { sample([("dataset", one.dataset), ("lane", one.lane), ("status", one.status)], one.count) }
        family("gapless_oldest_task_seconds", "gauge", "How long the oldest has been so: due and not begun, running, or parked.")
        for one in figures.tasks { sample([("dataset", one.dataset), ("lane", one.lane), ("status", one.status)], one.oldestSeconds) }
        family("gapless_open_ingestions", "gauge", "Ingestions that have not ended, by lane and status.")
        for one in figures.ingestions { sample([("dataset", one.dataset), ("lane", one.lane), ("status", one.status)], one.count) }
    }
}
