package bus_test

// helperMain turns the test binary into a helper process of the slow tests.
func helperMain() bool { return false }
