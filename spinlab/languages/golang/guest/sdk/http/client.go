package http

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

// Transport sends requests to hosts that the function is granted.
type Transport struct{}

// NewTransport gives one.
func NewTransport() http.RoundTripper { return &Transport{} }

// NewClient gives a client that uses it.
func NewClient() *http.Client { return &http.Client{Transport: &Transport{}} }

// RoundTrip sends a request.
func (*Transport) RoundTrip(request *http.Request) (*http.Response, error) { return Send(request) }

// Get asks with GET.
func Get(url string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return Send(request)
}

// Post sends a body.
func Post(url string, contentType string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return Send(request)
}

// Send sends a request and gives its response, of whatever status. Redirects are not followed.
func Send(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		defer request.Body.Close()
	}
	options, err := optionsOf(request)
	if err != nil {
		return nil, err
	}
	outgoing, err := outgoingOf(request)
	if err != nil {
		return nil, err
	}
	outgoingRequestBody(outgoing, abi.Area())
	body := abi.Uint32(4)
	outgoingHandle(outgoing, 1, options, abi.Area())
	if abi.Byte(0) != 0 {
		defer abi.Done()
		dropOutgoing(body)
		return nil, failed(codeAt(8))
	}
	future := abi.Uint32(8)
	defer dropFuture(future)
	if err := pour(request.Body, body); err != nil {
		return nil, err
	}
	wait(futureSubscribe(future))
	futureGet(future, abi.Area())
	defer abi.Done()
	if abi.Byte(0) == 0 || abi.Byte(8) != 0 {
		return nil, failed(errors.New("no response"))
	}
	if abi.Byte(16) != 0 {
		return nil, failed(codeAt(24))
	}
	return responseOf(request, abi.Uint32(24)), nil
}

func failed(err error) error { return fmt.Errorf("error sending request: %w", err) }

func optionsOf(request *http.Request) (uint32, error) {
	if err := request.Context().Err(); err != nil {
		return 0, err
	}
	options := newOptions()
	if deadline, ok := request.Context().Deadline(); ok {
		left := uint64(max(time.Until(deadline), time.Millisecond))
		optionsSetConnect(options, 1, left)
		optionsSetFirst(options, 1, left)
	}
	return options, nil
}

func outgoingOf(request *http.Request) (uint32, error) {
	header := request.Header.Clone()
	header.Del("Host") // the authority says it
	if request.ContentLength > 0 && header.Get("Content-Length") == "" {
		header.Set("Content-Length", fmt.Sprint(request.ContentLength))
	}
	fields, err := fieldsOf(header)
	if err != nil {
		return 0, err
	}
	outgoing := newOutgoing(fields)
	kind := slices.Index(methods[:], request.Method)
	if request.Method == "" {
		kind = 0
	}
	if kind < 0 {
		kind = len(methods)
	}
	name, length := abi.String(request.Method)
	wrong := outgoingSetMethod(outgoing, uint32(kind), name, length)
	target, length := abi.String(request.URL.RequestURI())
	wrong |= outgoingSetTarget(outgoing, 1, target, length)
	if request.URL.Host != "" { // else it is a path of this very app
		wrong |= setServer(outgoing, request.URL)
	}
	if wrong != 0 {
		dropOutgoingRequest(outgoing)
		return 0, fmt.Errorf("a request for %q can't be sent", request.URL)
	}
	return outgoing, nil
}

func setServer(outgoing uint32, place *url.URL) uint32 {
	scheme := 2
	switch place.Scheme {
	case "http":
		scheme = 0
	case "https":
		scheme = 1
	}
	word, length := abi.String(place.Scheme)
	wrong := outgoingSetScheme(outgoing, 1, uint32(scheme), word, length)
	authority, length := abi.String(place.Host)
	return wrong | outgoingSetAuthority(outgoing, 1, authority, length)
}

// pour sends the body of a request.
func pour(from io.Reader, body uint32) error {
	to, err := newWriter(body)
	if err != nil {
		return err
	}
	if from != nil && from != io.Reader(http.NoBody) {
		if _, err := io.Copy(to, from); err != nil && !errors.Is(err, errClosed) {
			dropOutput(to.stream)
			dropOutgoing(body)
			return err
		}
	}
	return to.finish(nil)
}

func responseOf(request *http.Request, incoming uint32) *http.Response {
	status := int(incomingStatus(incoming))
	header := headerOf(incomingHeaders(incoming))
	consume := func(owner uint32, result unsafe.Pointer) { incomingConsume(owner, result) }
	return &http.Response{
		Status:        fmt.Sprint(status, " ", http.StatusText(status)),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          newReader(incoming, consume, func() { dropIncoming(incoming) }),
		ContentLength: -1,
		Request:       request,
	}
}
