package http

import (
	"errors"
	"io"
	"net/url"
)

// Response is what another server answered.
type Response struct {
	Status           string
	StatusCode       int
	Proto            string
	ProtoMajor       int
	ProtoMinor       int
	Header           Header
	Body             io.ReadCloser
	ContentLength    int64
	TransferEncoding []string
	Close            bool
	Uncompressed     bool
	Trailer          Header
	Request          *Request
}

// ErrNoLocation says that a response has no header Location.
var ErrNoLocation = errors.New("http: no Location header in response")

// Location gives the URL of the header Location.
func (r *Response) Location() (*url.URL, error) {
	place := r.Header.Get("Location")
	if place == "" {
		return nil, ErrNoLocation
	}
	if r.Request != nil && r.Request.URL != nil {
		return r.Request.URL.Parse(place)
	}
	return url.Parse(place)
}
