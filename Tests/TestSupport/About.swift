// TestSupport: what tests of several targets share: real servers that live as long as the test process, and
// random numbers that can be had again. It must never hold an expectation of its own, nor stand in for a component that the service has.
