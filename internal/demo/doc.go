// Package demo is a simulated city for people who want to see the program work.
//
// It stands outside: devices speak MQTT and HTTP to the gateways, officers sign in with keys and use the public API, and nothing here imports
// the program's inside. What really happens in the city (the truth) is drawn from a seed of its own; the devices then report it as
// devices do: with noise, near misses, dropouts, repeated messages and wrong clocks. Report compares what the program found with the truth. A
// perfect score would mean that the simulation is too easy.
//
// happen.go says what happens and how often, sensors.go and vehicles.go what is measured and how that goes with the hours of the day, centres.go what systems of
// people tell, across.go and home.go what takes days to see. History tells of those days, and feeds the signs before the city begins to live.
package demo
