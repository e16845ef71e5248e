package http

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/url"
	"strings"
)

// The methods.
const (
	MethodGet     = "GET"
	MethodHead    = "HEAD"
	MethodPost    = "POST"
	MethodPut     = "PUT"
	MethodPatch   = "PATCH"
	MethodDelete  = "DELETE"
	MethodConnect = "CONNECT"
	MethodOptions = "OPTIONS"
	MethodTrace   = "TRACE"
)

const defaultMaxMemory = 10 << 20

// NoBody is a body without bytes.
var NoBody = noBody{}

type noBody struct{}

func (noBody) Read([]byte) (int, error)         { return 0, io.EOF }
func (noBody) Close() error                     { return nil }
func (noBody) WriteTo(io.Writer) (int64, error) { return 0, nil }

// Request is a request that came in, or that is to be sent.
type Request struct {
	Method           string
	URL              *url.URL
	Proto            string
	ProtoMajor       int
	ProtoMinor       int
	Header           Header
	Body             io.ReadCloser
	GetBody          func() (io.ReadCloser, error)
	ContentLength    int64
	TransferEncoding []string
	Close            bool
	Host             string
	Form             url.Values
	PostForm         url.Values
	Trailer          Header
	RemoteAddr       string
	RequestURI       string
	Response         *Response
	Pattern          string

	ctx    context.Context
	values map[string]string
}

// NewRequest makes a request to be sent.
func NewRequest(method, target string, body io.Reader) (*Request, error) {
	return NewRequestWithContext(context.Background(), method, target, body)
}

// NewRequestWithContext makes one that ends with a context.
func NewRequestWithContext(ctx context.Context, method, target string, body io.Reader) (*Request, error) {
	if method == "" {
		method = MethodGet
	}
	for i := range len(method) {
		if !isToken(method[i]) {
			return nil, errors.New("net/http: invalid method " + method)
		}
	}
	if ctx == nil {
		return nil, errors.New("net/http: nil Context")
	}
	place, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	request := &Request{
		Method: method, URL: place, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: Header{}, Host: place.Host, ctx: ctx,
	}
	request.setBody(body)
	return request, nil
}

func (r *Request) setBody(body io.Reader) {
	if body == nil {
		return
	}
	closer, ok := body.(io.ReadCloser)
	if !ok {
		closer = io.NopCloser(body)
	}
	r.Body = closer
	var length int
	var again func() io.Reader
	switch known := body.(type) {
	case *bytes.Buffer:
		data := known.Bytes()
		length, again = known.Len(), func() io.Reader { return bytes.NewReader(data) }
	case *bytes.Reader:
		copied := *known
		length, again = known.Len(), func() io.Reader { r := copied; return &r }
	case *strings.Reader:
		copied := *known
		length, again = known.Len(), func() io.Reader { r := copied; return &r }
	default:
		return
	}
	r.ContentLength = int64(length)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(again()), nil }
	if length == 0 {
		r.Body = NoBody
		r.GetBody = func() (io.ReadCloser, error) { return NoBody, nil }
	}
}

// Context gives the request's context.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// WithContext gives the request with another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	if ctx == nil {
		panic("nil context")
	}
	clone := *r
	clone.ctx = ctx
	return &clone
}

// Clone copies a request, but for its body.
func (r *Request) Clone(ctx context.Context) *Request {
	clone := r.WithContext(ctx)
	if r.URL != nil {
		place := *r.URL
		clone.URL = &place
	}
	clone.Header, clone.Trailer = r.Header.Clone(), r.Trailer.Clone()
	clone.Form, clone.PostForm = url.Values(Header(r.Form).Clone()), url.Values(Header(r.PostForm).Clone())
	clone.values = maps.Clone(r.values)
	return clone
}

// PathValue gives the part of the path that a wildcard of the route stands for.
func (r *Request) PathValue(name string) string { return r.values[name] }

// SetPathValue sets it.
func (r *Request) SetPathValue(name, value string) {
	if r.values == nil {
		r.values = map[string]string{}
	}
	r.values[name] = value
}

