// Package http answers requests of the HTTP trigger, and asks other servers.
//
// It has the names of the package in Spin's own SDK for Go, so that a source that is written with it is built by both.
// This one is for WASI 0.2.
package http

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

const (
	// HeaderBasePath is the base path of the application.
	HeaderBasePath = "spin-base-path"
	// HeaderComponentRoot is the route that was matched, without its wildcard.
	HeaderComponentRoot = "spin-component-route"
	// HeaderFullUrl is the whole URL of the request.
	HeaderFullUrl = "spin-full-url"
	// HeaderMatchedRoute is the route that was matched.
	HeaderMatchedRoute = "spin-matched-route"
	// HeaderPathInfo is the path below the route.
	HeaderPathInfo = "spin-path-info"
	// HeaderRawComponentRoot is the route as it is written in the manifest.
	HeaderRawComponentRoot = "spin-raw-component-route"
	// HeaderClientAddr is the client's address.
	HeaderClientAddr = "spin-client-addr"
)

var handler = func(http.ResponseWriter, *http.Request) {
	fmt.Fprintln(os.Stderr, "http handler undefined")
}

// Handle says what answers requests. It has to be called by an init function.
func Handle(fn func(http.ResponseWriter, *http.Request)) { handler = fn }

//go:wasmexport wasi:http/incoming-handler@0.2.0#handle
func serve(incoming uint32, out uint32) {
	answer := &response{out: out, header: http.Header{}, status: http.StatusOK}
	request, err := requestOf(incoming)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
	} else {
		handler(answer, request)
		request.Body.Close()
	}
	if err := answer.end(); err != nil {
		fmt.Fprintln(os.Stderr, "the response can't be sent:", err)
	}
}

var methods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

func requestOf(incoming uint32) (*http.Request, error) {
	requestMethod(incoming, abi.Area())
	method := ""
	if number := int(abi.Byte(0)); number < len(methods) {
		method = methods[number]
	} else {
		method = abi.Text(4)
	}
	abi.Done()
	requestTarget(incoming, abi.Area())
	target := optional()
	requestAuthority(incoming, abi.Area())
	host := optional()
	header := headerOf(requestHeaders(incoming))
	body := newReader(incoming, requestConsume, func() { dropRequest(incoming) })
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		body.Close()
		return nil, err
	}
	request.Header = header
	request.Host = host
	request.RemoteAddr = header.Get(HeaderClientAddr)
	request.RequestURI = target
	request.ContentLength = -1
	if length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
		request.ContentLength = length
	}
	return request, nil
}

func optional() string {
	defer abi.Done()
	if abi.Byte(0) == 0 {
		return ""
	}
	return abi.Text(4)
}

// response is the http.ResponseWriter of a request.
type response struct {
	out    uint32
	header http.Header
	status int
	begun  bool
	failed error
	body   *writer
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if !r.begun && status >= 200 {
		r.status = status
	}
}

func (r *response) Write(data []byte) (int, error) {
	if err := r.begin(); err != nil {
		return 0, err
	}
	return r.body.Write(data)
}

// Flush sends what has been written.
func (r *response) Flush() {
	if r.begin() == nil {
		r.body.flush()
	}
}

// begin hands over status and header.
func (r *response) begin() error {
	if r.begun {
		return r.failed
	}
	r.begun = true
	r.failed = r.start()
	return r.failed
}

func (r *response) start() error {
	fields, err := fieldsOf(r.header)
	if err != nil {
		return err
	}
	outgoing := newResponse(fields)
	if r.status > 999 || responseSetStatus(outgoing, uint32(r.status)) != 0 {
		dropResponse(outgoing)
		return fmt.Errorf("the status %d can't be sent", r.status)
	}
	responseBody(outgoing, abi.Area())
	body := abi.Uint32(4)
	outparamSet(r.out, 0, outgoing, 0, 0, 0, 0, 0, 0)
	r.body, err = newWriter(body)
	return err
}

func (r *response) end() error {
	if err := r.begin(); err != nil {
		return err
	}
	declared := r.header.Values("Trailer")
	trailers := http.Header{}
	for name, values := range r.header {
		if slices.Contains(declared, name) {
			trailers[name] = values
		}
	}
	return r.body.finish(trailers)
}
