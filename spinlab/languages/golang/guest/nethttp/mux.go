package http

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ServeMux finds the handler of a request by method and path: "GET /items/{id}", "/files/{path...}", "/exact/{$}".
type ServeMux struct {
	routes []route
}

// DefaultServeMux is what Handle and HandleFunc add to.
var DefaultServeMux = NewServeMux()

// NewServeMux gives one without handlers.
func NewServeMux() *ServeMux { return &ServeMux{} }

// Handle adds a handler to DefaultServeMux.
func Handle(pattern string, handler Handler) { DefaultServeMux.Handle(pattern, handler) }

// HandleFunc adds a function to DefaultServeMux.
func HandleFunc(pattern string, handler func(ResponseWriter, *Request)) {
	DefaultServeMux.HandleFunc(pattern, handler)
}

type route struct {
	pattern string
	method  string
	host    string
	parts   []string
	handler Handler
}

// Handle adds a handler. It panics when the pattern can't be, or is there already.
func (m *ServeMux) Handle(pattern string, handler Handler) {
	if handler == nil {
		panic("http: nil handler")
	}
	added := routeOf(pattern)
	added.handler = handler
	for _, known := range m.routes {
		if how := added.compared(&known); how == same || how == crossing {
			panic(fmt.Sprintf("pattern %q conflicts with pattern %q", pattern, known.pattern))
		}
	}
	m.routes = append(m.routes, added)
}

// HandleFunc adds a function.
func (m *ServeMux) HandleFunc(pattern string, handler func(ResponseWriter, *Request)) {
	m.Handle(pattern, HandlerFunc(handler))
}

// Handler gives the handler of a request, and its pattern.
func (m *ServeMux) Handler(r *Request) (Handler, string) {
	found, _, _ := m.find(r)
	if found == nil {
		return NotFoundHandler(), ""
	}
	return found.handler, found.pattern
}

// ServeHTTP lets the handler of the most specific pattern answer.
func (m *ServeMux) ServeHTTP(w ResponseWriter, r *Request) {
	found, values, methods := m.find(r)
	switch {
	case found != nil:
		r.Pattern = found.pattern
		for name, value := range values {
			r.SetPathValue(name, value)
		}
		found.handler.ServeHTTP(w, r)
	case len(methods) > 0:
		w.Header().Set("Allow", strings.Join(methods, ", "))
		Error(w, StatusText(StatusMethodNotAllowed), StatusMethodNotAllowed)
	case m.folder(r):
		place := *r.URL
		place.Path += "/"
		Redirect(w, r, place.String(), StatusTemporaryRedirect)
	default:
		NotFound(w, r)
	}
}

// find gives the best route, what its wildcards stand for, and the methods of routes that fit but for their method.
func (m *ServeMux) find(r *Request) (best *route, values map[string]string, methods []string) {
	host, _, _ := strings.Cut(r.Host, ":")
	for i := range m.routes {
		one := &m.routes[i]
		matched, ok := one.match(r.URL.EscapedPath())
		if !ok || one.host != "" && one.host != host {
			continue
		}
		if one.method != "" && one.method != r.Method && !(one.method == MethodGet && r.Method == MethodHead) {
			methods = append(methods, one.method)
			if one.method == MethodGet {
				methods = append(methods, MethodHead)
			}
			continue
		}
		if best == nil || one.compared(best) == narrower {
			best, values = one, matched
		}
	}
	slices.Sort(methods)
	return best, values, slices.Compact(methods)
}

// folder says whether there is a route for the path with a slash behind it.
func (m *ServeMux) folder(r *Request) bool {
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = r.URL.Path+"/", ""
	found, _, _ := m.find(inner)
	return found != nil && !strings.HasSuffix(r.URL.Path, "/") && len(found.parts) == strings.Count(inner.URL.Path, "/")
}

