package import Bytes
package import Ingest
internal import Answers
internal import Series

extension JSONWriter {
    /// What would be, or null where nobody asked.
    package mutating func member(_ name: String, _ answer: WhatIfAnswer?, _ zone: Zone) {
        key(name)
        guard let answer else { return null() }
        beginObject()
        member("unit", answer.unit)
        member("budget", answer.budget.description)
        member("products", answer.products)
        member("products_kept", answer.productsKept)
        for (name, figure) in [
            ("needed_per_day", answer.sustainability.requestsPerDay), ("capacity_per_day", answer.sustainability.capacityPerDay),
        ] {
            key(name)
            double(figure)
        }
        key("sustainable")
        bool(answer.sustainability.isSustainable)
        member("would_need", answer.sustainability.wouldNeed)
        for (name, instant) in [("complete_at", answer.completeAt), ("complete_at_p90", answer.completeAtP90)] {
            member(name, instant: instant, offset: instant.map { zone.offset(at: $0) } ?? 0)
        }
        endObject()
    }
}
