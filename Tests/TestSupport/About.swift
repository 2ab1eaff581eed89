// TestSupport: what tests of several targets share: real servers that live as long as the test process. It must never
// hold an expectation of its own, nor stand in for a component that the service has.
