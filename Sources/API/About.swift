// API: the HTTP face of the service, one `Service` a serving loop. It is in charge of what a request may say (parameters,
// bodies, hosts, origins), of how plans, ingestions and datasets are written down, and of turning every failure into one
// problem of the catalogue. Rows and reports come from `Reader`, plans and ingestions from `Planning`; it must never compute
// coverage, speak SQL or to the cache, know a dataset by name, or tell a client anything of the inside.
