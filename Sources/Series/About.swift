// Series: the heart. What a series should hold, what it holds, what is missing, and the cheapest calls that fill it.
//
// Pure values and functions. Time comes in as a parameter, instants are seconds since 1970, coverage is kept as ranges so that work
// grows with the number of holes and not with the number of slots. A newcomer reads `SlotSet`, `Ruler`, `Calendar`, `Ledger`,
// `CallShape` and `Planner`, in this order: expected slots - covered slots = gaps; gaps + call shapes = plan.
//
// It must never read a clock, open a file or a socket, know SQL or HTTP, or import anything of ours but `Bytes`.
