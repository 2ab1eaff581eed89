/// Why an upstream has nothing for a slot, once it has said so: one word, for programs.
package enum AbsenceWords: Sendable {
    /// The same for all: millions of slots cost what one costs.
    case always(String)
    /// By the series and the slot's start.
    case bySlot(@Sendable (SeriesKey, _ start: Int64) -> String)
}

extension Dataset {
    /// Why the upstream has nothing for a slot, once it has said so: one word, `no_record`.
    package func absenceReason(of slot: Int, _ key: SeriesKey) -> String {
        switch absenceWords {
        case .always(let word): word
        case .bySlot(let word): word(key, calendar(of: key).ruler.start(of: slot))
        }
    }

    /// The same of many slots: those that each word is the reason of.
    package func absenceReasons(of slots: SlotSet, _ key: SeriesKey) -> [String: SlotSet] {
        switch absenceWords {
        case .always(let word): return slots.isEmpty ? [:] : [word: slots]
        case .bySlot(let word):
            let ruler = calendar(of: key).ruler
            var result: [String: SlotSet] = [:]
            for range in slots.ranges {
                for slot in range { result[word(key, ruler.start(of: slot)), default: SlotSet()].insert(slot..<slot + 1) }
            }
            return result
        }
    }
}
