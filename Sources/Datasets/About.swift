// Datasets: what Gapless keeps complete, one folder each, and nothing else.
//
// In charge of six facts per dataset, given as a `Series.Dataset` value: which slots exist and when each is due, what a call can
// cover and cost, how a call goes (a machine of values), what a row looks like and how it is shown, and which series are followed.
// What an upstream really does (its paging, its gaps, its odd days) is written down here, next to the code that lives with it.
//
// Must never open a socket, touch a table, read a clock or draw a random number, nor know of tasks, budgets or routes: the engine
// does all that for every dataset alike. A new dataset is a new folder and one line in `Catalog`
// (docs/adding-a-dataset.md).
