package http

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// ResponseWriter is where a handler puts its response.
type ResponseWriter interface {
	Header() Header
	Write([]byte) (int, error)
	WriteHeader(statusCode int)
}

// Flusher is a ResponseWriter that can send what it has.
type Flusher interface {
	Flush()
}

// Handler answers requests.
type Handler interface {
	ServeHTTP(ResponseWriter, *Request)
}

// HandlerFunc is a function that does.
type HandlerFunc func(ResponseWriter, *Request)

// ServeHTTP calls it.
func (f HandlerFunc) ServeHTTP(w ResponseWriter, r *Request) { f(w, r) }

// Error answers with a text and a status.
func Error(w ResponseWriter, text string, code int) {
	header := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Cache-Control"} {
		header.Del(name)
	}
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	fmt.Fprintln(w, text)
}

// NotFound answers with 404.
func NotFound(w ResponseWriter, _ *Request) { Error(w, "404 page not found", StatusNotFound) }

// NotFoundHandler gives a handler that does.
func NotFoundHandler() Handler { return HandlerFunc(NotFound) }

// Redirect answers with another place, which may be relative to the request's path.
func Redirect(w ResponseWriter, r *Request, place string, code int) {
	if parsed, err := url.Parse(place); err == nil && parsed.Scheme == "" && r.URL != nil {
		if !strings.HasPrefix(place, "/") {
			folder, _ := path.Split(r.URL.Path)
			place = folder + place
		}
		target, query, mark := strings.Cut(place, "?")
		slash := strings.HasSuffix(target, "/")
		target = path.Clean(target)
		if slash && !strings.HasSuffix(target, "/") {
			target += "/"
		}
		if place = target; mark {
			place += "?" + query
		}
	}
	header := w.Header()
	_, typed := header["Content-Type"]
	header.Set("Location", place)
	if !typed && (r.Method == MethodGet || r.Method == MethodHead) {
		header.Set("Content-Type", "text/html; charset=utf-8")
	}
	w.WriteHeader(code)
	if !typed && r.Method == MethodGet {
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(place)
		fmt.Fprintf(w, "<a href=\"%s\">%s</a>.\n\n", escaped, StatusText(code))
	}
}

// RedirectHandler gives a handler that does.
func RedirectHandler(place string, code int) Handler {
	return HandlerFunc(func(w ResponseWriter, r *Request) { Redirect(w, r, place, code) })
}

// StripPrefix gives a handler that sees the path without a prefix.
func StripPrefix(prefix string, h Handler) Handler {
	if prefix == "" {
		return h
	}
	return HandlerFunc(func(w ResponseWriter, r *Request) {
		rest := strings.TrimPrefix(r.URL.Path, prefix)
		if len(rest) == len(r.URL.Path) {
			NotFound(w, r)
			return
		}
		inner := r.Clone(r.Context())
		inner.Body = r.Body
		inner.URL.Path, inner.URL.RawPath = rest, strings.TrimPrefix(r.URL.RawPath, prefix)
		h.ServeHTTP(w, inner)
	})
}
