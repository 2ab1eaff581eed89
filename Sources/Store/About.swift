// Store: all SQL of the engine. Migrations, series and their coverage, plans, ingestions and tasks, rows by a dataset's
// schema, receipts, budgets, versions. One file for each table or pair of tables; each statement is a function named for
// what it does. Time that decides what is due or spent comes in as a parameter; leases use the database's own clock, so
// that processes with different clocks agree. It must never know a dataset by name, nor what a call is made of.
