package http

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
)

// RoundTripper sends one request.
type RoundTripper interface {
	RoundTrip(*Request) (*Response, error)
}

// DefaultTransport is what clients without one of their own use; the SDK has one.
var DefaultTransport RoundTripper

// ErrUseLastResponse is what CheckRedirect gives to get the redirect itself.
var ErrUseLastResponse = errors.New("net/http: use last response")

// Client follows redirects.
type Client struct {
	Transport     RoundTripper
	CheckRedirect func(req *Request, via []*Request) error
	Timeout       time.Duration
}

// DefaultClient is what Get, Head, Post and PostForm use.
var DefaultClient = &Client{}

// Get asks with GET.
func Get(url string) (*Response, error) { return DefaultClient.Get(url) }

// Head asks with HEAD.
func Head(url string) (*Response, error) { return DefaultClient.Head(url) }

// Post sends a body.
func Post(url, contentType string, body io.Reader) (*Response, error) {
	return DefaultClient.Post(url, contentType, body)
}

// PostForm sends a form.
func PostForm(url string, data url.Values) (*Response, error) {
	return DefaultClient.PostForm(url, data)
}

// Get asks with GET.
func (c *Client) Get(url string) (*Response, error) { return c.send(MethodGet, url, "", nil) }

// Head asks with HEAD.
func (c *Client) Head(url string) (*Response, error) { return c.send(MethodHead, url, "", nil) }

// Post sends a body.
func (c *Client) Post(url, contentType string, body io.Reader) (*Response, error) {
	return c.send(MethodPost, url, contentType, body)
}

// PostForm sends a form.
func (c *Client) PostForm(url string, data url.Values) (*Response, error) {
	return c.Post(url, "application/x-www-form-urlencoded", strings.NewReader(data.Encode()))
}

// CloseIdleConnections does nothing: connections are the host's.
func (c *Client) CloseIdleConnections() {}

func (c *Client) send(method, place, contentType string, body io.Reader) (*Response, error) {
	request, err := NewRequest(method, place, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return c.Do(request)
}

// Do sends a request, and follows up to ten redirects.
func (c *Client) Do(request *Request) (*Response, error) {
	if c.Timeout > 0 {
		ctx, cancel := context.WithTimeout(request.Context(), c.Timeout)
		defer cancel()
		request = request.WithContext(ctx)
	}
	via := []*Request{}
	for {
		response, err := c.once(request)
		if err != nil {
			return nil, &url.Error{Op: operation(request.Method), URL: request.URL.Redacted(), Err: err}
		}
		next, err := redirected(request, response)
		if next == nil || err != nil {
			return response, err
		}
		via = append(via, request)
		if err := c.mayFollow(next, via); err != nil {
			if errors.Is(err, ErrUseLastResponse) {
				return response, nil
			}
			response.Body.Close()
			return response, &url.Error{Op: operation(request.Method), URL: next.URL.Redacted(), Err: err}
		}
		response.Body.Close()
		request = next
	}
}

func (c *Client) once(request *Request) (*Response, error) {
	transport := c.Transport
	if transport == nil {
		transport = DefaultTransport
	}
	if transport == nil {
		return nil, errors.New("there is no transport: use the client of github.com/spinframework/spin-go-sdk/v3/http")
	}
	if request.URL == nil || request.URL.Host == "" {
		return nil, errors.New("http: no Host in request URL")
	}
	return transport.RoundTrip(request)
}

func (c *Client) mayFollow(next *Request, via []*Request) error {
	if c.CheckRedirect != nil {
		return c.CheckRedirect(next, via)
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}

// redirected gives the request that a response leads to, or nothing.
func redirected(request *Request, response *Response) (*Request, error) {
	method, body := request.Method, false
	switch response.StatusCode {
	case StatusMovedPermanently, StatusFound, StatusSeeOther:
		if method != MethodGet && method != MethodHead {
			method = MethodGet
		}
	case StatusTemporaryRedirect, StatusPermanentRedirect:
		body = true
	default:
		return nil, nil
	}
	place, err := response.Location()
	if err != nil {
		return nil, nil
	}
	next := request.Clone(request.Context())
	next.Method, next.URL, next.Host, next.Response = method, place, place.Host, response
	next.Body, next.ContentLength = nil, 0
	if body && request.Body != nil && request.Body != io.ReadCloser(NoBody) {
		if request.GetBody == nil {
			return nil, nil
		}
		if next.Body, err = request.GetBody(); err != nil {
			return nil, err
		}
		next.ContentLength = request.ContentLength
	}
	if place.Host != request.URL.Host {
		for _, secret := range []string{"Authorization", "Cookie", "Www-Authenticate"} {
			next.Header.Del(secret)
		}
	}
	return next, nil
}

func operation(method string) string {
	if method == "" {
		return "Get"
	}
	return method[:1] + strings.ToLower(method[1:])
}
