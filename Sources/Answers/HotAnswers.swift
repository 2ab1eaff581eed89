/// The answers that this loop gave of late, bounded in bytes, so that a cached answer needs no wait at all.
///
/// Second chance: a hand goes round; who was asked for since it last came by stays, who was not goes.
struct HotAnswers {
    private struct Place {
        var question: Question
        var answer: StoredAnswer
        var wasAsked = false

        /// The body, and about what the rest takes.
        var cost: Int { answer.body.count + 1024 }
    }

    let bytesMax: Int
    private(set) var bytes = 0
    private var places: [Place] = []
    private var indices: [Question: Int] = [:]
    private var hand = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var count: Int { places.count }

    /// Validity is the caller's to judge: what holds no longer stays, for when the store is away.
    mutating func answer(to question: Question) -> StoredAnswer? {
        guard let index = indices[question] else { return nil }
        places[index].wasAsked = true
        return places[index].answer
    }

    mutating func put(_ answer: StoredAnswer, for question: Question) {
        remove(question)
        let place = Place(question: question, answer: answer)
        // One answer must not push out all others.
        if place.cost > bytesMax / 4 { return }
        while bytes + place.cost > bytesMax { evict() }
        indices[question] = places.count
        places.append(place)
        bytes += place.cost
    }

    mutating func remove(_ question: Question) {
        if let index = indices[question] { remove(at: index) }
    }

    private mutating func evict() {
        while true {
            if hand >= places.count { hand = 0 }
            if !places[hand].wasAsked { return remove(at: hand) }
            places[hand].wasAsked = false
            hand += 1
        }
    }

    private mutating func remove(at index: Int) {
        bytes -= places[index].cost
        indices[places[index].question] = nil
        let last = places.removeLast()
        if index < places.count {
            places[index] = last
            indices[last.question] = index
        }
    }
}
