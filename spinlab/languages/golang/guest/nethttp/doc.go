// Package http stands in for Go's own net/http in a component: what a handler and a client need of it, without sockets,
// TLS and a server, which a component can't use and which would make it four times as large. A source that uses more of
// the package is built with Go's own.
package http