// ProtoAtLeast says whether the version of HTTP is that one or later.
func (r *Request) ProtoAtLeast(major, minor int) bool {
	return r.ProtoMajor > major || r.ProtoMajor == major && r.ProtoMinor >= minor
}

// UserAgent gives the header User-Agent.
func (r *Request) UserAgent() string { return r.Header.Get("User-Agent") }

// Referer gives the header Referer.
func (r *Request) Referer() string { return r.Header.Get("Referer") }

// Cookies gives all cookies.
func (r *Request) Cookies() []*Cookie { return cookiesOf(r.Header, "") }

// CookiesNamed gives the cookies of a name.
func (r *Request) CookiesNamed(name string) []*Cookie {
	if name == "" {
		return []*Cookie{}
	}
	return cookiesOf(r.Header, name)
}

// Cookie gives the first cookie of a name.
func (r *Request) Cookie(name string) (*Cookie, error) {
	if found := r.CookiesNamed(name); len(found) > 0 {
		return found[0], nil
	}
	return nil, ErrNoCookie
}

// AddCookie adds a cookie to the request.
func (r *Request) AddCookie(cookie *Cookie) {
	text := cookie.Name + "=" + cookieValue(cookie.Value, cookie.Quoted)
	if before := r.Header.Get("Cookie"); before != "" {
		text = before + "; " + text
	}
	r.Header.Set("Cookie", text)
}

// BasicAuth gives the user and password of the header Authorization.
func (r *Request) BasicAuth() (username, password string, ok bool) {
	scheme, coded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// SetBasicAuth sets it.
func (r *Request) SetBasicAuth(username, password string) {
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
}

// ParseForm fills Form with the values of the query, and of a form that was posted, which are in PostForm as well.
func (r *Request) ParseForm() error {
	var err error
	if r.PostForm == nil {
		r.PostForm = url.Values{}
		if r.Method == MethodPost || r.Method == MethodPut || r.Method == MethodPatch {
			r.PostForm, err = r.posted()
		}
	}
	if r.Form == nil {
		r.Form = url.Values{}
		for key, values := range r.PostForm {
			r.Form[key] = append(r.Form[key], values...)
		}
		if r.URL != nil {
			found, wrong := url.ParseQuery(r.URL.RawQuery)
			if err == nil {
				err = wrong
			}
			for key, values := range found {
				r.Form[key] = append(r.Form[key], values...)
			}
		}
	}
	return err
}

func (r *Request) posted() (url.Values, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Body == nil || !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return url.Values{}, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, defaultMaxMemory+1))
	if err != nil {
		return url.Values{}, err
	}
	if len(data) > defaultMaxMemory {
		return url.Values{}, errors.New("http: POST too large")
	}
	return url.ParseQuery(string(data))
}

// FormValue gives the first value of a name, of a posted form before the query.
func (r *Request) FormValue(key string) string {
	r.ParseForm()
	return r.Form.Get(key)
}

// PostFormValue gives the first value of a name in a posted form.
func (r *Request) PostFormValue(key string) string {
	r.ParseForm()
	return r.PostForm.Get(key)
}

// MaxBytesError says that a body is larger than MaxBytesReader lets through.
type MaxBytesError struct {
	Limit int64
}

func (*MaxBytesError) Error() string { return "http: request body too large" }

// MaxBytesReader gives a body that ends with an error after n bytes.
func MaxBytesReader(_ ResponseWriter, body io.ReadCloser, n int64) io.ReadCloser {
	return &bounded{body, max(n, 0), max(n, 0)}
}

type bounded struct {
	io.ReadCloser
	left  int64
	limit int64
}

func (b *bounded) Read(into []byte) (int, error) {
	if int64(len(into))-1 > b.left {
		into = into[:b.left+1]
	}
	count, err := b.ReadCloser.Read(into)
	if int64(count) > b.left {
		count, err = int(b.left), &MaxBytesError{b.limit}
	}
	b.left -= int64(count)
	return count, err
}
