// Answers: the reading half. It turns questions about a dataset (its rows, its completeness, its gaps, its series) into the bytes of an
// answer, and keeps those bytes: first in this process, then in Redis, each under the version of the dataset that they were made of, so
// that nothing has to be deleted when the dataset changes. Redis may be away, slow or lying: every answer is right all the same, only
// dearer. It must never write to the store, never call an upstream, and knows neither HTTP nor any dataset by name.
