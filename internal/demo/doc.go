// Package demo is a simulated city for people who want to see the program work.
//
// It stands outside: devices speak MQTT and HTTP to the gateways, officers sign in with keys and use the public API, and nothing here imports
// the program's inside. What really happens in the city (the truth) is drawn from a seed of its own; the devices then report it as
// devices do: with noise, near misses, dropouts, repeated messages and wrong clocks. Report compares what the program found with the truth. A
// perfect score would mean that the simulation is too easy.
package demo
