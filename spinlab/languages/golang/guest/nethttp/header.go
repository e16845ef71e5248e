package http

import (
	"maps"
	"slices"
	"strings"
)

// TimeFormat is how times are written in headers.
const TimeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// Header is the fields of a request or response.
type Header map[string][]string

// Add appends a value.
func (h Header) Add(key, value string) {
	key = CanonicalHeaderKey(key)
	h[key] = append(h[key], value)
}

// Set puts a value in place of those that are there.
func (h Header) Set(key, value string) { h[CanonicalHeaderKey(key)] = []string{value} }

// Get gives the first value.
func (h Header) Get(key string) string {
	if values := h.Values(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values gives all values.
func (h Header) Values(key string) []string { return h[CanonicalHeaderKey(key)] }

// Del takes a field out.
func (h Header) Del(key string) { delete(h, CanonicalHeaderKey(key)) }

// Clone copies the fields.
func (h Header) Clone() Header {
	if h == nil {
		return nil
	}
	clone := make(Header, len(h))
	for key, values := range maps.All(h) {
		clone[key] = slices.Clone(values)
	}
	return clone
}

// CanonicalHeaderKey writes the first letter of each word large and the others small.
func CanonicalHeaderKey(key string) string {
	upper := true
	for i := range len(key) {
		c := key[i]
		if !isToken(c) {
			return key
		}
		if upper && 'a' <= c && c <= 'z' || !upper && 'A' <= c && c <= 'Z' {
			return canonical(key)
		}
		upper = c == '-'
	}
	return key
}

func canonical(key string) string {
	upper := true
	letters := []byte(key)
	for i, c := range letters {
		if !isToken(c) {
			return key
		}
		if upper && 'a' <= c && c <= 'z' {
			letters[i] = c - 32
		} else if !upper && 'A' <= c && c <= 'Z' {
			letters[i] = c + 32
		}
		upper = c == '-'
	}
	return string(letters)
}

func isToken(c byte) bool {
	return c >= '0' && c <= '9' || c|32 >= 'a' && c|32 <= 'z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
