// Package api is the HTTP gateway for programs: devices and systems that send events, the live surfaces, and whoever automates.
//
// It turns requests into calls of use cases and their answers into JSON; it decides nothing about cases or events itself. Every resource has
// its own file, whose mount function registers its routes with what they need: a route names the action it performs, and an action that the
// access table does not know cannot be mounted. The description at /openapi.json is generated from the same registrations. Errors are
// problem documents (RFC 9457) whose kind is the fault's kind.
package api
