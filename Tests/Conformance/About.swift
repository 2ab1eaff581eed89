// Conformance: what every dataset has to hold, whatever it is about: the contracts of `Series.Dataset`, checked on a specimen of it.
//
// In charge of the checks, and of the ways in which answers are spoilt. It says what does not hold and where; a test expects that nothing
// is said. It must know no dataset by name: what it has to be told of one is in its `Specimen`.