func routeOf(pattern string) route {
	method, rest, spaced := strings.Cut(pattern, " ")
	if !spaced {
		method, rest = "", pattern
	}
	host, place, found := strings.Cut(strings.TrimLeft(rest, " \t"), "/")
	if !found {
		panic(fmt.Sprintf("http: pattern %q has no /", pattern))
	}
	parts := strings.Split(place, "/")
	if last := len(parts) - 1; parts[last] == "" {
		parts[last] = "{...}"
	}
	for i, part := range parts {
		inside, wild := strings.CutPrefix(part, "{")
		name, closed := strings.CutSuffix(inside, "}")
		if wild && !closed || !wild && strings.ContainsAny(part, "{}") {
			panic(fmt.Sprintf("http: pattern %q: a wildcard is a whole part of the path", pattern))
		}
		if wild && i < len(parts)-1 && (strings.HasSuffix(name, "...") || name == "$") {
			panic(fmt.Sprintf("http: pattern %q: {%s} has to be the last part", pattern, name))
		}
	}
	return route{pattern: pattern, method: method, host: host, parts: parts}
}

// shape is what a part matches: the same for all wildcards of a kind.
func shape(part string) string {
	switch {
	case part == "{$}" || !strings.HasPrefix(part, "{"):
		return part
	case strings.HasSuffix(part, "...}"):
		return "{...}"
	default:
		return "{}"
	}
}

func (r *route) match(escaped string) (map[string]string, bool) {
	values := map[string]string{}
	parts := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, part := range r.parts {
		switch shape(part) {
		case "{...}":
			if i > len(parts)-1 {
				return nil, false
			}
			values[strings.TrimSuffix(strings.TrimPrefix(part, "{"), "...}")] = plain(strings.Join(parts[i:], "/"))
			return values, true
		case "{$}":
			return values, i == len(parts)-1 && parts[i] == ""
		}
		if i >= len(parts) {
			return nil, false
		}
		if shape(part) == "{}" {
			if parts[i] == "" {
				return nil, false
			}
			values[part[1:len(part)-1]] = plain(parts[i])
		} else if part != plain(parts[i]) {
			return nil, false
		}
	}
	return values, len(parts) == len(r.parts)
}

func plain(escaped string) string {
	if text, err := url.PathUnescape(escaped); err == nil {
		return text
	}
	return escaped
}

// relation is what the requests that one pattern matches are to those of another one.
type relation int

const (
	same relation = iota
	narrower
	wider
	crossing
	apart
)

func (r relation) and(other relation) relation {
	switch {
	case r == apart || other == apart:
		return apart
	case r == same:
		return other
	case other == same || r == other:
		return r
	default:
		return crossing
	}
}

// compared with another route: a host goes before none, then method and path decide together.
func (r *route) compared(other *route) relation {
	switch {
	case r.host == other.host:
		return methodsCompared(r.method, other.method).and(pathsCompared(r.parts, other.parts))
	case other.host == "":
		return narrower
	case r.host == "":
		return wider
	default:
		return apart
	}
}

func methodsCompared(one, other string) relation {
	switch {
	case one == other:
		return same
	case other == "" || one == MethodHead && other == MethodGet:
		return narrower
	case one == "" || one == MethodGet && other == MethodHead:
		return wider
	default:
		return apart
	}
}

func pathsCompared(one, other []string) relation {
	found := same
	for i := 0; ; i++ {
		switch {
		case i == len(one) && i == len(other):
			return found
		case i == len(one) || i == len(other):
			return apart
		}
		mine, theirs := shape(one[i]), shape(other[i])
		switch {
		case mine == "{...}" && theirs == "{...}":
			return found
		case theirs == "{...}":
			return found.and(narrower)
		case mine == "{...}":
			return found.and(wider)
		case mine == theirs:
		case theirs == "{}" && mine != "{$}":
			found = found.and(narrower)
		case mine == "{}" && theirs != "{$}":
			found = found.and(wider)
		default:
			return apart
		}
	}
}
